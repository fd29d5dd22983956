"""The stream's limits: who may follow, for how long, and how it says that it is over."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from console import audit
from console.api import following, stream
from console.migrations import migrate
from tests import servers
from tests.api.hearing import created, open_streams, rest, until
from tests.api.house import House, Program, serving
from tests.databases import apart
from tests.inbox import meta
from tests.patience import eventually

NUMBERS = [f"5194421{number:04d}" for number in range(20)]


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


async def test_a_program_that_shows_no_token_is_told_that_it_lacks_one(house: House, program: Program) -> None:
    """Row A22: 401, as for any call; a page of another site is refused before that."""
    address = f"{house.url.replace('http', 'ws', 1)}/api/v1/stream"
    for origin, status, code in ((None, 401, "unauthorized"), ("https://evil.example", 403, "wrong_origin")):
        with pytest.raises(InvalidStatus) as refused:
            async with websockets.connect(address, origin=origin):  # type: ignore[arg-type]
                pass
        answer = refused.value.response
        assert (answer.status_code, json.loads(answer.body)["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_head_of_the_stream_ends_at_once_and_holds_no_seat(
    house: House, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_PER_TOKEN", 1)
    for _ in range(3):
        answer = await asyncio.wait_for(program.http.head("/stream"), 5)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith(stream.EVENT_STREAM)


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
