"""P9: whatever order a payment, its refunds and its chargeback are told in, and however often, it ends the same."""

from __future__ import annotations

import asyncio
import itertools
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from console import audit, clock
from console.audit import SYSTEM
from console.db import Database
from console.portfolio import payments, reversals
from console.portfolio.ledger import Allocation, Payment
from console.portfolio.models import Account, Invoice
from console.portfolio.payments import Report
from tests.conftest import SECRET_KEY
from tests.inbox.people import Inbox, an_inbox
from tests.portfolio.debts import Debt, a_debtor

AMOUNT, FIRST, SECOND = 41250, 30000, 20000
RANK = {"open": 0, "lost": 1, "won": 2}
_inboxes: dict[str, Inbox] = {}
_numbers = itertools.count(1)

Event = tuple[str, int, str]
paid: st.SearchStrategy[Event] = st.just(("paid", AMOUNT, ""))
refunded = st.integers(1, AMOUNT + 5000).map(lambda minor: ("refunds", minor, "refunded"))
charged_back = st.tuples(st.just("cb-1"), st.just(12000), st.sampled_from(sorted(RANK)))
told = st.lists(paid | refunded | charged_back, min_size=1, max_size=9)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told)
def test_any_order_ends_as_what_was_told_says(sqlite_database_url: str, events: list[Event]) -> None:
    asyncio.run(_check(sqlite_database_url, events))


async def _check(url: str, events: list[Event]) -> None:
    database = Database(url, seal=audit.sealer(SECRET_KEY))
    try:
        if url not in _inboxes:
            _inboxes[url] = await an_inbox(database)
        bills = [("F-1", date(2026, 10, 1), FIRST), ("F-2", date(2026, 12, 1), SECOND)]
        debt = await a_debtor(database, _inboxes[url], phone=None, invoices=bills)
        name = f"P-{next(_numbers)}"
        for event in events:
            await _tell(database, debt, name, event)
        await _as_told(database, debt, name, events)
    finally:
        await database.close()


async def _tell(database: Database, debt: Debt, name: str, event: Event) -> None:
    what, minor, stage = event
    async with database.transaction() as tx:
        if what == "paid":
            report = Report(
                source="signed", external_id=name, account=debt.external_id, amount_minor=minor, currency="PEN",
                paid_at=clock.now().replace(hour=0, minute=0, second=0, microsecond=0),
            )  # fmt: skip
            await payments.book(tx, report, by=SYSTEM, moment=clock.now())
        else:
            await reversals.reverse(
                tx, source="signed", external_id=name, amount_minor=minor, reference=what, stage=stage,
                by=SYSTEM, moment=clock.now(),
            )  # fmt: skip


async def _as_told(database: Database, debt: Debt, name: str, events: list[Event]) -> None:
    refunds = max((minor for what, minor, _stage in events if what == "refunds"), default=0)
    stages = [stage for what, _minor, stage in events if what == "cb-1"]
    charged = 12000 if stages and max(stages, key=lambda stage: RANK[stage]) != "won" else 0
    is_paid = any(what == "paid" for what, _minor, _stage in events)
    gone = min(AMOUNT, refunds + charged)
    async with database.reading() as tx:
        payment = (await tx.scalars(select(Payment).where(Payment.external_id == name))).one_or_none()
        account = await tx.get_one(Account, debt.account_id)
        left = list(await tx.scalars(select(Invoice.balance_minor).where(Invoice.account_id == debt.account_id)))
        assert account.balance_minor == sum(left) == FIRST + SECOND - (AMOUNT - gone if is_paid else 0)
        assert all(0 <= each <= most for each, most in zip(left, (FIRST, SECOND), strict=True))
        if payment is None:
            assert not is_paid
            return
        live = select(func.sum(Allocation.amount_minor)).where(
            Allocation.payment_id == payment.id, Allocation.reversed_at.is_(None)
        )
        allocated = int(await tx.scalar(live) or 0)
        assert payment.reversed_minor == gone
        assert allocated + payment.unapplied_minor + payment.reversed_minor == AMOUNT
        assert payment.state == ("reversed" if gone == AMOUNT else "applied")
