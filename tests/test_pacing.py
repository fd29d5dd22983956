"""Background work gives way: it takes little at once, and less while messages keep the process busy."""

import asyncio
import time

import pytest

from console.pacing import BUSY, Pace, Portion


def _burn(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_whoever_wakes_late_rests_on() -> None:
    pace, stop = Pace(0.5, least=0.01), asyncio.Event()
    # The loop has its hands full just when the rest would be over.
    asyncio.get_running_loop().call_later(0.0095, _burn, 0.03)
    begun = time.monotonic()

    await pace.rest(stop)

    assert time.monotonic() - begun >= BUSY


async def test_a_busy_process_does_not_keep_anybody_from_work_for_ever() -> None:
    pace, stop = Pace(0.5, least=0.01, most=0.2), asyncio.Event()
    rested = asyncio.create_task(pace.rest(stop))

    while not rested.done():
        _burn(0.05)
        await asyncio.sleep(0)


async def test_a_rest_ends_with_the_work() -> None:
    pace, stop = Pace(0.5, least=3600, most=3600), asyncio.Event()
    stop.set()

    await pace.rest(stop)


def test_what_held_the_writer_too_long_is_halved_and_what_did_not_is_doubled() -> None:
    portion = Portion(least=30, most=200, within=0.01)
    sizes = []
    for seconds in (0.011, 0.011, 0.011, 0.006, 0.0, 0.0, 0.0):
        with portion.held():
            _burn(seconds)
        sizes.append(portion.size)

    assert sizes[:3] == [100, 50, 30]
    assert sizes[-1] == 200


def test_what_failed_says_nothing_of_how_long_it_takes() -> None:
    portion = Portion(least=30, most=200, within=0.01)

    with pytest.raises(ZeroDivisionError), portion.held():
        _burn(0.02 / 0)

    assert portion.size == 200
