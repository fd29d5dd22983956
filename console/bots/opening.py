"""Opening hours as they are told to somebody who asks: `lunes a viernes de 08:00 a 18:00, sábado de 09:00 a 13:00`."""

from __future__ import annotations

from collections.abc import Sequence

from console.hours.working import MINUTES_OF_DAY, Hours, Interval
from console.languages.moments import DAYS

_WEEK = 7


def said(hours: Hours) -> str:
    """The usual week in words, days of the same hours together; empty for who never works."""
    parts = []
    day = 0
    while day < _WEEK:
        last = day
        while last + 1 < _WEEK and list(hours.days[last + 1]) == list(hours.days[day]):
            last += 1
        if hours.days[day]:
            parts.append(f"{_days(day, last)} {_times(hours.days[day])}")
        day = last + 1
    return ", ".join(parts)


def _days(first: int, last: int) -> str:
    if first == last:
        return DAYS[first]
    joined = " y " if last == first + 1 else " a "
    return f"{DAYS[first]}{joined}{DAYS[last]}"


def _times(intervals: Sequence[Interval]) -> str:
    return " y ".join(f"de {_time(begin)} a {_time(end)}" for begin, end in intervals)


def _time(minutes: int) -> str:
    hour, minute = divmod(minutes % MINUTES_OF_DAY, 60)
    return f"{hour:02}:{minute:02}"
