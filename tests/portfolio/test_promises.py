"""Promises to pay: made, replaced, cancelled, kept by payments, broken by the calendar, and told in the thread."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.portfolio import promises, settling
from console.portfolio.agreements import Promise
from console.portfolio.models import Account, PortfolioRules
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, history, messages, they_wrote
from tests.portfolio.debts import Debt, a_debtor
from tests.portfolio.money_in import it_went_back, they_paid

LIMA = ZoneInfo("America/Lima")
DUE = date(2026, 11, 27)
DUE_BILL = ("C-08841", date(2026, 11, 5), 41250)


class Scene:
    """Ana's conversation with a debtor who owes S/ 412.50 since 5 November."""

    def __init__(self, database: Database, inbox: Inbox, conversation: Conversation, debt: Debt) -> None:
        self.database, self.inbox, self.conversation, self.debt = database, inbox, conversation, debt
        self.ana: Viewer = inbox.ana

    async def promise(self, minor: int = 20000, due_on: date = DUE, **more: Any) -> Promise:
        more.setdefault("conversation_id", self.conversation.id)
        async with self.database.transaction() as tx:
            return await promises.make(tx, self.debt.account_id, by=self.ana, amount_minor=minor, due_on=due_on, **more)

    async def state(self, promise: Promise) -> tuple[str, int]:
        async with self.database.reading() as tx:
            now = await tx.get_one(Promise, promise.id)
            return now.state, now.paid_minor

    async def settles(self, at: datetime) -> int:
        async with self.database.transaction() as tx:
            return await settling.turn(tx, at)

    async def paused_until(self) -> datetime | None:
        async with self.database.reading() as tx:
            return (await tx.get_one(Contact, self.conversation.contact_id)).outreach_paused_until


@pytest.fixture
async def scene(database: Database, moment: Moment) -> Scene:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[DUE_BILL])
    return Scene(database, inbox, conversation, debt)


async def test_a_promise_is_noted_with_its_evidence_told_in_the_thread_and_pauses_outreach(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        said = await they_wrote(tx, scene.conversation, "el viernes pago 200")

    promise = await scene.promise(message_id=said.id)

    assert promise.settles_at == datetime(2026, 11, 29, 5, tzinfo=UTC)
    assert await scene.paused_until() == datetime(2026, 11, 28, 5, tzinfo=UTC)
    conversation = await fresh(scene.database, scene.conversation)
    assert (conversation.promise_on, conversation.promise_state) == (DUE, "open")
    *_before, event = await messages(scene.database, scene.conversation)
    assert event.content == {
        "action": "promise_made",
        "who": "Ana Ríos",
        "minor": 20000,
        "currency": "PEN",
        "on": "2026-11-27",
    }
    made = next(e for e in await history(scene.database) if e.action == "promise.made")
    assert (made.account_id, made.conversation_id) == (scene.debt.account_id, scene.conversation.id)
    assert f'"evidence":{said.id}' in (made.new or "")


@pytest.mark.parametrize(
    ("minor", "due_on", "code", "field"),
    [
        (0, DUE, "invalid", "amount"),
        (-1, DUE, "invalid", "amount"),
        (41251, DUE, "above_balance", "amount"),
        (100, date(2026, 11, 19), "invalid", "due_on"),
        (100, date(2026, 12, 21), "invalid", "due_on"),
    ],
)
async def test_what_cannot_be_promised_is_refused(
    scene: Scene, minor: int, due_on: date, code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await scene.promise(minor, due_on)
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, code, field)
    assert "promise.made" not in await actions(scene.database)


async def test_the_first_and_the_last_day_of_the_term_are_within_it(scene: Scene) -> None:
    first = await scene.promise(due_on=date(2026, 11, 20))
    await scene.promise(due_on=date(2026, 12, 20), replaces=first.id)


async def test_more_than_the_debt_needs_a_word(scene: Scene) -> None:
    promise = await scene.promise(50000, above_balance=True)
    assert promise.amount_minor == 50000


async def test_evidence_is_what_this_debtor_wrote_here(scene: Scene) -> None:
    other = await a_conversation(scene.database, scene.inbox, wa_id="51999888777")
    async with scene.database.transaction() as tx:
        elsewhere = await they_wrote(tx, other, "el viernes pago 200")
    for odd in (elsewhere.id, 10**9):
        with pytest.raises(Refused) as refused:
            await scene.promise(message_id=odd)
        assert refused.value.field == "message_id"
    with pytest.raises(Refused) as refused:
        await scene.promise(conversation_id=other.id)
    assert refused.value.status == 404


async def test_of_two_promises_at_once_one_is_open(scene: Scene) -> None:
    both = await asyncio.gather(scene.promise(100), scene.promise(200), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["Promise", "Refused"]
    async with scene.database.reading() as tx:
        assert len((await tx.scalars(select(Promise).where(Promise.state == "open"))).all()) == 1


async def test_a_later_promise_replaces_the_open_one(scene: Scene) -> None:
    first = await scene.promise(20000, DUE)
    with pytest.raises(Refused) as refused:
        await scene.promise(30000, date(2026, 11, 24))
    assert refused.value.code == "promise_open"

    second = await scene.promise(30000, date(2026, 11, 24), replaces=first.id)

    assert await scene.state(first) == ("replaced", 0)
    assert await scene.paused_until() == datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert (await fresh(scene.database, scene.conversation)).promise_on == date(2026, 11, 24)
    async with scene.database.reading() as tx:
        assert (await tx.get_one(Promise, first.id)).replaced_by == second.id
    assert [a for a in await actions(scene.database) if a.startswith("promise.")] == [
        "promise.made",
        "promise.replaced",
    ]


async def test_a_promise_noted_by_mistake_is_cancelled_with_a_reason(scene: Scene) -> None:
    promise = await scene.promise()
    async with scene.database.transaction() as tx:
        with pytest.raises(Refused):
            await promises.cancel(tx, promise.id, by=scene.ana, reason="  ")
    async with scene.database.transaction() as tx:
        await promises.cancel(tx, promise.id, by=scene.ana, reason="Se anotó en otra cuenta")
    assert await scene.state(promise) == ("cancelled", 0)
    assert await scene.paused_until() is None
    assert (await fresh(scene.database, scene.conversation)).promise_state is None
    with pytest.raises(Refused) as refused:
        async with scene.database.transaction() as tx:
            await promises.cancel(tx, promise.id, by=scene.ana, reason="otra vez")
    assert refused.value.code == "not_open"


async def test_it_is_kept_the_moment_enough_has_come(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise(20000)
    moment.passes(hours=1)
    await they_paid(scene.database, scene.debt.account_id, 15000)
    assert await scene.state(promise) == ("open", 15000)
    await they_paid(scene.database, scene.debt.account_id, 5000)
    assert await scene.state(promise) == ("kept", 20000)
    assert await scene.paused_until() is None
    assert (await fresh(scene.database, scene.conversation)).promise_state is None
    events = [m.content["action"] for m in await messages(scene.database, scene.conversation) if m.content]
    assert events == ["promise_made", "promise_kept"]


async def test_a_tolerance_forgives_the_last_cents(scene: Scene, moment: Moment) -> None:
    async with scene.database.transaction() as tx:
        await tx.execute(update(PortfolioRules).values(promise_tolerance_bp=500))
    promise = await scene.promise(20000)
    moment.passes(minutes=1)
    await they_paid(scene.database, scene.debt.account_id, 18999)
    assert await scene.state(promise) == ("open", 18999)
    await they_paid(scene.database, scene.debt.account_id, 1)
    assert await scene.state(promise) == ("kept", 19000)


async def test_what_was_paid_before_does_not_keep_it(scene: Scene, moment: Moment) -> None:
    await they_paid(scene.database, scene.debt.account_id, 20000)
    moment.passes(minutes=1)
    promise = await scene.promise(20000)
    moment.passes(minutes=1)
    await they_paid(scene.database, scene.debt.account_id, 20000, at=moment.now - timedelta(days=2))
    assert await scene.state(promise) == ("open", 0)


@pytest.mark.parametrize(("paid", "state"), [(0, "broken"), (19999, "partial"), (20000, "kept")])
async def test_when_the_day_of_grace_is_over_it_settles(scene: Scene, moment: Moment, paid: int, state: str) -> None:
    promise = await scene.promise(20000)
    moment.passes(days=1)
    if paid:
        await they_paid(scene.database, scene.debt.account_id, paid)
    over = datetime(2026, 11, 29, 0, 0, tzinfo=LIMA)
    moment.is_(over - timedelta(microseconds=1))
    assert await scene.settles(moment.now) == 0
    moment.is_(over)
    assert await scene.settles(moment.now) == (0 if state == "kept" else 1)
    assert await scene.state(promise) == (state, paid)
    shown = (await fresh(scene.database, scene.conversation)).promise_state
    assert shown == (None if state == "kept" else state)


async def test_what_is_paid_after_the_grace_keeps_nothing(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise(20000)
    moment.is_(datetime(2026, 11, 29, 0, 0, tzinfo=LIMA))
    await scene.settles(moment.now)
    await they_paid(scene.database, scene.debt.account_id, 41250)
    assert await scene.state(promise) == ("broken", 0)
    # But what was paid in time and only told late does.
    await they_paid(scene.database, scene.debt.account_id, 20000, at=moment.now - timedelta(hours=1))
    assert await scene.state(promise) == ("kept", 20000)


async def test_a_refund_opens_it_again_while_there_is_time(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise(20000)
    moment.passes(hours=1)
    payment = await they_paid(scene.database, scene.debt.account_id, 20000)
    moment.passes(hours=1)
    await it_went_back(scene.database, payment)
    assert await scene.state(promise) == ("open", 0)
    assert (await actions(scene.database)).count("promise.reopened") == 1


async def test_a_refund_after_the_grace_breaks_it(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise(20000)
    moment.passes(hours=1)
    payment = await they_paid(scene.database, scene.debt.account_id, 20000)
    moment.passes(days=30)
    await it_went_back(scene.database, payment)
    assert await scene.state(promise) == ("broken", 0)


async def test_a_refund_of_a_promise_followed_by_another_leaves_one_open(scene: Scene, moment: Moment) -> None:
    first = await scene.promise(20000)
    moment.passes(hours=1)
    payment = await they_paid(scene.database, scene.debt.account_id, 20000)
    moment.passes(hours=1)
    second = await scene.promise(10000)
    await it_went_back(scene.database, payment)
    assert await scene.state(first) == ("replaced", 0)
    assert await scene.state(second) == ("open", 0)


@pytest.mark.parametrize(
    ("zone", "made", "due_on", "over"),
    [
        # Santiago's clocks go forward at midnight of 6 September 2026: that day begins at one o'clock.
        ("America/Santiago", "2026-09-01T15:00Z", date(2026, 9, 4), "2026-09-06T04:00Z"),
        # And back in the last hour of 3 April 2027, which comes twice.
        ("America/Santiago", "2027-04-01T15:00Z", date(2027, 4, 2), "2027-04-04T04:00Z"),
        ("America/Mexico_City", "2026-11-20T15:00Z", date(2026, 11, 20), "2026-11-22T06:00Z"),
    ],
)
async def test_the_day_ends_where_the_debtor_lives(
    database: Database, moment: Moment, *, zone: str, made: str, due_on: date, over: str
) -> None:
    moment.is_(datetime.fromisoformat(made))
    inbox = await an_inbox(database)
    debt = await a_debtor(database, inbox, invoices=[("A", date(2026, 1, 1), 500)], zone=zone, phone=None)
    async with database.transaction() as tx:
        promise = await promises.make(tx, debt.account_id, by=inbox.ana, amount_minor=500, due_on=due_on)
    assert promise.settles_at == datetime.fromisoformat(over)


async def test_nobody_takes_what_another_process_settles(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise()
    moment.passes(days=20)
    await asyncio.gather(scene.settles(moment.now), scene.settles(moment.now))
    assert await scene.state(promise) == ("broken", 0)
    assert (await actions(scene.database)).count("promise.broken") == 1


async def test_a_debt_the_creditor_says_is_settled_keeps_the_promise(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise()
    async with scene.database.transaction() as tx:
        await tx.execute(update(Account).where(Account.id == scene.debt.account_id).values(balance_minor=0))
    moment.passes(days=20)
    await scene.settles(moment.now)
    assert await scene.state(promise) == ("kept", 0)
