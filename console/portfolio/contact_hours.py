"""When a debtor may be written to first: the hours of their country, its holidays, and its working days. Pure.

The hours stand in contact_hours.json with their source. Where a country is not described the narrowest window of all
holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import msgspec

_FILE = Path(__file__).with_suffix(".json")
_LOOK_AHEAD = 30
"""Days; no country is closed for longer."""
_DEFAULT = "DEFAULT"
DAYS_OF_CAPS = 7
"""A week of the caps is this many days back, whichever day it begins."""


class Hours(msgspec.Struct, frozen=True):
    """Intervals per weekday, Monday first, and whether holidays are closed."""

    days: list[list[tuple[str, str]]]
    holidays: str


class Caps(msgspec.Struct, frozen=True):
    """How often: times a local day, times in any seven days, and clear days between two."""

    day: int
    week: int
    clear_days: int


class _Rules(msgspec.Struct, frozen=True):
    countries: dict[str, Hours]
    caps: dict[str, Caps]


def is_open(moment: datetime, zone: ZoneInfo, country: str) -> bool:
    """Whether somebody who lives in `zone` may be written to first at `moment`. Intervals end before their last minute.

    20:00:00 is closed where hours end at 20:00.
    """
    local = moment.astimezone(zone)
    return any(begin <= local.time() < end for begin, end in _intervals(local.date(), country))


def next_open(moment: datetime, zone: ZoneInfo, country: str) -> datetime:
    """`moment` itself where it is open, else the next instant at which it is."""
    if is_open(moment, zone, country):
        return moment
    local = moment.astimezone(zone)
    for ahead in range(_LOOK_AHEAD):
        day = local.date() + timedelta(days=ahead)
        for begin, _end in _intervals(day, country):
            opens = datetime.combine(day, begin, tzinfo=zone)
            if opens > local:
                return opens.astimezone(moment.tzinfo)
    raise AssertionError(f"{country} is closed for {_LOOK_AHEAD} days")


def is_too_often(before: Iterable[datetime], moment: datetime, zone: ZoneInfo, country: str) -> bool:
    """Whether somebody written to first at each moment of `before` may not be once more at `moment`."""
    caps = _rules().caps.get(country) or _rules().caps[_DEFAULT]
    today = moment.astimezone(zone).date()
    days = [(today - each.astimezone(zone).date()).days for each in before if each <= moment]
    return (
        days.count(0) >= caps.day
        or sum(each < DAYS_OF_CAPS for each in days) >= caps.week
        or any(each <= caps.clear_days for each in days if caps.clear_days)
    )


def is_described(country: str) -> bool:
    """Whether the rules of `country` are known here; where they are not, the strictest of all hold."""
    return country in _rules().countries and country != _DEFAULT


def is_working(day: date, country: str) -> bool:
    """Monday to Friday, and no national holiday."""
    return day.weekday() < 5 and not is_holiday(day, country)


def working_days_after(day: date, number: int, country: str) -> date:
    """The day `number` working days after `day`."""
    while number > 0:
        day += timedelta(days=1)
        number -= is_working(day, country)
    return day


def is_holiday(day: date, country: str) -> bool:
    """Whether `day` is a public holiday in the whole of `country`; never where its holidays are not known."""
    return day in _holidays(country, day.year)


def _intervals(day: date, country: str) -> list[tuple[time, time]]:
    hours = _rules().countries.get(country) or _rules().countries[_DEFAULT]
    if hours.holidays == "closed" and is_holiday(day, country):
        return []
    return [(time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in hours.days[day.weekday()]]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    return msgspec.json.decode(_FILE.read_bytes(), type=_Rules)


@lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
