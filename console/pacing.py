"""How background work rests, so that no message waits for it: it takes its share of the time, no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

LATE, BUSY = 0.004, 0.1
"""Seconds: who wakes so late is in a process that is busy with messages, and asks again after a while."""


class Pace:
    """Whoever works for `share` of the time at most, and not oftener than every `least` seconds.

    After each piece of work one rests as long as the share asks, at most `most` seconds: what comes meanwhile gathers,
    and is one piece of work too. The share holds on a busy machine all the more, where each piece takes longer.
    """

    def __init__(self, share: float, *, least: float, most: float = 2.0) -> None:
        self._times = 1 / share - 1
        self._least = least
        self._most = most
        self._worked = 0.0

    @contextmanager
    def working(self) -> Iterator[None]:
        """A piece of work."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._worked = time.monotonic() - begun

    async def rest(self, stop: asyncio.Event) -> None:
        """Rest after the last piece of work, or until `stop`; and on, while this process has its hands full."""
        begun = time.monotonic()
        seconds = min(max(self._worked * self._times, self._least), self._most)
        while not stop.is_set():
            asked = time.monotonic()
            await pause(stop, seconds)
            now = time.monotonic()
            if now - asked - seconds < LATE or now - begun > self._most:
                return
            seconds = BUSY


class Portion:
    """How much to take at once, so that nobody waits longer than `within` seconds for the database's one writer.

    Between `least` and `most` of whatever is counted: halved after a piece that held the writer too long, doubled
    again after one that was done in half the time. A fixed number would be too much on a busy machine, where each piece
    takes several times as long, and too little on a quiet one.
    """

    def __init__(self, *, least: int, most: int, within: float) -> None:
        self.size = most
        self._least = least
        self._most = most
        self._within = within

    @contextmanager
    def held(self) -> Iterator[None]:
        """The time for which a piece holds the writer."""
        begun = time.monotonic()
        yield
        seconds = time.monotonic() - begun
        if seconds > self._within:
            self.size = max(self.size // 2, self._least)
        elif seconds < self._within / 2:
            self.size = min(self.size * 2, self._most)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def news(stop: asyncio.Event, awake: asyncio.Event, *, within: float) -> None:
    """Wait until `awake` or `stop` is set, `within` seconds at most."""
    waits = [asyncio.create_task(each.wait()) for each in (stop, awake)]
    try:
        await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
