"""A page that stops reading is hung up on, and slows nobody. Rows R14 and C4 for the pages' socket."""

from __future__ import annotations

import socket

import pytest

from console.inbox import screens
from tests.front import Front
from tests.inbox import meta
from tests.patience import eventually


async def test_a_page_that_never_reads_loses_its_line_and_holds_up_nobody(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R14, C4: one in ten is deaf; those who read see everything."""
    assert screens.SEND_SECONDS <= 10
    monkeypatch.setattr(screens, "SEND_SECONDS", 0.5)
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await front.webhook(meta.body(meta.text("hola")))
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", int(front.address.rpartition(":")[2])))
    async with luz.live(opened=1, view="all") as hers, ana.socket(sock=small, max_queue=1, close_timeout=1) as deaf:
        await deaf.send('{"t":"hello","head":0,"view":"all","open":1}')
        await eventually(lambda: len(front.app.state.screens.all) == 2)
        deaf.transport.pause_reading()
        number = 0

        async def is_let_go() -> bool:
            nonlocal number
            number += 1
            await front.webhook(meta.body(*[meta.text(f"mensaje {number} " + "x" * 4000) for _ in range(20)]))
            await hers.shows(f"mensaje {number} ", within=3)
            return len(front.app.state.screens.all) == 1

        assert await eventually(is_let_go, within=20)
        deaf.transport.abort()
