"""Who holds a conversation: atomic, versioned, counted, and told in the thread and in the history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from console import clock
from console.agents import Agent, Viewer
from console.audit import Actor
from console.db import Database
from console.errors import Refused
from console.inbox import assign, counts, reading
from console.inbox.models import Conversation, ViewCount
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, history, messages


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


async def refusal(database: Database, deed: Callable[..., Awaitable[object]], *of: object, **how: object) -> Refused:
    with pytest.raises(Refused) as refused:
        async with database.transaction() as tx:
            await deed(tx, *of, **how)
    return refused.value


async def test_of_all_who_take_it_at_once_one_gets_it_and_the_rest_learn_who(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    async def take(who: Viewer) -> Viewer | Refused:
        try:
            async with database.transaction() as tx:
                await assign.claim(tx, conversation, by=who)
        except Refused as lost:
            return lost
        return who

    ends = await asyncio.gather(*(take(who) for who in (inbox.ana, inbox.luz, inbox.supervisor, inbox.admin)))

    (winner,) = [end for end in ends if isinstance(end, Viewer)]
    losers = [end for end in ends if isinstance(end, Refused)]
    assert (await fresh(database, conversation)).holder_id == winner.id
    for lost in losers:
        assert (lost.status, lost.code) == (409, "already_held")
        assert lost.details["holder"] == {"id": str(winner.id), "name": winner.name}
        assert winner.name in lost.text
    assert (await actions(database)).count("conversation.assigned") == 1


async def test_taking_twice_changes_nothing(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)

    async with database.transaction() as tx:
        await assign.claim(tx, conversation, by=inbox.ana)

    assert await actions(database) == []


async def test_an_assignment_is_counted_shown_and_recorded_with_old_and_new(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)

    async with database.transaction() as tx:
        await assign.assign(tx, conversation, by=inbox.supervisor, to=inbox.luz.id)

    async with database.reading() as tx:
        assert (await counts.counts_for(tx, inbox.luz)).mine == 1
        assert (await counts.counts_for(tx, inbox.ana)).mine == 0
    (entry,) = await history(database, conversation_id=conversation.id)
    assert (entry.action, entry.actor_id) == ("conversation.assigned", inbox.supervisor.id)
    assert json.loads(entry.old or "") == {"holder_id": inbox.ana.id}
    assert json.loads(entry.new or "") == {"holder_id": inbox.luz.id}
    line = (await messages(database, conversation))[-1]
    assert (line.id, line.kind, line.direction) == (entry.message_id, "event", "none")
    assert line.content == {"action": "assigned", "who": "Rosa Vega", "to": "Luz Paredes", "to_id": inbox.luz.id}


async def test_an_event_does_not_pass_for_something_said(database: Database, inbox: Inbox, moment: Moment) -> None:
    conversation = await a_conversation(database, inbox)
    moment.passes(minutes=5)

    async with database.transaction() as tx:
        await assign.claim(tx, conversation, by=inbox.ana)

    after = await fresh(database, conversation)
    assert (after.last_at, after.last_message_id) == (conversation.last_at, conversation.last_message_id)
    assert after.updated_at > after.last_at


async def test_nobody_gets_what_they_may_not_see(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    refused = await refusal(database, assign.assign, conversation, by=inbox.supervisor, to=inbox.stranger.id)

    assert (refused.status, refused.code, refused.field) == (422, "not_in_team", "assignee")


async def test_nobody_gets_what_they_cannot_answer(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await tx.execute(update(Agent).where(Agent.id == inbox.luz.id).values(disabled_at=clock.now()))

    for nobody in (inbox.luz.id, 999):
        refused = await refusal(database, assign.assign, conversation, by=inbox.supervisor, to=nobody)
        assert (refused.status, refused.field) == (422, "assignee")


async def test_an_agent_gives_away_only_what_is_theirs(database: Database, inbox: Inbox) -> None:
    theirs = await a_conversation(database, inbox, holder=inbox.luz)
    mine = await a_conversation(database, inbox, holder=inbox.ana, wa_id="51911111111")

    refused = await refusal(database, assign.assign, theirs, by=inbox.ana, to=inbox.ana.id)
    assert refused.status == 403
    assert (await refusal(database, assign.release, theirs, by=inbox.ana)).status == 403
    async with database.transaction() as tx:
        await assign.assign(tx, mine, by=inbox.ana, to=inbox.luz.id)

    assert (await fresh(database, mine)).holder_id == inbox.luz.id


async def test_a_program_may_assign_what_it_likes(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)

    async with database.transaction() as tx:
        await assign.assign(tx, conversation, by=Actor(kind="token", id=1, name="CRM"), to=inbox.luz.id)

    assert (await fresh(database, conversation)).holder_id == inbox.luz.id


async def test_acting_on_an_older_picture_is_refused(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await assign.claim(tx, conversation, by=inbox.ana)
    now = (await fresh(database, conversation)).version

    for deed in (assign.release, assign.resolve, assign.reopen):
        refused = await refusal(database, deed, conversation, by=inbox.ana, version=now - 1)
        assert (refused.status, refused.code, refused.details) == (409, "version_conflict", {"version": now})


async def test_every_change_keeps_the_counts_true(database: Database, inbox: Inbox, moment: Moment) -> None:
    conversation = await a_conversation(database, inbox)
    tomorrow = clock.now() + timedelta(days=1)
    steps: list[Callable[..., Awaitable[object]]] = [
        lambda tx: assign.claim(tx, conversation, by=inbox.ana),
        lambda tx: assign.release(tx, conversation, by=inbox.ana),
        lambda tx: assign.resolve(tx, conversation, by=inbox.ana),
        lambda tx: assign.reopen(tx, conversation, by=inbox.ana),
        lambda tx: assign.snooze(tx, conversation, by=inbox.ana, until=tomorrow),
        lambda tx: assign.transfer(tx, conversation, by=inbox.supervisor, team_id=1),
        lambda tx: assign.transfer(tx, conversation, by=inbox.admin, team_id=2),
    ]
    for step in steps:
        async with database.transaction() as tx:
            await step(tx)
        moment.passes(seconds=1)

        async with database.reading() as tx:
            kept = {(row.team_id, row.holder_id, row.status): row.n for row in await tx.scalars(select(ViewCount))}
            columns = (Conversation.team_id, func.coalesce(Conversation.holder_id, 0), Conversation.status)
            counted = await tx.execute(select(*columns, func.count()).group_by(*columns))
            assert {slot: n for slot, n in kept.items() if n} == {
                (team, holder, status): n for team, holder, status, n in counted
            }
    assert await actions(database) == [
        "conversation.assigned",
        "conversation.released",
        "conversation.resolved",
        "conversation.reopened",
        "conversation.snoozed",
        "conversation.transferred",
    ]


async def test_what_was_put_off_comes_back_by_itself(database: Database, inbox: Inbox, moment: Moment) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)
    async with database.transaction() as tx:
        await assign.snooze(tx, conversation, by=inbox.ana, until=clock.now() + timedelta(hours=2))

    moment.passes(hours=1, minutes=59)
    async with database.transaction() as tx:
        assert await assign.wake(tx) == 0
    moment.passes(minutes=1)
    async with database.transaction() as tx:
        assert await assign.wake(tx) == 1

    after = await fresh(database, conversation)
    assert (after.status, after.snoozed_until, after.holder_id) == ("open", None, inbox.ana.id)
    assert (await history(database))[-1].actor_kind == "system"


async def test_nothing_is_put_off_into_the_past(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    refused = await refusal(
        database, assign.snooze, conversation, by=inbox.ana, until=clock.now() - timedelta(seconds=1)
    )

    assert (refused.status, refused.field) == (422, "snoozed_until")


async def test_taking_what_one_has_in_view_tells_the_debtor_it_was_read(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await reading.mark_read(tx, conversation, by=inbox.ana, sequence=1)
    assert not (await fresh(database, conversation)).receipt_due

    async with database.transaction() as tx:
        await assign.claim(tx, conversation, by=inbox.ana)

    assert (await fresh(database, conversation)).receipt_due
