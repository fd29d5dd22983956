"""The stream: everything once and in order, from any place."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from sqlalchemy import func, select

from console import clock
from console.audit import AuditEntry
from console.inbox import ingest
from integrations.whatsapp.payloads import parse
from tests.api.hearing import created, identity, lines, take, until
from tests.api.house import House, Program, frames, serving
from tests.inbox import meta
from tests.servers import Server

NUMBERS = [f"5194421{number:04d}" for number in range(20)]
TYPES = {"message.created", "message.updated", "conversation.created", "conversation.updated", "contact.updated"}


async def test_without_a_cursor_the_stream_begins_now(house: House, program: Program) -> None:
    await house.writes(meta.MARIA, text="antes")

    async with program.socket() as wire:
        greeting = json.loads(await wire.recv())
        await house.writes(meta.MARIA, text="después")
        (event,) = await frames(wire, 1)

    assert greeting["type"] == "heartbeat"
    assert int(greeting["head"]) >= 1
    assert (event["type"], event["action"]) == ("message.created", "message.received")
    assert event["data"]["text"] == "después"
    assert int(event["cursor"]) > int(greeting["head"])
    assert event["data"] == (await program.get(f"/conversations/{event['data']['conversation_id']}"))["last_message"]


async def test_every_kind_of_change_is_an_event(house: House, program: Program) -> None:
    ana = await house.agent()
    async with program.socket("0") as wire:
        await house.writes(meta.MARIA)
        created = await frames(wire, 3)
        conversation = await program.conversation()
        path = f"/conversations/{conversation['id']}"
        await program.http.patch(path, json={"assignee": str(ana.id)})
        await program.http.post(f"{path}/notes", json={"text": "una nota no es de nadie más"})
        await program.http.post(f"{path}/messages", json={"type": "text", "text": {"body": "Buenas"}})
        await program.http.patch(f"/contacts/{conversation['contact']['id']}", json={"name": "María"})
        seen = await until(wire, lambda seen: any(event["type"] == "contact.updated" for event in seen))

    changed = [event for event in seen if event["type"] != "message.updated"]  # what becomes of sending it
    assert {event["type"] for event in created} == {"contact.updated", "conversation.created", "message.created"}
    assert [event["type"] for event in changed] == ["conversation.updated", "message.created", "contact.updated"]
    assert changed[0]["data"]["assignee"] == str(ana.id)
    assert changed[0]["actor"]["kind"] == "token"
    assert changed[1]["data"]["direction"] == "out"
    assert changed[2]["data"]["name"] == "María"


async def test_following_live_gives_what_a_replay_gives(house: House, program: Program) -> None:
    """Row R1: who followed from the first entry and who asks afterwards are told the same, and it ends as it is."""
    async with program.socket("0") as wire:
        live = asyncio.create_task(until(wire, lambda seen: len(created(seen)) == 60))
        await asyncio.gather(*(house.writes(*random.sample(NUMBERS, 5)) for _ in range(12)))
        followed = await live
    async with program.socket("0") as wire:
        replayed = await until(wire, lambda seen: len(seen) == len(followed))

    assert [identity(event) for event in replayed] == [identity(event) for event in followed]
    assert {event["type"] for event in replayed} <= TYPES
    cursors = [int(event["cursor"]) for event in replayed]
    assert cursors == sorted(set(cursors))
    by_id = {event["data"]["id"]: event["data"] for event in created(followed)}
    now = [m for each in await program.walk("/conversations") for m in await walk(program, each)]
    assert by_id == {message["id"]: message for message in now}


async def test_cut_anywhere_and_resumed_each_event_comes_once(house: House, program: Program) -> None:
    """Row R2."""
    writing = asyncio.create_task(write_all(house, 40))
    seen: list[dict[str, Any]] = []
    while len(created(seen)) < 40:
        # Lets go at a random event, with others already on their way.
        async with program.socket(seen[-1]["cursor"] if seen else "0") as wire:
            for _ in range(random.randint(1, 9)):
                if len(created(seen)) < 40:
                    seen += await frames(wire, 1)
            wire.transport.abort()
    await writing

    cursors = [int(event["cursor"]) for event in seen]
    assert cursors == sorted(set(cursors))
    assert len(created(seen)) == 40


async def test_a_commit_that_comes_late_is_not_passed_over(house: House, program: Program) -> None:
    """Row F18: a follower at the head must not miss what began earlier and was committed later."""
    seen: list[dict[str, Any]] = []
    async with program.socket("0") as wire:
        following_it = asyncio.create_task(until(wire, lambda more: len(created(more)) >= 30))
        await asyncio.gather(*(dawdle(house, number) for number in range(30)))
        seen = await following_it

    async with house.db.reading() as tx:
        written = select(func.count()).where(AuditEntry.action == "message.received")
        assert await tx.scalar(written) == len(created(seen)) == 30


async def test_what_another_process_commits_is_heard_with_redis_and_without(
    postgres_database_url: str, valkey: Server
) -> None:
    """Rows F1, F18: Redis only hastens it; the history is read from the database by every process."""
    async with (
        serving(postgres_database_url, redis_url=valkey.url) as here,
        serving(postgres_database_url, redis_url=valkey.url) as there,
        here.program() as program,
        program.socket() as wire,
    ):
        await there.writes(*NUMBERS[:5])
        seen = await until(wire, lambda seen: len(created(seen)) == 5)
        valkey.kill()
        await asyncio.gather(there.writes(*NUMBERS[5:10]), here.writes(*NUMBERS[10:15]))
        seen += await until(wire, lambda seen: len(created(seen)) == 10)

    cursors = [int(event["cursor"]) for event in seen]
    assert cursors == sorted(set(cursors))
    assert len({event["data"]["id"] for event in created(seen)}) == 15


async def test_server_sent_events_say_the_same(house: House, program: Program) -> None:
    await house.writes(*NUMBERS[:3])
    async with program.socket("0") as wire:
        told = await until(wire, lambda seen: len(created(seen)) == 3)

    async with program.http.stream("GET", "/stream?cursor=0", headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = lines(answer)
        first = [event async for event in take(events, len(told))]
    middle = first[3]["id"]
    # An EventSource comes back to its address with what it saw last.
    again = {"accept": "text/event-stream", "last-event-id": middle}
    async with program.http.stream("GET", "/stream?cursor=0", headers=again) as answer:
        rest = [event async for event in take(lines(answer), len(told) - 4)]

    assert [json.loads(event["data"]) for event in first] == told
    assert [(event["id"], event["event"]) for event in first] == [(each["cursor"], each["type"]) for each in told]
    assert rest == first[4:]


async def test_a_token_hears_only_what_its_scopes_let_it_read(house: House) -> None:
    await house.writes(meta.MARIA)
    async with house.program("stream:read", "conversations:read") as program:
        await house.writes(meta.MARIA)
        async with program.socket("0") as wire:
            seen = await frames(wire, 1)
            await house.writes("51900000001")
            seen += await frames(wire, 1)

    assert [event["type"] for event in seen] == ["conversation.created", "conversation.created"]
    assert all(event["data"]["last_message"] is None for event in seen)


async def write_all(house: House, count: int) -> None:
    for _ in range(count):
        await house.writes(random.choice(NUMBERS))


async def dawdle(house: House, number: int) -> None:
    """A delivery whose transaction stays open for a few turns of the loop before it commits."""
    async with house.db.transaction() as tx:
        await ingest.take_in(tx, parse(meta.body(meta.text(sender=NUMBERS[number % 20]))), clock.now())
        for _ in range(random.randint(0, 20)):
            await asyncio.sleep(0)


async def walk(program: Program, conversation: dict[str, Any]) -> list[dict[str, Any]]:
    return await program.walk(f"/conversations/{conversation['id']}/messages")
