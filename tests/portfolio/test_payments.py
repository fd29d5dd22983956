"""Booking money: once, in the right place, told to whoever looks, and kept for a person where it fits nowhere."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from console import clock
from console.audit import Actor
from console.db import Database
from console.errors import Refused
from console.portfolio import payments, reversals
from console.portfolio.ledger import Allocation, Payment
from console.portfolio.models import Account, Creditor, Invoice
from console.portfolio.payments import Booked, Report
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, history, messages
from tests.portfolio.debts import Debt, a_debtor

BILLING = Actor(kind="token", id=1, name="facturación")
LATE = date(2026, 10, 1)
DUE = date(2026, 12, 1)


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


def a_report(debt: Debt, minor: int, **changed: Any) -> Report:
    told = {
        "source": "api",
        "external_id": "P-1",
        "account": debt.external_id,
        "amount_minor": minor,
        "currency": "PEN",
        "paid_at": clock.now(),
        "method": "transferencia",
        **changed,
    }
    return Report(**told)


async def book(database: Database, report: Report) -> Booked:
    async with database.transaction() as tx:
        return await payments.book(tx, report, by=BILLING, moment=clock.now())


async def reverse(database: Database, minor: int, **how: Any) -> None:
    async with database.transaction() as tx:
        await reversals.reverse(
            tx,
            **{"source": "api", "external_id": "P-1", **how},
            amount_minor=minor,
            by=BILLING,
            moment=clock.now(),
        )


async def balances(database: Database, debt: Debt) -> list[int]:
    async with database.reading() as tx:
        wanted = select(Invoice.balance_minor).where(Invoice.account_id == debt.account_id).order_by(Invoice.number)
        return list(await tx.scalars(wanted))


async def account(database: Database, debt: Debt) -> Account:
    async with database.reading() as tx:
        return await tx.get_one(Account, debt.account_id)


async def the_payment(database: Database, external_id: str = "P-1") -> Payment:
    async with database.reading() as tx:
        return (await tx.scalars(select(Payment).where(Payment.external_id == external_id))).one()


async def whole(database: Database) -> None:
    """Every payment is where it must be: allocated, in excess, or gone back."""
    async with database.reading() as tx:
        for payment in await tx.scalars(select(Payment).where(Payment.account_id.is_not(None))):
            live = select(func.coalesce(func.sum(Allocation.amount_minor), 0)).where(
                Allocation.payment_id == payment.id, Allocation.reversed_at.is_(None)
            )
            allocated = int(await tx.scalar(live) or 0)
            assert allocated + payment.unapplied_minor + payment.reversed_minor == payment.amount_minor
        for invoice in await tx.scalars(select(Invoice)):
            assert 0 <= invoice.balance_minor <= invoice.amount_minor


async def test_a_payment_lowers_the_debt_and_turns_the_tag(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250), ("F-2", DUE, 10000)])
    assert (await fresh(database, conversation)).account_state == "late_2"

    booked = await book(database, a_report(debt, 41250))

    assert booked.is_new
    assert booked.payment.state == "applied"
    assert await balances(database, debt) == [0, 10000]
    assert (await account(database, debt)).state == "current"
    conversation = await fresh(database, conversation)
    assert (conversation.account_state, conversation.overdue_minor) == ("current", 0)
    await whole(database)


async def test_it_is_told_in_the_thread_and_in_the_history(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])

    booked = await book(database, a_report(debt, 41250))

    line = (await messages(database, conversation))[-1]
    assert line.kind == "event"
    assert line.content == {"action": "payment_applied", "minor": 41250, "currency": "PEN"}
    (entry,) = [e for e in await history(database, conversation_id=conversation.id) if e.action == "payment.applied"]
    assert (entry.account_id, entry.message_id) == (debt.account_id, line.id)
    assert entry.subject == f"payment:{booked.payment.id}"
    assert "account.updated" in await actions(database)
    assert "conversation.standing_changed" in await actions(database, conversation_id=conversation.id)


async def test_the_same_report_again_changes_nothing(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    first = await book(database, a_report(debt, 20000))
    known = len(await history(database))

    again = await book(database, a_report(debt, 20000))

    assert not again.is_new
    assert again.payment.id == first.payment.id
    assert await balances(database, debt) == [21250]
    assert len(await history(database)) == known


@pytest.mark.parametrize(
    "changed", [{"amount_minor": 20001}, {"currency": "USD"}, {"invoice": "F-1"}, {"method": "efectivo"}]
)
async def test_the_same_id_with_other_contents_is_refused(
    database: Database, inbox: Inbox, changed: dict[str, Any]
) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    await book(database, a_report(debt, 20000))

    with pytest.raises(Refused) as refused:
        await book(database, a_report(debt, **{"minor": 20000, **_renamed(changed)}))

    assert (refused.value.status, refused.value.code) == (409, "external_id_reused")
    assert await balances(database, debt) == [21250]


def _renamed(changed: dict[str, Any]) -> dict[str, Any]:
    return {"minor" if name == "amount_minor" else name: value for name, value in changed.items()}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"account": "PR-nobody"}, "unknown_account"),
        ({"currency": "USD"}, "currency"),
        ({"minor": 0}, "amount"),
        ({"minor": -5}, "amount"),
        ({"invoice": "F-9"}, "unknown_invoice"),
        ({"link_token": "x" * 22, "account": None}, "unknown_account"),
    ],
)
async def test_what_fits_nowhere_is_kept_for_a_person_and_moves_nothing(
    database: Database, inbox: Inbox, changed: dict[str, Any], why: str
) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])

    booked = await book(database, a_report(debt, **{"minor": 20000, **changed}))

    assert (booked.payment.state, booked.payment.why, booked.payment.needs_look) == ("parked", why, True)
    assert await balances(database, debt) == [41250]
    assert (await actions(database))[-1] == "payment.parked"


async def test_an_id_that_two_creditors_use_is_nobodys(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)], external_id="PR-7")
    async with database.transaction() as tx:
        other = Creditor(name="Otra", created_at=clock.now())
        tx.add(other)
        await tx.flush()
        mine = await tx.get_one(Account, debt.account_id)
        twin = {
            name: getattr(mine, name)
            for name in ("external_id", "debtor_id", "team_id", "currency", "state", "created_at", "updated_at")
        }
        tx.add(Account(creditor_id=other.id, **twin))

    booked = await book(database, a_report(debt, 41250))

    assert booked.payment.why == "ambiguous_account"


async def test_a_closed_account_takes_no_money_by_itself(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    async with database.transaction() as tx:
        (await tx.get_one(Account, debt.account_id)).status = "closed"

    assert (await book(database, a_report(debt, 41250))).payment.why == "closed_account"


async def test_a_parked_one_is_booked_when_it_is_reported_again_and_its_account_is_known(
    database: Database, inbox: Inbox
) -> None:
    early = Report(
        source="api", external_id="P-1", account="PR-late", amount_minor=100, currency="PEN", paid_at=clock.now()
    )
    first = await book(database, early)
    assert first.payment.why == "unknown_account"
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 500)], external_id="PR-late")

    again = await book(database, early)

    assert again.is_new
    assert again.payment.id == first.payment.id
    assert (again.payment.state, again.payment.needs_look) == ("applied", False)
    assert await balances(database, debt) == [400]


async def test_more_than_the_debt_is_booked_and_flagged(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])

    booked = await book(database, a_report(debt, 50000))

    assert booked.payment.unapplied_minor == 8750
    assert booked.payment.needs_look
    assert (await account(database, debt)).balance_minor == 0
    await whole(database)


async def test_who_really_pays_twice_has_two_payments_and_the_second_is_flagged(
    database: Database, inbox: Inbox
) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    await book(database, a_report(debt, 41250))

    twice = await book(database, a_report(debt, 41250, external_id="P-2"))

    assert twice.is_new
    assert (twice.payment.unapplied_minor, twice.payment.needs_look) == (41250, True)
    await whole(database)


async def test_a_refund_makes_it_owed_again(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250), ("F-2", DUE, 10000)])
    await book(database, a_report(debt, 51250))

    await reverse(database, 15000)

    assert await balances(database, debt) == [5000, 10000]
    payment = await the_payment(database)
    assert (payment.state, payment.reversed_minor, payment.needs_look) == ("applied", 15000, True)
    assert (await fresh(database, conversation)).account_state == "late_2"

    await reverse(database, 51250)

    assert await balances(database, debt) == [41250, 10000]
    assert (await the_payment(database)).state == "reversed"
    assert (await messages(database, conversation))[-1].content == {
        "action": "payment_reversed",
        "minor": 36250,
        "currency": "PEN",
    }
    await whole(database)


async def test_a_refund_told_twice_or_late_goes_back_once(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    await book(database, a_report(debt, 41250))
    await reverse(database, 20000)

    await reverse(database, 20000)
    await reverse(database, 10000)

    assert await balances(database, debt) == [20000]


async def test_a_refund_that_comes_before_its_payment_is_remembered(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    await reverse(database, 41250)
    assert await balances(database, debt) == [41250]

    booked = await book(database, a_report(debt, 41250, receipt=True))

    assert (booked.payment.state, booked.payment.receipt_due) == ("reversed", False)
    assert await balances(database, debt) == [41250]
    await whole(database)


async def test_a_chargeback_that_is_won_gives_the_money_back_to_the_debt(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    await book(database, a_report(debt, 41250))
    await reverse(database, 41250, reference="dp_1", stage="open")
    assert await balances(database, debt) == [41250]

    await reverse(database, 41250, reference="dp_1", stage="won")
    await reverse(database, 41250, reference="dp_1", stage="open")

    assert await balances(database, debt) == [0]
    payment = await the_payment(database)
    assert (payment.state, payment.reversed_minor) == ("applied", 0)
    await whole(database)


async def test_of_the_same_report_many_times_at_once_one_is_booked(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    report = a_report(debt, 1000)

    booked = await asyncio.gather(*(book(database, report) for _ in range(20)))

    assert sum(each.is_new for each in booked) == 1
    assert len({each.payment.id for each in booked}) == 1
    assert await balances(database, debt) == [40250]


async def test_an_unknown_one_reported_at_once_is_kept_once(database: Database, inbox: Inbox) -> None:
    debt = await a_debtor(database, inbox)
    report = a_report(debt, 1000, account="PR-nobody")

    booked = await asyncio.gather(*(book(database, report) for _ in range(10)))

    assert len({each.payment.id for each in booked}) == 1


async def test_many_payments_at_once_on_one_account_all_count(database: Database, inbox: Inbox) -> None:
    await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 10000), ("F-2", DUE, 10000)])
    reports = [a_report(debt, 1500, external_id=f"P-{n}") for n in range(15)]

    await asyncio.gather(*(book(database, report) for report in reports))

    assert await balances(database, debt) == [0, 0]
    async with database.reading() as tx:
        assert await tx.scalar(select(func.sum(Payment.unapplied_minor))) == 15 * 1500 - 20000
    await whole(database)


async def test_payments_and_refunds_of_two_accounts_of_one_debtor_at_once_end(database: Database, inbox: Inbox) -> None:
    """Nobody waits for somebody who waits for them."""
    await a_conversation(database, inbox)
    one = await a_debtor(database, inbox, invoices=[("F-1", LATE, 10000)])
    two = await a_debtor(database, inbox, invoices=[("F-1", LATE, 10000)], debtor_id=one.debtor_id, phone=None)

    async with asyncio.timeout(30):
        await asyncio.gather(
            *(
                book(database, a_report(debt, 500, external_id=f"P-{debt.account_id}-{n}"))
                for n in range(3)
                for debt in (one, two)
            ),
            *(reverse(database, 100, external_id=f"P-{debt.account_id}-{n}") for n in range(3) for debt in (one, two)),
        )

    assert await balances(database, one) == await balances(database, two) == [10000 - 3 * 400]
    await whole(database)


async def test_whoever_pays_on_the_day_it_is_due_is_not_late(database: Database, inbox: Inbox, moment: Moment) -> None:
    debt = await a_debtor(database, inbox, invoices=[("F-1", date(2026, 11, 20), 10000)])
    await book(database, a_report(debt, 10000))

    moment.passes(days=3)

    assert (await account(database, debt)).next_change_at is None
    assert clock.now() - (await the_payment(database)).paid_at == timedelta(days=3)
