"""Waiting for what happens by itself: the one place in the tests that sleeps, a moment at a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

Seen = TypeVar("Seen")
# What comes at once is seen at once, and a second of waiting is twenty looks: each is work for whom it waits for.
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.05


@overload
async def eventually(look: Callable[[], Awaitable[Seen]], *, within: float = 5.0) -> Seen: ...


@overload
async def eventually(look: Callable[[], Seen], *, within: float = 5.0) -> Seen: ...


async def eventually(look: Callable[[], Seen | Awaitable[Seen]], *, within: float = 5.0) -> Seen:
    """Look again and again until what is seen is truthy, and return it; fail after `within` seconds.

    An AssertionError in `look` counts as "not yet", and is the failure shown if it stays.
    """
    end, pause = time.monotonic() + within, FIRST_PAUSE
    while True:
        try:
            glance = look()
            seen: Seen = await glance if inspect.isawaitable(glance) else glance
        except AssertionError:
            if time.monotonic() > end:
                raise
        else:
            if seen:
                return seen
            assert time.monotonic() < end, f"still {seen!r} after {within} s"
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def eventually_now(look: Callable[[], Seen], *, within: float = 5.0) -> Seen:
    """`eventually` for a test that is not async."""
    end, pause = time.monotonic() + within, FIRST_PAUSE
    while not (seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {within} s"
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return seen


async def pace(seconds: float) -> None:
    """The beat of a load that goes on beside a test; never a way to wait for something."""
    await asyncio.sleep(seconds)
