"""One reminder of a promise, when and to whom the law and WhatsApp allow it; else none, and on record why."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.db import Database
from console.inbox import consent, reply
from console.inbox.channel import MessageTemplate
from console.inbox.models import Conversation
from console.portfolio import disputes, promises, reminders
from console.portfolio.agreements import Promise
from console.portfolio.contact_hours import is_open
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, a_template, an_inbox, history, messages
from tests.portfolio.debts import Debt, a_debtor
from tests.portfolio.money_in import they_paid

LIMA = ZoneInfo("America/Lima")
# A Friday; the day before is a working day.
DUE = date(2026, 11, 27)


class Scene:
    def __init__(self, database: Database, inbox: Inbox, conversation: Conversation, debt: Debt) -> None:
        self.database, self.inbox, self.conversation, self.debt = database, inbox, conversation, debt

    async def promise(self, due_on: date = DUE) -> Promise:
        async with self.database.transaction() as tx:
            given: dict[str, Any] = {"conversation_id": self.conversation.id, "remind": True}
            return await promises.make(
                tx, self.debt.account_id, by=self.inbox.ana, amount_minor=20000, due_on=due_on, **given
            )

    async def writes_first(self, template: MessageTemplate) -> None:
        values = {"1": "María", "2": "S/ 200", "3": "viernes"}
        async with self.database.transaction() as tx:
            conversation = await tx.get_one(Conversation, self.conversation.id)
            await reply.send_template(
                tx,
                conversation,
                by=self.inbox.ana,
                template_id=template.id,
                variables=values,
                client_key=str(uuid.uuid4()),
            )

    async def turns(self, at: datetime) -> bool:
        async with self.database.transaction() as tx:
            return await reminders.turn(tx, at)

    async def said(self) -> list[str | None]:
        return [m.text for m in await messages(self.database, self.conversation) if m.direction == "out"]

    async def why(self) -> str:
        changes = [e for e in await history(self.database) if e.action == "promise.reminder_changed"]
        return (changes[-1].new or "") if changes else ""

    async def now(self, promise: Promise) -> Promise:
        async with self.database.reading() as tx:
            return await tx.get_one(Promise, promise.id)


@pytest.fixture
async def scene(database: Database, moment: Moment) -> Scene:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("C-1", date(2026, 11, 5), 41250)])
    return Scene(database, inbox, conversation, debt)


async def test_it_is_for_the_day_before_in_the_hours_of_the_country(scene: Scene) -> None:
    promise = await scene.promise()
    assert promise.remind_at is not None
    local = promise.remind_at.astimezone(LIMA)
    assert local.date() == date(2026, 11, 26)
    assert is_open(promise.remind_at, LIMA, "PE")
    # Promised for Monday: the day before is a Sunday, so it is that very morning.
    monday = await scene_of_monday(scene, promise)
    assert monday.remind_at is not None
    assert monday.remind_at.astimezone(LIMA).date() == date(2026, 11, 23)


async def scene_of_monday(scene: Scene, before: Promise) -> Promise:
    async with scene.database.transaction() as tx:
        return await promises.make(
            tx,
            scene.debt.account_id,
            by=scene.inbox.ana,
            amount_minor=100,
            due_on=date(2026, 11, 23),
            conversation_id=scene.conversation.id,
            replaces=before.id,
            remind=True,
        )


async def test_for_the_same_day_there_is_nothing_to_remind_of(scene: Scene) -> None:
    assert (await scene.promise(date(2026, 11, 20))).remind_at is None


async def test_within_the_service_window_it_is_a_text_and_goes_once(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise(date(2026, 11, 23))
    async with scene.database.transaction() as tx:
        conversation = await tx.get_one(Conversation, scene.conversation.id)
        conversation.window_closes_at = moment.now + timedelta(days=7)
    assert promise.remind_at is not None
    moment.is_(promise.remind_at)
    assert await scene.turns(moment.now)
    assert not await scene.turns(moment.now)
    [text] = await scene.said()
    assert text is not None
    assert "lunes 23 de noviembre" in text
    assert (await scene.now(promise)).reminded_at == moment.now


async def test_outside_it_only_the_approved_template_goes(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise()
    assert promise.remind_at is not None
    moment.is_(promise.remind_at)
    assert await scene.turns(moment.now)
    assert await scene.said() == []
    assert "no_template" in await scene.why()

    body = {"type": "BODY", "text": "Hola {{1}}, prometió {{2}} para el {{3}}."}
    await a_template(scene.database, scene.inbox, name=reminders.TEMPLATE, components=[body])
    again = await scene_of_friday(scene, promise)
    assert again.remind_at is not None
    moment.is_(again.remind_at)
    assert await scene.turns(moment.now)
    [text] = await scene.said()
    assert text is not None
    assert "viernes 27 de noviembre" in text


async def scene_of_friday(scene: Scene, before: Promise) -> Promise:
    async with scene.database.transaction() as tx:
        return await promises.make(
            tx,
            scene.debt.account_id,
            by=scene.inbox.ana,
            amount_minor=100,
            due_on=DUE,
            conversation_id=scene.conversation.id,
            replaces=before.id,
            remind=True,
        )


@pytest.mark.parametrize("what", ["opted_out", "disputed", "settled", "cancelled"])
async def test_who_must_not_be_reminded_is_not(scene: Scene, moment: Moment, what: str) -> None:
    promise = await scene.promise()
    assert promise.remind_at is not None
    moment.passes(hours=1)
    async with scene.database.transaction() as tx:
        if what == "opted_out":
            await consent.opt_out(tx, scene.conversation, by=scene.inbox.ana)
        elif what == "disputed":
            await disputes.open_dispute(tx, scene.debt.account_id, by=scene.inbox.ana, category="amount")
        elif what == "cancelled":
            await reminders.forgo(tx, promise.id, by=scene.inbox.ana)
    if what == "settled":
        await they_paid(scene.database, scene.debt.account_id, 20000)
    moment.is_(promise.remind_at)
    await scene.turns(moment.now)
    assert await scene.said() == []
    assert (await scene.now(promise)).remind_at is None
    if what != "settled":
        assert what in await scene.why()


async def test_at_night_it_waits_for_the_morning(scene: Scene, moment: Moment) -> None:
    promise = await scene.promise()
    moment.is_(datetime(2026, 11, 26, 21, tzinfo=LIMA))
    assert await scene.turns(moment.now)
    assert await scene.said() == []
    assert (await scene.now(promise)).remind_at == datetime(2026, 11, 27, 7, tzinfo=LIMA)


async def test_who_was_written_to_first_today_is_reminded_tomorrow_or_not_at_all(scene: Scene, moment: Moment) -> None:
    body = {"type": "BODY", "text": "Hola {{1}}, prometió {{2}} para el {{3}}."}
    template = await a_template(scene.database, scene.inbox, name=reminders.TEMPLATE, components=[body])
    promise = await scene.promise()
    assert promise.remind_at is not None
    moment.is_(promise.remind_at)
    await scene.writes_first(template)

    assert await scene.turns(moment.now)
    assert len(await scene.said()) == 1
    assert "cap" in await scene.why()
    morning = (await scene.now(promise)).remind_at
    assert morning == datetime(2026, 11, 27, 7, tzinfo=LIMA)

    moment.is_(morning)
    await scene.writes_first(template)
    assert await scene.turns(moment.now)
    assert len(await scene.said()) == 2
    assert (await scene.now(promise)).remind_at is None, "the day after is too late"
