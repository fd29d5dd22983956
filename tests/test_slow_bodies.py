"""A body that comes at a reasonable pace is waited for; one that trickles is answered 408 and let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from console.slow_bodies import Message, Receive, Scope, Send, Unhurried

GRACE = 0.05
A_REQUEST: Scope = {"type": "http", "method": "POST", "path": "/"}


async def reads_it_all(_scope: Scope, receive: Receive, send: Send) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def ask(pieces: AsyncIterator[Message], **limits: Any) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await Unhurried(reads_it_all, grace=GRACE, **limits)(A_REQUEST, pieces.__anext__, send)
    return sent


def piece(size: int, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def test_a_body_that_stops_coming_is_answered_408_and_nothing_else() -> None:
    async def stops() -> AsyncIterator[Message]:
        yield piece(10)
        await asyncio.Event().wait()

    sent = await ask(stops())

    assert [message.get("status") for message in sent] == [408, None]
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_byte_now_and_then_does_not_keep_a_request_alive() -> None:
    async def trickles() -> AsyncIterator[Message]:
        loop = asyncio.get_running_loop()
        while True:
            moment = loop.create_future()
            loop.call_later(GRACE / 5, moment.set_result, None)
            await moment
            yield piece(1)

    sent = await asyncio.wait_for(ask(trickles()), timeout=20 * GRACE)

    assert sent[0]["status"] == 408


async def test_a_large_body_at_a_reasonable_pace_may_take_longer_than_the_grace() -> None:
    async def slow_but_steady() -> AsyncIterator[Message]:
        loop = asyncio.get_running_loop()
        for number in range(10):
            moment = loop.create_future()
            loop.call_later(GRACE / 2, moment.set_result, None)
            await moment
            yield piece(1000, more=number < 9)

    sent = await ask(slow_but_steady(), rate=round(1000 / GRACE))

    assert sent[0]["status"] == 200
    assert sent[1]["body"] == b"10000"


async def test_an_answer_may_take_as_long_as_it_wants_once_the_body_is_whole() -> None:
    async def whole_then_silent() -> AsyncIterator[Message]:
        loop = asyncio.get_running_loop()
        yield piece(1, more=False)
        moment = loop.create_future()
        loop.call_later(2 * GRACE, moment.set_result, None)
        await moment
        yield {"type": "http.disconnect"}

    async def waits_for_the_end(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 204, "headers": []})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await Unhurried(waits_for_the_end, grace=GRACE)(A_REQUEST, whole_then_silent().__anext__, send)

    assert sent[0]["status"] == 204
