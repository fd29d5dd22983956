"""Payments to look at: seen by whoever may, resolved with a reason, and never twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console import clock
from console.agents import Team
from console.audit import SYSTEM
from console.db import Database
from console.portfolio import payments, reversals
from console.portfolio.ledger import Payment, PaymentNotice
from console.portfolio.models import Invoice
from console.portfolio.payments import Report
from tests.front import Front, Person, a_console, settings_for
from tests.inbox.people import actions
from tests.portfolio.debts import Debt, a_debtor, an_invoice
from tests.portfolio.paying import LATE

PAGE = "/portfolio/payments"
PAID_AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


class Office:
    """Sara supervises Cobranza, Tito another team; María owes S/ 412.50 to Cobranza's."""

    def __init__(self, front: Front, sara: Person, tito: Person, ana: Person, debt: Debt) -> None:
        self.front, self.sara, self.tito, self.ana, self.debt = front, sara, tito, ana, debt
        self.db: Database = front.console.db

    async def pays(self, minor: int = 41250, external_id: str = "P-1", **changed: Any) -> Payment:
        told: dict[str, Any] = {"account": self.debt.external_id, "currency": "PEN", "paid_at": PAID_AT, **changed}
        report = Report(source="api", external_id=external_id, amount_minor=minor, **told)
        async with self.db.transaction() as tx:
            return (await payments.book(tx, report, by=SYSTEM, moment=clock.now())).payment

    async def now(self, payment: Payment) -> Payment:
        async with self.db.reading() as tx:
            return await tx.get_one(Payment, payment.id)

    async def resolves(self, payment: Payment, deed: str, who: Person | None = None, **form: str) -> httpx.Response:
        form = {"deed": deed, "note": "confirmado con el banco", **form}
        return await (who or self.sara).do(f"{PAGE}/{payment.id}/resolution", **form)

    async def balances(self) -> list[int]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(Invoice.balance_minor).order_by(Invoice.id)))


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        sara = await front.agent("Sara", role="supervisor")
        tito = await front.agent("Tito", role="supervisor", team="Otra")
        ana = await front.agent("Ana")
        async with front.console.db.reading() as tx:
            team_id = (await tx.scalars(select(Team.id).where(Team.name == "Cobranza"))).one()
        debt = await a_debtor(front.console.db, team_id, invoices=[("F-1", LATE, 41250)], phone=None)
        yield Office(front, sara, tito, ana, debt)


async def test_what_waits_is_shown_with_why(office: Office) -> None:
    await office.pays(account="PR-nobody")
    await office.pays(50000, "P-2")
    page = await office.sara.see(PAGE)

    assert "No hay una cuenta con ese número" in page
    assert "PR-nobody" in page
    assert re.search(r"Sobra de un pago de S/\s500\.00", page)


async def test_nothing_waits(office: Office) -> None:
    await office.pays()

    assert "Nada por revisar" in await office.sara.see(PAGE)


async def test_who_may_not_is_told_so(office: Office) -> None:
    payment = await office.pays(account="PR-nobody")

    assert (await office.ana.http.get(PAGE)).status_code == 403
    assert (await office.resolves(payment, "dismiss", office.ana)).status_code == 403
    assert (await office.now(payment)).needs_look


async def test_the_money_of_another_team_is_out_of_sight_and_reach(office: Office) -> None:
    payment = await office.pays(50000)

    assert "Sobra" not in await office.tito.see(PAGE)
    assert (await office.resolves(payment, "return", office.tito)).status_code == 404
    foreign = await office.pays(currency="USD", external_id="P-3")
    assert office.debt.external_id in await office.sara.see(PAGE)
    assert office.debt.external_id not in await office.tito.see(PAGE), "it says whose debt it is about"
    assert (await office.resolves(foreign, "dismiss", office.tito)).status_code == 404
    parked = await office.pays(account="PR-nobody", external_id="P-2")
    assert "PR-nobody" in await office.tito.see(PAGE)
    answer = await office.resolves(parked, "assign", office.tito, account=office.debt.external_id)
    assert answer.status_code == 422
    assert "a su alcance" in answer.text


async def test_a_parked_one_is_assigned_and_booked(office: Office) -> None:
    payment = await office.pays(account="PR-nobody")

    answer = await office.resolves(payment, "assign", account=f" {office.debt.external_id} ")

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert await office.balances() == [0]
    now = await office.now(payment)
    assert (now.state, now.needs_look, now.resolution, now.note) == (
        "applied", False, "assigned", "confirmado con el banco",
    )  # fmt: skip
    assert now.resolved_by_id == office.sara.id
    assert (await actions(office.db))[-2:] != []
    assert {"payment.applied", "payment.resolved"} <= set(await actions(office.db))


async def test_it_is_resolved_once(office: Office) -> None:
    payment = await office.pays(account="PR-nobody")
    await office.resolves(payment, "assign", account=office.debt.external_id)

    for deed in ("assign", "dismiss", "return", "use"):
        again = await office.resolves(payment, deed, account=office.debt.external_id)
        assert (again.status_code, "ya fue revisado" in again.text) == (409, True)
    assert await office.balances() == [0]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"account": "PR-0"}, "No hay una cuenta"),
        ({"account": ""}, "No hay una cuenta"),
        ({"note": ""}, "motivo"),
        ({"note": " x "}, "motivo"),
        ({"note": "x" * 501}, "motivo"),
        ({"deed": "eat"}, "Elija"),
    ],
)
async def test_a_refusal_is_said_beside_the_form_and_keeps_what_was_typed(
    office: Office, form: dict[str, str], said: str
) -> None:
    payment = await office.pays(account="PR-nobody")

    wanted: dict[str, Any] = {"deed": "assign", "account": office.debt.external_id, **form}
    answer = await office.resolves(payment, **wanted)

    assert answer.status_code == 422
    assert said in answer.text
    assert "<details open>" in answer.text
    assert await office.balances() == [41250]
    assert (await office.now(payment)).needs_look


async def test_another_currency_is_never_assigned(office: Office) -> None:
    payment = await office.pays(currency="USD")

    assert (await office.resolves(payment, "assign", account=office.debt.external_id)).status_code == 422
    assert await office.balances() == [41250]


async def test_an_amount_of_nothing_is_never_assigned(office: Office) -> None:
    payment = await office.pays(-500)

    assert (await office.resolves(payment, "assign", account=office.debt.external_id)).status_code == 422
    assert (await office.resolves(payment, "dismiss")).status_code == 303
    assert (await office.now(payment)).state == "dismissed"


async def test_an_excess_pays_what_has_come_due_since(office: Office) -> None:
    payment = await office.pays(50000)
    early = await office.resolves(payment, "use")
    assert (early.status_code, "no tiene facturas" in early.text) == (409, True)
    async with office.db.transaction() as tx:
        await an_invoice(tx, office.debt.account_id, ("F-2", LATE, 10000))

    answer = await office.resolves(payment, "use")

    assert answer.status_code == 303
    assert await office.balances() == [0, 1250]
    assert (await office.now(payment)).unapplied_minor == 0


async def test_an_excess_that_was_returned_is_no_longer_ours(office: Office) -> None:
    payment = await office.pays(50000)

    await office.resolves(payment, "return")

    now = await office.now(payment)
    assert (now.unapplied_minor, now.reversed_minor, now.needs_look) == (0, 8750, False)
    assert await office.balances() == [0]
    # A refund of the rest, told later, goes on from there.
    async with office.db.transaction() as tx:
        await reversals.reverse(tx, source="api", external_id="P-1", amount_minor=41250, by=SYSTEM, moment=clock.now())
    assert (await office.now(payment)).state == "reversed"
    assert await office.balances() == [41250]


async def test_what_went_back_is_seen(office: Office) -> None:
    payment = await office.pays()
    async with office.db.transaction() as tx:
        await reversals.reverse(tx, source="api", external_id="P-1", amount_minor=41250, by=SYSTEM, moment=clock.now())
    assert "Se devolvió" in await office.sara.see(PAGE)

    await office.resolves(payment, "dismiss")

    assert (await office.now(payment)).state == "reversed"
    assert "Nada por revisar" in await office.sara.see(PAGE)


async def test_a_dismissed_one_stays_out_when_it_is_reported_again(office: Office) -> None:
    payment = await office.pays(account=None, external_id="P-9", invoice="x")
    await office.resolves(payment, "dismiss")

    again = await office.pays(account=None, external_id="P-9", invoice="x")

    assert (again.id, again.state) == (payment.id, "dismissed")


async def test_a_notice_that_was_not_understood_is_seen(office: Office) -> None:
    async with office.db.transaction() as tx:
        notice = PaymentNotice(
            provider="stripe", event_id="evt_1", payload="{}", received_at=clock.now(), due_at=clock.now(),
            done_at=clock.now(), outcome={"told": [{"odd": "test mode"}]}, needs_look=True,
        )  # fmt: skip
        tx.add(notice)
    assert "Es de prueba: no mueve dinero" in await office.sara.see(PAGE)

    answer = await office.sara.do(f"{PAGE}/notices/{notice.id}/resolution", note="era una prueba nuestra")

    assert answer.status_code == 303
    assert "Nada por revisar" in await office.sara.see(PAGE)
    again = await office.sara.do(f"{PAGE}/notices/{notice.id}/resolution", note="otra vez")
    assert again.status_code == 409


async def test_what_the_world_wrote_is_only_text(office: Office) -> None:
    await office.pays(account="<script>alert(1)</script>", external_id='"><img src=x>', method="{{7*7}}")

    page = await office.sara.see(PAGE)

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
