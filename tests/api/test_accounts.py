"""Accounts, as a billing system states them and follows what becomes of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from console import clock
from tests.api.house import House, Program, frames
from tests.inbox import meta

BODY: dict[str, Any] = {
    "holder": {
        "name": "María Fernanda Ccori",
        "document": {"type": "DNI", "number": "44552716"},
        "phones": ["+51944218305"],
    },
    "currency": "PEN",
    "invoices": [
        {"number": "F-1", "due_date": "2026-10-05", "amount": "412.50", "balance": "412.50"},
        {"number": "F-2", "due_date": "2099-12-05", "amount": "50.00", "balance": "20.10"},
    ],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The body with something else at `invoices.1.amount`."""
    body = copy.deepcopy(BODY)
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = body
    for key in way:
        place = place[key]
    place[last] = value
    return body


async def test_an_account_is_created_once_and_then_brought_up_to_date(house: House, program: Program) -> None:
    first = await program.http.put("/accounts/PR-00412", json=BODY)
    events = await program.walk("/audit")
    again = await program.http.put("/accounts/PR-00412", json=BODY)
    silent = await program.walk("/audit")
    less = await program.http.put("/accounts/PR-00412", json=changed("invoices.0.balance", "12.50"))

    assert [answer.status_code for answer in (first, again, less)] == [201, 200, 200]
    assert first.json() == again.json() == {**first.json(), "external_id": "PR-00412", "status": "open"}
    assert first.json()["balance"] == {"amount": "432.60", "currency": "PEN"}
    masked = {"type": "DNI", "number": "•••• 2716"}
    assert first.json()["holder"] == {**BODY["holder"], "document": masked, "contacts": []}
    assert [each["number"] for each in first.json()["invoices"]] == ["F-1", "F-2"]
    assert events == silent, "the same again is no news"
    assert less.json()["overdue"] == {"amount": "12.50", "currency": "PEN"}
    assert await program.get("/accounts/PR-00412") == less.json()
    assert (await program.http.get("/accounts/PR-00413")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("FACT%2F2026%2F114", "FACT/2026/114"),
        ("FACT/2026/114", "FACT/2026/114"),
        ("%C3%91and%C3%BA%20%231%3F", "Ñandú #1?"),
        ("A+1%2B", "A+1+"),
        ("A-1/", "A-1"),
    ],
)
async def test_an_account_has_the_name_that_its_creditor_gave_it(program: Program, asked: str, name: str) -> None:
    """Billing systems put slashes, blanks and accents into what they number."""
    stated = await program.http.put(f"/accounts/{asked}", json=BODY)

    assert (stated.status_code, stated.json()["external_id"]) == (201, name)
    assert await program.get(f"/accounts/{asked}") == stated.json()
    amount = {"amount": "1.00", "currency": "PEN"}
    paid = {"external_id": "P-1", "account": name, "amount": amount, "paid_at": "2026-11-20T15:00:00Z", "method": "x"}
    assert (await program.http.post("/payments", json=paid)).status_code == 201


@pytest.mark.parametrize("asked", ["%00", "A%00", "%20", "%0A", "%ff%00"])
async def test_a_name_that_no_account_can_have_is_not_found(program: Program, asked: str) -> None:
    assert (await program.http.get(f"/accounts/{asked}")).status_code == 404
    assert (await program.http.put(f"/accounts/{asked}", json=BODY)).status_code == 422


async def test_whoever_writes_from_a_number_named_is_the_holder(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    contact = (await program.conversation())["contact"]["id"]

    shown = (await program.http.put("/accounts/PR-1", json=changed("holder.phones", [f"+{meta.MARIA}"]))).json()

    assert shown["holder"]["contacts"] == [contact]


BAD = [
    ("holder.name", "", "holder.name", 422),
    ("holder.name", 7, "holder.name", 400),
    ("holder.surname", "Ccori", "holder.surname", 422),
    ("holder.phones", ["+51944218305", "12"], "holder.phones[1]", 422),
    ("holder.phones", ["+51944218305", 12], "holder.phones[1]", 400),
    ("holder.document", {"type": "DNI", "number": "445"}, "holder.document", 422),
    ("holder.document", {"type": "RUC", "number": "20512333798"}, "holder.document", 422),
    ("holder.document", {"type": "SOCIO", "number": "1"}, "holder.document", 422),
    ("holder.document", {"type": "DNI", "number": "•••• 2716"}, "holder.document", 422),
    ("currency", "SOLES", "currency", 422),
    ("currency", "XQZ", "currency", 422),
    ("invoices.1.due_date", "2026-02-30", "invoices[1].due_date", 422),
    ("invoices.1.due_date", "05/11/2026", "invoices[1].due_date", 422),
    ("invoices.1.due_date", "20261105", "invoices[1].due_date", 422),
    ("invoices.1.due_date", "0001-01-01", "invoices[1].due_date", 422),
    ("invoices.1.amount", "412,50", "invoices[1].amount", 422),
    ("invoices.1.amount", "412.505", "invoices[1].amount", 422),
    ("invoices.1.amount", "1e3", "invoices[1].amount", 422),
    ("invoices.1.amount", "-1.00", "invoices[1].amount", 422),
    ("invoices.1.amount", 412.5, "invoices[1].amount", 400),
    ("invoices.1.amount", None, "invoices[1].amount", 400),
    ("invoices.1.balance", "-0.01", "invoices[1].balance", 422),
    ("invoices.1.balance", "50.01", "invoices[1].balance", 422),
    ("invoices.1.number", "F-1", "invoices[1].number", 422),
    ("invoices.1.number", "", "invoices[1].number", 422),
    ("invoices.1.discount", "1", "invoices[1].discount", 422),
    ("invoices.0", "F-1", "invoices[0]", 400),
    ("invoices", None, "invoices", 400),
    ("notes", "x", "notes", 422),
]


async def test_what_is_wrong_is_named_and_nothing_is_kept(house: House, program: Program) -> None:
    for path, value, field, status in BAD:
        answer = await program.http.put("/accounts/PR-1", json=changed(path, value))
        assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    assert (await program.http.get("/accounts/PR-1")).status_code == 404
    assert not (await program.get("/audit", action="account.created"))["items"]


async def test_a_missing_field_is_named(house: House, program: Program) -> None:
    body = copy.deepcopy(BODY)
    del body["invoices"][1]["balance"]

    answer = await program.http.put("/accounts/PR-1", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "missing_field")
    assert answer.json()["field"] == "invoices[1].balance"


async def test_an_account_does_not_change_its_currency(house: House, program: Program) -> None:
    await program.http.put("/accounts/PR-1", json=BODY)

    answer = await program.http.put("/accounts/PR-1", json=changed("currency", "USD"))

    assert (answer.status_code, answer.json()["code"]) == (409, "currency_conflict")


async def test_the_stream_tells_of_accounts_to_whom_may_see_them(house: House) -> None:
    async with (
        house.program() as billing,
        house.program("stream:read", "accounts:read") as follower,
        house.program("stream:read", "contacts:read") as stranger,
        follower.socket() as socket,
    ):
        await billing.http.put("/accounts/PR-1", json=BODY)
        created, updated = await frames(socket, 2)
        async with stranger.socket(cursor="0") as other:
            await house.writes(meta.MARIA)
            (heard, *_rest) = await frames(other, 1)

    assert [each["type"] for each in (created, updated)] == ["account.updated"] * 2
    assert [each["action"] for each in (created, updated)] == ["account.created", "account.updated"]
    assert updated["data"]["external_id"] == "PR-1"
    assert updated["data"]["tag"].startswith("Vencido")
    assert heard["type"] == "contact.updated"


async def test_a_token_without_the_scope_neither_states_nor_sees(house: House) -> None:
    async with house.program("accounts:read") as reader, house.program("accounts:write") as writer:
        assert (await reader.http.put("/accounts/PR-1", json=BODY)).status_code == 403
        assert (await writer.http.put("/accounts/PR-1", json=BODY)).status_code == 201
        assert (await writer.http.get("/accounts/PR-1")).status_code == 403
        assert (await reader.get("/accounts/PR-1"))["created_at"] <= clock.now().isoformat()
