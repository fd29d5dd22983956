"""Reading is per agent; only the holder's reading turns the debtor's ticks blue."""

from __future__ import annotations

import pytest

from console.agents import Viewer
from console.db import Database
from console.inbox import reading
from console.inbox.models import Conversation, ReadMark
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, they_wrote


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


async def read(database: Database, conversation: Conversation, by: Viewer, sequence: int) -> bool:
    async with database.transaction() as tx:
        return await reading.mark_read(tx, conversation, by=by, sequence=sequence)


async def unread(database: Database, conversation: Conversation, by: Viewer) -> int:
    async with database.reading() as tx:
        mark = await tx.get(ReadMark, (by.id, conversation.id))
        present = await tx.get_one(Conversation, conversation.id)
        return present.inbound_count - (mark.inbound_count if mark else 0)


async def write(database: Database, conversation: Conversation, times: int) -> None:
    async with database.transaction() as tx:
        for number in range(times):
            await they_wrote(tx, conversation, f"mensaje {number}")


async def test_each_agent_has_an_own_mark(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    await read(database, conversation, inbox.ana, 1)

    assert await unread(database, conversation, inbox.ana) == 0
    assert await unread(database, conversation, inbox.luz) == 1


async def test_reading_half_leaves_the_rest_unread(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    await write(database, conversation, 4)

    await read(database, conversation, inbox.ana, 2)

    assert await unread(database, conversation, inbox.ana) == 3


async def test_the_mark_only_moves_forward_and_never_past_the_end(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    await write(database, conversation, 2)

    assert await read(database, conversation, inbox.ana, 999)
    assert not await read(database, conversation, inbox.ana, 1)
    assert not await read(database, conversation, inbox.ana, 3)
    assert not await read(database, conversation, inbox.ana, -5)

    assert await unread(database, conversation, inbox.ana) == 0
    assert await actions(database) == ["conversation.read"]


async def test_blue_ticks_are_the_holders_to_give(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)

    await read(database, conversation, inbox.luz, 1)
    assert not (await fresh(database, conversation)).receipt_due
    await read(database, conversation, inbox.ana, 1)

    assert (await fresh(database, conversation)).receipt_due


async def test_seeing_a_thread_is_on_record(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    async with database.transaction() as tx:
        await reading.viewed(tx, conversation, by=inbox.luz)

    assert await actions(database, conversation_id=conversation.id) == ["conversation.viewed"]
