"""What Odoo says people owe, and an Odoo that misbehaves."""

from __future__ import annotations

import xmlrpc.client as marshalling
from datetime import UTC, date, datetime

import httpx
import pytest

from integrations.billing import xml_rpc
from integrations.billing.odoo import Debt, Denied, Invoice, Odoo
from integrations.billing.xml_rpc import Fault, Unanswered
from tests.integrations.billing.odoo_server import DATABASE, KEY, USER, OdooServer, a_partner, an_invoice

BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<methodResponse><params><param><value><string>&b;</string></value></param></params></methodResponse>"""


@pytest.fixture
def server() -> OdooServer:
    server = OdooServer()
    maria = a_partner(45, "María Ccori", vat="44552716", phone="944 218 305", mobile="+51 944 218 306")
    pedro = a_partner(46, "Pedro Ñahui")
    server.records["res.partner"] = [maria, pedro]
    server.records["account.move"] = [
        an_invoice(1, maria, 412.5),
        an_invoice(2, maria, 0.0),
        an_invoice(3, maria, 100.1, currency_id=[2, "USD"], invoice_date_due=False),
        an_invoice(4, pedro, 12.0, state="draft"),
        an_invoice(5, pedro, 7.0, move_type="out_refund"),
    ]
    return server


async def ask(server: OdooServer, since: datetime | None = None, *, key: str = KEY) -> list[Debt]:
    async with server.client() as http:
        odoo = Odoo(http, "https://erp.example/", database=DATABASE, user=USER, key=key)
        return [debt async for page in odoo.debts(since) for debt in page]


async def test_open_invoices_of_a_currency_are_one_debt(server: OdooServer) -> None:
    debts = await ask(server)

    assert sorted(debts, key=lambda debt: debt.currency) == [
        Debt(45, "María Ccori", "44552716", ("944 218 305", "+51 944 218 306"), "PEN",
             (Invoice("INV/2026/00001", date(2026, 10, 5), 412.5, 412.5),)),
        Debt(45, "María Ccori", "44552716", ("944 218 305", "+51 944 218 306"), "USD",
             (Invoice("INV/2026/00003", date(2026, 9, 5), 412.5, 100.1),)),
    ]  # fmt: skip
    assert debts[0].external_id.startswith("odoo:45:")


async def test_only_what_changed_is_asked_for_and_what_was_paid_is_said(server: OdooServer) -> None:
    server.records["account.move"][0] |= {"amount_residual": 0.0, "write_date": "2026-11-20 09:00:00"}
    server.records["res.partner"][1] |= {"phone": "999", "write_date": "2026-11-20 09:00:00"}

    debts = await ask(server, datetime(2026, 11, 20, 9, 5, tzinfo=UTC))

    assert {(debt.external_id, len(debt.invoices)) for debt in debts} == {("odoo:45:PEN", 0), ("odoo:45:USD", 1)}
    assert await ask(server, datetime(2026, 11, 21, tzinfo=UTC)) == []


async def test_thousands_come_page_by_page(server: OdooServer) -> None:
    people = [a_partner(number, f"Persona {number}") for number in range(100, 750)]
    server.records["res.partner"] += people
    server.records["account.move"] += [an_invoice(1000 + n, person, 5.0) for n, person in enumerate(people)]

    debts = await ask(server)

    assert len(debts) == len({debt.external_id for debt in debts}) == 652
    assert len(server.asked) < 25


async def test_an_odoo_without_mobiles_is_asked_for_what_it_has(server: OdooServer) -> None:
    server.fields["res.partner"].remove("mobile")

    assert {debt.phones for debt in await ask(server)} == {("944 218 305",)}


async def test_a_wrong_key_is_told_apart_from_an_odoo_that_is_away(server: OdooServer) -> None:
    with pytest.raises(Denied):
        await ask(server, key="otra")
    for fault in (httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(502, text="<html>")):
        server.faults = [fault]
        with pytest.raises(Unanswered):
            await ask(server)


@pytest.mark.parametrize(
    "answer",
    [
        BOMB,
        BOMB.decode().replace("?>", " encoding='utf-16'?>", 1).encode("utf-16"),
        b"<?xml version='1.0' encoding='utf-7'?><methodResponse/>",
        b"",
        b"<html>Odoo is starting</html>",
        b"<methodResponse><params><param><value><int>9",
        b"<methodResponse>" + b"<params>" * 50_000,
        b"<methodResponse><params><param><value><dateTime.iso8601>x</dateTime.iso8601></value></param></params></methodResponse>",
    ],
)
async def test_what_is_no_answer_is_none(server: OdooServer, answer: bytes) -> None:
    server.faults = [httpx.Response(200, content=answer)]

    with pytest.raises(Unanswered):
        await ask(server)


async def test_an_answer_without_end_is_cut_off(server: OdooServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_rpc, "LARGEST_ANSWER", 1_000_000)
    server.faults = [httpx.Response(200, content=b"x" * 1_100_000)]

    with pytest.raises(Unanswered, match="too large"):
        await ask(server)


async def test_a_fault_of_odoo_keeps_its_number(server: OdooServer) -> None:
    fault = marshalling.dumps(marshalling.Fault(1, "ValueError: boom"))
    server.faults = [httpx.Response(200, content=fault.encode())]

    with pytest.raises(Fault) as told:
        await ask(server)

    assert (told.value.code, str(told.value)) == (1, "fault 1")
