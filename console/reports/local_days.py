"""Days, hours and business time as the reports count them: in the business's zone, by its teams' hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from sqlalchemy import select

from console.agents import Team
from console.db import Tx
from console.hours.reading import hours_of
from console.hours.working import Hours
from console.portfolio.states import day_begins

_SECOND = timedelta(seconds=1)


class Place(NamedTuple):
    """Where a moment falls."""

    day: date
    hour: int


class Calendar(NamedTuple):
    """The zone of the business, and when each team works."""

    zone: ZoneInfo
    hours: Mapping[int, Hours]

    @classmethod
    async def of(cls, tx: Tx, zone: ZoneInfo) -> Self:
        """As it is in force now."""
        teams = list(await tx.scalars(select(Team.id)))
        return cls(zone, {team: await hours_of(tx, team) for team in teams})

    def place(self, at: datetime) -> Place:
        """The day and the hour of the clock on the wall; an hour that comes twice is one."""
        local = at.astimezone(self.zone)
        return Place(local.date(), local.hour)

    def business_s(self, team_id: int, start: datetime, end: datetime) -> int:
        """Whole seconds between two moments in which the team works."""
        return int(self.hours[team_id].working_time(start, end) // _SECOND) if team_id in self.hours else 0


def month_begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which the month of `day` begins."""
    return day_begins(day.replace(day=1), zone)


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def bounds(since: date, until: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants between which the days `since` to `until`, both included, lie."""
    return day_begins(since, zone), day_begins(until + timedelta(days=1), zone)


def seconds(start: datetime, end: datetime) -> int:
    """Whole seconds from one moment to the other, never negative."""
    return max(0, int((end - start) // _SECOND))


def instant_of_us(at_us: int) -> datetime:
    """When an entry of the history was made."""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)
