"""The pace: however claims fall, nobody ever gets more than Meta allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.inbox import pacing

START = datetime(2026, 11, 20, 15, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

gaps = st.lists(st.integers(0, 3000), min_size=1, max_size=60)


@given(gaps=gaps, rate=st.sampled_from([1, 7, 20, 80, 1000]), greed=st.integers(1, 50))
def test_no_second_of_departures_holds_more_than_the_rate(gaps: list[int], rate: int, greed: int) -> None:
    """O13: whoever asks, whenever, for however many, in however many processes: the state is one instant."""
    now, paced_until, departures = START, None, []
    for gap in gaps:
        now += gap * MILLISECOND
        for _ in range(greed):
            departs = pacing.departure(paced_until, now, rate=rate)
            if departs is None:
                break
            assert now <= departs <= now + pacing.HORIZON
            departures.append(departs)
            paced_until = pacing.following(departs, rate=rate)

    for first, beyond in zip(departures, departures[rate:], strict=False):
        assert beyond - first >= timedelta(seconds=1)


def test_a_waiting_queue_leaves_at_the_full_rate() -> None:
    now, paced_until, departures = START, None, []
    while now < START + timedelta(seconds=5):
        departs = pacing.departure(paced_until, now, rate=80)
        if departs is None:
            now += 10 * MILLISECOND
            continue
        departures.append(departs)
        paced_until = pacing.following(departs, rate=80)

    assert 400 <= len(departures) <= 421


@given(gaps=st.lists(st.integers(0, 40_000), min_size=50, max_size=150))
def test_one_person_gets_a_burst_and_then_one_each_six_seconds(gaps: list[int]) -> None:
    """O13, whatsapp.md §16."""
    now, paced_until, departures = START, None, []
    for gap in gaps:
        now += gap * MILLISECOND
        departs = pacing.pair_departure(paced_until, now)
        assert departs >= now
        departures.append(departs)
        paced_until = pacing.pair_following(paced_until, departs)
        now = departs

    for extra in (0, 1, 10):
        for first, beyond in zip(departures, departures[pacing.PAIR_BURST + extra :], strict=False):
            assert beyond - first >= pacing.PAIR_INTERVAL * (extra + 1)


def test_a_burst_to_one_person_leaves_at_once() -> None:
    paced_until = None
    for _ in range(pacing.PAIR_BURST):
        assert pacing.pair_departure(paced_until, START) == START
        paced_until = pacing.pair_following(paced_until, START)

    assert pacing.pair_departure(paced_until, START) == START + pacing.PAIR_INTERVAL


def test_a_clock_that_was_set_back_does_not_stop_the_line() -> None:
    """F32: an instant further ahead than any booking can be was written by another clock."""
    ahead = START + timedelta(hours=1)

    assert pacing.departure(ahead, START, rate=80) == START
    assert pacing.pair_departure(ahead, START) == START
    assert pacing.pair_following(ahead, START) == START + pacing.PAIR_INTERVAL


def test_the_pair_backs_off_by_powers_of_four_up_to_a_limit() -> None:
    waits = [pacing.pair_backoff(refusals).total_seconds() for refusals in range(8)]

    assert waits == [1, 4, 16, 64, 256, 1024, 1024, 1024]


@given(
    attempts=st.integers(0, 1000),
    first=st.floats(0, 3600),
    jitter=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(allow_nan=True),
)
def test_a_retry_waits_longer_each_time_and_never_for_ever(
    attempts: int, first: float, jitter: float, asked: float | None
) -> None:
    delay = pacing.retry_delay(attempts, first=first, jitter=jitter, retry_after=asked).total_seconds()

    assert 0.25 <= delay <= max(60, first, 600) + 1e-6  # microseconds are rounded
    if asked is not None and 0 <= asked <= 600:
        assert delay >= asked - 1e-6
