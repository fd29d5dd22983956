"""The sender at work: many people at once, nobody twice, and nothing lost when something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from console import clock
from console.db import Database
from console.inbox import channel_state, reply, sender, settle
from console.inbox.channel import Channel
from console.inbox.models import Conversation, Message
from console.inbox.sender import Sender
from tests.inbox.cloud import Answer, Cloud, error
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, messages
from tests.patience import eventually


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@asynccontextmanager
async def sending(database: Database, inbox: Inbox, cloud: Cloud, **more: Any) -> AsyncIterator[Sender]:
    """A sender of one process, stopped gracefully at the end."""
    one = Sender(database, cloud.client(), inbox.channel_id, **{"rate": 1000, **more})
    stop = asyncio.Event()
    run = asyncio.create_task(one.run(stop))
    try:
        yield one
    finally:
        stop.set()
        await run


async def queue(database: Database, inbox: Inbox, conversation: Conversation, *texts: str) -> list[Message]:
    async with database.transaction() as tx:
        return [
            await reply.reply(tx, conversation, by=inbox.ana, text=text, client_key=f"{conversation.id}{text}")
            for text in texts
        ]


async def people(database: Database, inbox: Inbox, count: int) -> list[Conversation]:
    return [await a_conversation(database, inbox, wa_id=f"519{number:08}", holder=inbox.ana) for number in range(count)]


async def standing(database: Database) -> dict[str, int]:
    """How many of our messages stand where."""
    async with database.reading() as tx:
        counted = select(Message.status, func.count()).where(Message.direction == "out").group_by(Message.status)
        return dict((await tx.execute(counted)).all())


def stands(database: Database, **wanted: int) -> Any:
    async def look() -> bool:
        return await standing(database) == wanted

    return look


async def test_what_is_queued_leaves_once_and_is_settled(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    for conversation in await people(database, inbox, 5):
        await queue(database, inbox, conversation, "uno", "dos", "tres")

    async with sending(database, inbox, cloud):
        await eventually(stands(database, sent=15))

    refs = [body["biz_opaque_callback_data"] for body in cloud.asked]
    assert len(refs) == len(set(refs)) == 15


async def test_to_one_person_it_is_one_after_the_other_in_order(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    """O21."""
    (conversation,) = await people(database, inbox, 1)
    texts = [f"mensaje {number}" for number in range(10)]
    await queue(database, inbox, conversation, *texts)

    async with sending(database, inbox, cloud):
        await eventually(stands(database, sent=10))

    assert cloud.texts == texts
    assert cloud.most_at_once == 1
    assert [row.text for row in await messages(database, conversation) if row.direction == "out"] == texts


async def test_two_senders_never_send_a_message_twice(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    """O16, on one database: two processes of one number."""
    for conversation in await people(database, inbox, 10):
        await queue(database, inbox, conversation, "uno", "dos")

    async with sending(database, inbox, cloud), sending(database, inbox, cloud):
        await eventually(stands(database, sent=20))

    assert sorted(cloud.texts) == ["dos"] * 10 + ["uno"] * 10


async def test_one_recipient_that_hangs_stops_nobody_else(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    """O22: a bulkhead."""
    stuck, *others = await people(database, inbox, 6)
    gone = asyncio.Event()

    async def never(body: dict[str, Any]) -> httpx.Response:
        await gone.wait()
        return cloud.accept(body)

    def only_one(body: dict[str, Any]) -> Answer | None:
        return never(body) if body["to"] == "+51900000000" else None

    cloud.rule = only_one
    await queue(database, inbox, stuck, "uno", "dos")
    for conversation in others:
        await queue(database, inbox, conversation, "uno")

    async with sending(database, inbox, cloud):
        await eventually(stands(database, sending=1, queued=1, sent=5))
        gone.set()
        await eventually(stands(database, sent=7))


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(500, json={"error": {"code": 1}}),
        httpx.Response(502, text="<html>Bad Gateway"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text=""),
        httpx.Response(200, text='{"messages":[{"id":'),
        httpx.Response(200, json={"messages": []}),
        httpx.Response(200, content=b"[" * 200_000),
        httpx.ReadTimeout("late"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("gone"),
        ValueError("a bug"),
    ],
    ids=lambda broken: type(broken).__name__ if isinstance(broken, Exception) else broken.text[:20],
)
async def test_what_may_have_arrived_is_asked_once(
    database: Database, inbox: Inbox, cloud: Cloud, broken: httpx.Response | Exception
) -> None:
    """O12, O14: unknown, never a second call, never a crash."""
    (conversation,) = await people(database, inbox, 1)
    cloud.rule = lambda _body: broken
    await queue(database, inbox, conversation, "uno")

    async with sending(database, inbox, cloud) as one:
        await eventually(stands(database, unknown=1), within=20)
        await queue(database, inbox, conversation, "dos")
        one.wake()
        await eventually(stands(database, unknown=2), within=20)

    assert len(cloud.asked) == 2


async def test_what_certainly_did_not_leave_is_tried_again(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    """O20, O13: connect refused, then throttled, then served."""
    (conversation,) = await people(database, inbox, 1)
    answers: list[Answer] = [httpx.ConnectError("refused"), error(131016, 503), error(130429, 429), error(131056, 400)]
    cloud.rule = lambda _body: answers.pop(0) if answers else None
    await queue(database, inbox, conversation, "uno")

    async with sending(database, inbox, cloud) as one:
        for left in (3, 2, 1, 0):
            await eventually(lambda left=left: len(answers) == left)  # type: ignore[misc]
            await eventually(stands(database, queued=1))
            async with database.transaction() as tx:
                await tx.execute(update(Message).where(Message.status == "queued").values(due_at=clock.now()))
                await tx.execute(update(Conversation).values(held_back_until=None))
                await tx.execute(update(Channel).values(slow_until=None))
            one.wake()
        await eventually(stands(database, sent=1))

    assert cloud.texts == ["uno"]
    assert len(cloud.asked) == 5


async def test_an_error_of_the_account_stops_the_line_until_a_person_resumes_it(
    database: Database, inbox: Inbox, cloud: Cloud
) -> None:
    conversations = await people(database, inbox, 8)
    cloud.rule = lambda _body: error(368, 403)
    for conversation in conversations:
        await queue(database, inbox, conversation, "uno")

    async with sending(database, inbox, cloud, at_once=2) as one:
        await eventually(stands(database, queued=8))
        await eventually(_is_paused(database))
        asked = len(cloud.asked)
        await queue(database, inbox, conversations[0], "dos")
        one.wake()
        assert len(cloud.asked) == asked <= 4

        cloud.rule = lambda _body: None
        async with database.transaction() as tx:
            await channel_state.resume(tx, await tx.get_one(Channel, inbox.channel_id), by=inbox.admin)
        one.wake()
        await eventually(stands(database, sent=9))


def _is_paused(database: Database) -> Any:
    async def look() -> bool:
        async with database.reading() as tx:
            return (await tx.scalars(select(Channel))).one().paused_at is not None

    return look


async def test_many_wait_for_an_answer_at_once_but_not_more_than_there_is_room_for(
    database: Database, inbox: Inbox, cloud: Cloud
) -> None:
    gone = asyncio.Event()

    async def late(body: dict[str, Any]) -> httpx.Response:
        await gone.wait()
        return cloud.accept(body)

    cloud.rule = late
    for conversation in await people(database, inbox, 12):
        await queue(database, inbox, conversation, "uno")

    async with sending(database, inbox, cloud, at_once=10):
        await eventually(lambda: cloud.at_once == 10)
        gone.set()
        await eventually(stands(database, sent=12))

    assert cloud.most_at_once == 10


async def test_a_stop_waits_for_answers_and_takes_up_nothing_new(
    database: Database, inbox: Inbox, cloud: Cloud
) -> None:
    first, second = await people(database, inbox, 2)
    gone = asyncio.Event()

    async def late(body: dict[str, Any]) -> httpx.Response:
        await gone.wait()
        return cloud.accept(body)

    cloud.rule = late
    await queue(database, inbox, first, "uno")
    async with sending(database, inbox, cloud):
        await eventually(lambda: cloud.at_once == 1)
        asyncio.get_running_loop().call_later(0.05, gone.set)
    await queue(database, inbox, second, "dos")

    assert await standing(database) == {"sent": 1, "queued": 1}


async def test_a_stop_that_waits_in_vain_leaves_it_to_the_recovery(
    database: Database, inbox: Inbox, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O6: what is on the wire stays `sending`, and so becomes "sin confirmar" later; nothing goes back to the queue."""
    monkeypatch.setattr(sender, "GRACE_SECONDS", 0.1)
    (conversation,) = await people(database, inbox, 1)

    async def never(_body: dict[str, Any]) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    cloud.rule = never
    await queue(database, inbox, conversation, "uno")
    async with sending(database, inbox, cloud):
        await eventually(lambda: cloud.at_once == 1)

    assert await standing(database) == {"sending": 1}


async def test_an_outcome_that_could_not_be_written_is_written_later(
    database: Database, inbox: Inbox, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing database between the answer and its record makes nothing ambiguous, and sends nothing twice."""
    monkeypatch.setattr(sender, "POLL_SECONDS", 0.05)
    (conversation,) = await people(database, inbox, 1)
    await queue(database, inbox, conversation, "uno")

    original = settle.settle
    tries = 0

    async def refuses_at_first(tx: Any, outcomes: Any) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise OSError("the database is away")
        await original(tx, outcomes)

    monkeypatch.setattr(settle, "settle", refuses_at_first)
    async with sending(database, inbox, cloud):
        await eventually(stands(database, sent=1))

    assert cloud.texts == ["uno"]
    assert tries == 4


async def test_the_history_tells_each_step(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    (conversation,) = await people(database, inbox, 1)
    (message,) = await queue(database, inbox, conversation, "uno")

    async with sending(database, inbox, cloud):
        await eventually(stands(database, sent=1))

    assert await actions(database, message_id=message.id) == ["message.queued", "message.sending", "message.sent"]
