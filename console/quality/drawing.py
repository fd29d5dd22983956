"""Drawing a sample that anybody can draw again from its seed, and the weeks it is drawn for. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date, timedelta

WEEK = timedelta(days=7)


def draw(seed: str, numbers: Collection[int], size: int) -> list[int]:
    """`size` of these numbers (all, where there are fewer): those whose SHA-256 with the seed is least.

    The order they are given in is without effect, and a greater sample begins with the smaller one.
    """
    return sorted(set(numbers), key=lambda number: (_rank(seed, number), number))[:size]


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def week_before(day: date) -> date:
    """The Monday of the last week that was over on `day`."""
    return week_of(day) - WEEK


def _rank(seed: str, number: int) -> bytes:
    return hashlib.sha256(f"{seed}:{number}".encode()).digest()
