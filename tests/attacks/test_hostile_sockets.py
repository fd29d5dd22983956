"""Pages that are none: frames too large, too many, in pieces, of the wrong kind. They lose their line and nothing else.

Row A23; tests/attacks/test_odd_input.py has what is said in frames that are read.
"""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed

from console.commands.serving import SOCKET_FRAME_BYTES
from console.inbox import sockets
from tests.front import Front, Wire
from tests.inbox import meta


async def ended_with(wire: Wire) -> int | None:
    """The code that the line is closed with, whatever is said before."""
    try:
        while True:
            await wire.hear()
    except ConnectionClosed as ended:
        return ended.rcvd.code if ended.rcvd else None


async def test_a_frame_larger_than_any_of_ours_ends_its_line_alone(front: Front) -> None:
    ana = await front.agent("Ana")
    async with ana.live() as other:
        async with ana.live() as wire:
            await wire.socket.send("x" * (SOCKET_FRAME_BYTES + 1))
            assert await ended_with(wire) == 1009
        await front.webhook(meta.body(meta.text("chirimoya")))
        await other.shows("chirimoya")


async def test_a_frame_in_many_pieces_is_no_larger_than_a_whole_one(front: Front) -> None:
    ana = await front.agent("Ana")
    async with ana.live() as wire:
        await wire.socket.send(["x" * 1000] * 200)
        assert await ended_with(wire) == 1009


@pytest.mark.parametrize("garbage", ["[]", "", b"\x00\xff"])
async def test_whoever_says_nothing_that_is_meant_is_let_go(front: Front, garbage: str | bytes) -> None:
    ana = await front.agent("Ana")
    async with ana.live() as wire:
        for _ in range(sockets.BAD_FRAMES + 1):
            await wire.socket.send(garbage)
        assert await ended_with(wire) == sockets.NOT_UNDERSTOOD


async def test_a_text_that_is_none_ends_its_line(front: Front) -> None:
    """RFC 6455, 8.1: what calls itself text is UTF-8."""
    ana = await front.agent("Ana")
    async with ana.live() as wire:
        wire.socket.protocol.send_text(b"\xff\xfe")
        wire.socket.send_data()
        assert await ended_with(wire) == 1007
    assert (await ana.http.get("/inbox")).status_code == 200


async def test_who_turns_from_one_conversation_to_another_without_end_is_seen_in_one(front: Front) -> None:
    """Thousands of subscriptions: each takes the place of the one before, and none is left behind."""
    ana, screens = await front.agent("Ana"), front.app.state.screens
    for number in range(8):
        await front.webhook(meta.body(meta.text("hola", sender=f"5194400000{number}")))
    async with ana.live() as wire:
        for turn in range(3000):
            await wire.socket.send(json.dumps({"t": "open", "open": turn % 12}))
        await wire.say(t="open", open=3)
        await wire.say(t="ping")
        await wire.until(lambda frame: "pong" in frame.control, within=30)
        assert {number: len(seen) for number, seen in screens.by_open.items()} == {3: 1}
    assert not screens.by_open


async def test_a_page_that_greets_again_and_again_is_one_page(front: Front) -> None:
    ana, screens = await front.agent("Ana"), front.app.state.screens
    async with ana.live() as wire:
        for number in range(200):
            await wire.say(t="hello", head=0, view="all", number=number)
        await wire.until(lambda frame: frame.control.get("hello") == 199, within=30)
        assert len(screens.all) == 1
