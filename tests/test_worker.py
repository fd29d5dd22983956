"""The background work: a loop that fails begins again, and an order to stop is obeyed."""

from __future__ import annotations

import asyncio

import pytest

from console import worker


async def test_a_loop_that_fails_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE", 0.001)
    stop, tries = asyncio.Event(), 0

    async def fails_twice(until: asyncio.Event) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise RuntimeError("a bug")
        until.set()

    await asyncio.wait_for(worker.supervise("x", fails_twice, stop), 5)

    assert tries == 3


async def test_a_stop_ends_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE", 3600.0)
    stop, tried = asyncio.Event(), asyncio.Event()

    async def fails(_until: asyncio.Event) -> None:
        tried.set()
        raise RuntimeError("a bug")

    running = asyncio.create_task(worker.supervise("x", fails, stop))
    await tried.wait()
    stop.set()

    await asyncio.wait_for(running, 5)
