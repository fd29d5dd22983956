"""The stream: everything once and in order, from any place, for as long as the token holds."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from websockets.exceptions import ConnectionClosed, InvalidStatus

from console import audit, clock, metrics
from console.api import following, stream
from console.audit import AuditEntry
from console.inbox import ingest
from console.migrations import migrate
from integrations.whatsapp.payloads import parse
from tests import servers
from tests.api.house import House, Program, frames, serving
from tests.databases import apart
from tests.inbox import meta
from tests.patience import eventually

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


@pytest.mark.parametrize("quietly", [False, True])
async def test_a_revoked_token_hears_nothing_more(house: House, program: Program, quietly: bool) -> None:
    async with program.socket() as wire:
        await wire.recv()
        before = asyncio.get_running_loop().time()
        await house.revoke(program.key, quietly=quietly)
        await house.writes(meta.MARIA)

        last = await rest(wire)

    assert last == [{"type": "error", "code": "token_revoked"}]
    assert wire.close_code == 4401
    assert asyncio.get_running_loop().time() - before < 2


async def test_a_bad_place_is_refused_before_the_stream_opens(house: House, program: Program) -> None:
    async with house.db.reading() as tx:
        beyond = str(await audit.head_of(tx) + 1000)

    for cursor, code in (
        ("abc", "invalid_cursor"),
        ("-1", "invalid_cursor"),
        ("9" * 40, "invalid_cursor"),
        (beyond, "cursor_ahead"),
    ):
        answer = await program.http.get("/stream", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        with pytest.raises(InvalidStatus) as refused:
            async with program.socket(cursor):
                pass
        assert refused.value.response.status_code == 400
        assert json.loads(refused.value.response.body)["code"] == code


async def test_a_database_that_goes_away_ends_the_stream_with_a_word_for_it() -> None:
    with servers.postgres() as server:
        apart(migrate(server.url))
        async with serving(server.url) as house, house.program() as program:
            async with program.socket() as wire:
                await wire.recv()
                server.kill()
                last = await rest(wire)
            with pytest.raises(InvalidStatus) as refused:
                async with program.socket():
                    pass
            answer = await program.http.get("/users")

    assert last == [{"type": "error", "code": "unavailable"}]
    assert wire.close_code == 1013
    assert refused.value.response.status_code == 503
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "2")


async def test_without_a_token_no_socket_opens(house: House, program: Program) -> None:
    """Row A22: nor with one in the address, where it would end up in logs."""
    async with house.program("messages:read") as other:
        for key, statuses in (("nobody", {401}), ("", {401, 403}), (other.key, {403})):
            program.key = key
            with pytest.raises(InvalidStatus) as refused:
                async with program.socket():
                    pass
            assert refused.value.response.status_code in statuses
    program.key = "nobody"
    with pytest.raises(InvalidStatus) as refused:
        async with program.socket(f"0&access_token={program.key}"):
            pass
    assert refused.value.response.status_code == 401


async def test_another_format_is_not_to_be_had(program: Program) -> None:
    answer = await program.http.get("/stream", headers={"accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


async def test_what_a_client_says_is_never_repeated_back(house: House, program: Program) -> None:
    """Row A24: a client may only listen. What it says changes nothing; too much of it ends the stream."""
    async with program.socket() as wire:
        await wire.recv()
        for _ in range(stream.MOST_FRAMES - 1):
            await wire.send("<script>alert(1)</script>")
        await wire.send(b"\xff\x00")

        said = await rest(wire)

    assert said == [{"type": "error", "code": "read_only"}]
    assert wire.close_code == 1008


async def test_one_program_may_open_only_so_many(
    house: House, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_PER_TOKEN", 2)
    async with program.socket(), program.socket() as second:
        await second.recv()
        with pytest.raises(InvalidStatus) as refused:
            async with program.socket():
                pass
        assert refused.value.response.status_code == 429
        answer = await program.http.get("/stream")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")

    assert await eventually(lambda: open_streams() == 0)
    async with program.socket() as again:
        assert await again.recv()


async def test_a_quiet_stream_has_a_heartbeat_with_the_head(
    house: House, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row R4: between events, a client learns that it has everything."""
    assert following.HEARTBEAT <= 25
    monkeypatch.setattr(following, "HEARTBEAT", 0.05)
    monkeypatch.setattr(following, "LOOK_AGAIN", 0.05)
    async with program.socket() as wire:
        first = json.loads(await wire.recv())
        await house.agent()
        async with house.db.transaction() as tx:
            audit.record(tx, audit.SYSTEM, "channel.updated")

        frame = first
        while int(frame["head"]) <= int(first["head"]):
            frame = json.loads(await wire.recv())

            assert frame["type"] == "heartbeat"


async def test_who_does_not_read_is_let_go_and_holds_up_nobody(
    sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row R14: a client that stops reading loses its socket; whoever reads goes on, and it may come back."""
    monkeypatch.setattr(stream, "PATIENCE", 1.0)
    async with serving(sqlite_database_url, buffer=8192) as house, house.program() as program:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        small.connect(("127.0.0.1", int(house.url.rpartition(":")[2])))
        async with program.socket("0", sock=small, max_queue=1, close_timeout=1) as deaf, program.socket("0") as other:
            deaf.transport.pause_reading()
            hearing = asyncio.create_task(until(other, lambda seen: len(created(seen)) == 200))
            for _ in range(10):
                await house.writes(*NUMBERS, text="x" * 4000)
            heard = await hearing
            assert await eventually(lambda: open_streams() == 1, within=10)
            await house.writes(meta.MARIA)
            heard += await until(other, created)
            deaf.transport.abort()

    assert len(created(heard)) == 201


def open_streams() -> int:
    return int(metrics.live_streams._value.get())


async def write_all(house: House, count: int) -> None:
    for _ in range(count):
        await house.writes(random.choice(NUMBERS))


async def dawdle(house: House, number: int) -> None:
    """A delivery whose transaction stays open for a few turns of the loop before it commits."""
    async with house.db.transaction() as tx:
        await ingest.take_in(tx, parse(meta.body(meta.text(sender=NUMBERS[number % 20]))), clock.now())
        for _ in range(random.randint(0, 20)):
            await asyncio.sleep(0)


async def until(wire: Any, enough: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    while not enough(seen):
        seen += await frames(wire, 1)
    return seen


async def rest(wire: Any) -> list[dict[str, Any]]:
    """What still comes before the socket closes, without heartbeats."""
    said = []
    try:
        async with asyncio.timeout(10):
            while True:
                frame = json.loads(await wire.recv())
                if frame["type"] != "heartbeat":
                    said.append(frame)
    except ConnectionClosed:
        return said


async def walk(program: Program, conversation: dict[str, Any]) -> list[dict[str, Any]]:
    return await program.walk(f"/conversations/{conversation['id']}/messages")


def created(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == "message.created"]


def identity(event: dict[str, Any]) -> tuple[str, ...]:
    """What a replay must repeat. The rest of `data` is how things are when the event is given."""
    return (event["cursor"], event["type"], event["at"], event["action"], event["data"]["id"])


async def lines(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The events of an event stream (those with data), as a browser reads them."""
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if not line and "data" in event:
            yield event
        if not line:
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


async def take(events: AsyncIterator[dict[str, str]], count: int) -> AsyncIterator[dict[str, str]]:
    for _ in range(count):
        yield await anext(events)
