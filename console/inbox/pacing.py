"""How fast we may speak: to everybody together, to one person, and again after a refusal. Pure arithmetic of instants.

Both limits are a generic cell rate algorithm whose whole state is one instant (the theoretical arrival time), so it
lives in a column and is shared by every process.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# One message each 6 s to one person, up to 45 at once borrowed from the future (whatsapp.md §16).
PAIR_INTERVAL = timedelta(seconds=6)
PAIR_BURST = 45
PAIR_TOLERANCE = PAIR_INTERVAL * (PAIR_BURST - 1)

# How far ahead departures are booked: claims then come in batches and still leave evenly spaced.
HORIZON = timedelta(milliseconds=250)
# Clocks of two hosts may differ by so much; an instant further off than can be is a clock that was set back.
SKEW = timedelta(seconds=5)

LONGEST_PAIR_BACKOFF = timedelta(seconds=4**5)
LONGEST_RETRY = timedelta(seconds=60)
LONGEST_RETRY_AFTER = timedelta(minutes=10)


def interval(rate: int) -> timedelta:
    """Between two departures at `rate` a second, never shorter than exact."""
    return timedelta(microseconds=-(-1_000_000 // rate))


def departure(paced_until: datetime | None, now: datetime, *, rate: int) -> datetime | None:
    """When the next message of the number may leave, or None if that is too far ahead to be booked at `now`.

    The caller keeps `following(departure)` as the new `paced_until`. However claims fall, no second of departures
    ever holds more than `rate`.
    """
    if paced_until is None or paced_until <= now or paced_until > now + HORIZON + interval(rate) + SKEW:
        return now
    return paced_until if paced_until <= now + HORIZON else None


def following(departs: datetime, *, rate: int) -> datetime:
    """The `paced_until` that a departure leaves behind."""
    return departs + interval(rate)


def pair_departure(paced_until: datetime | None, now: datetime) -> datetime:
    """When the next message to one person may leave: at once while the burst lasts, then one each 6 s."""
    if paced_until is None or paced_until > now + PAIR_TOLERANCE + PAIR_INTERVAL + HORIZON + SKEW:
        return now
    return max(now, paced_until - PAIR_TOLERANCE)


def pair_following(paced_until: datetime | None, departs: datetime) -> datetime:
    """The pair's `paced_until` after a departure."""
    if paced_until is None or paced_until < departs or paced_until > departs + PAIR_TOLERANCE + PAIR_INTERVAL + SKEW:
        return departs + PAIR_INTERVAL
    return paced_until + PAIR_INTERVAL


def pair_backoff(refusals: int) -> timedelta:
    """How long to leave one person alone after 131056: 4^X s, X = 0, 1, 2… (whatsapp.md §16), with an upper limit."""
    return timedelta(seconds=min(4 ** min(refusals, 5), LONGEST_PAIR_BACKOFF.total_seconds()))


def retry_delay(attempts: int, *, first: float, jitter: float, retry_after: float | None = None) -> timedelta:
    """How long to wait after a certain refusal that `attempts` others came before.

    Doubles from `first` seconds to a minute (or `first`, if that is longer), spread by `jitter` in [0, 1) over its
    upper half so that many do not come back at once; a server's own Retry-After (seconds) is a minimum.
    """
    longest = max(LONGEST_RETRY.total_seconds(), first)
    full = min(max(first, 0.5) * 2 ** min(attempts, 10), longest)
    asked = min(max(0.0, retry_after or 0.0), LONGEST_RETRY_AFTER.total_seconds())
    return timedelta(seconds=max(full * (0.5 + jitter / 2), asked))
