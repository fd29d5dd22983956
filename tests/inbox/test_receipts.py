"""Blue ticks reach the debtor when the holder reads, and tell no more than the holder has read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from console.agents import Viewer
from console.db import Database
from console.inbox import reading, receipts
from console.inbox.models import Conversation
from console.inbox.receipts import Receipts
from tests.inbox.cloud import Cloud, error
from tests.inbox.people import Inbox, a_conversation, an_inbox, fresh, they_wrote
from tests.patience import eventually


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setattr(receipts, "POLL_SECONDS", 0.02)
    return Cloud()


async def read(database: Database, conversation: Conversation, by: Viewer, sequence: int) -> None:
    async with database.transaction() as tx:
        await reading.mark_read(tx, conversation, by=by, sequence=sequence)


def owes_nothing(database: Database, conversation: Conversation) -> Any:
    async def look() -> bool:
        return not (await fresh(database, conversation)).receipt_due

    return look


@asynccontextmanager
async def giving(database: Database, cloud: Cloud) -> AsyncIterator[None]:
    stop = asyncio.Event()
    run = asyncio.create_task(Receipts(database, cloud.client()).run(stop))
    try:
        yield
    finally:
        stop.set()
        await run


async def test_what_the_holder_read_turns_blue(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)
    await read(database, conversation, inbox.ana, 1)

    async with giving(database, cloud):
        await eventually(owes_nothing(database, conversation))

    assert cloud.reads == [conversation.last_inbound_wamid]


async def test_what_came_in_after_the_holder_looked_stays_grey(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)
    await read(database, conversation, inbox.ana, 1)
    async with database.transaction() as tx:
        await they_wrote(tx, conversation, "¿Sigue ahí?")

    async with giving(database, cloud):
        await eventually(owes_nothing(database, conversation))

    assert cloud.reads == [conversation.last_inbound_wamid]


async def test_a_receipt_that_fails_is_tried_again(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)
    answers = [error(131000, 500), error(130429, 429)]
    cloud.rule = lambda _body: answers.pop(0) if answers else None
    await read(database, conversation, inbox.ana, 1)

    async with giving(database, cloud):
        await eventually(owes_nothing(database, conversation))

    assert cloud.reads == [conversation.last_inbound_wamid]


async def test_a_receipt_that_is_refused_for_good_is_let_go(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)
    asked: list[str] = []

    def refuse(body: dict[str, Any]) -> Any:
        asked.append(body["message_id"])
        return error(100, 400)

    cloud.rule = refuse
    await read(database, conversation, inbox.ana, 1)

    async with giving(database, cloud):
        await eventually(owes_nothing(database, conversation))

    assert len(asked) == receipts.TRIES


async def test_a_conversation_that_changed_hands_owes_what_the_new_holder_has_read(
    database: Database, inbox: Inbox, cloud: Cloud
) -> None:
    conversation = await a_conversation(database, inbox, holder=inbox.ana)
    await read(database, conversation, inbox.ana, 1)
    async with database.transaction() as tx:
        (await tx.get_one(Conversation, conversation.id)).holder_id = inbox.luz.id

    async with giving(database, cloud):
        await eventually(owes_nothing(database, conversation))

    assert cloud.reads == []
