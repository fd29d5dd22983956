"""What a team's hours say about a moment: open or not, until when, and how much work lies between two. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

MINUTES_OF_DAY = 1440
LATEST_END = 2 * MINUTES_OF_DAY
_LOOK_AHEAD = 400
"""Days in which an opening is looked for; who is closed for longer has closed."""
_ONE = timedelta(days=1)

Interval = tuple[int, int]
"""Begin and end in minutes from local midnight; an end past 1,440 lies on the next day."""
Span = tuple[datetime, datetime]

USUAL_WEEK: tuple[tuple[Interval, ...], ...] = (*((((8 * 60, 18 * 60),),) * 5), ((9 * 60, 13 * 60),), ())
"""Monday to Friday 8 to 18, Saturday 9 to 13: until the business says otherwise."""


@dataclass(frozen=True)
class Hours:
    """When somebody works. Moments are aware; what comes back is in UTC. Ends are not part of an interval.

    `days` are the intervals of each weekday from Monday; `special` those of days unlike their week, which win over
    holidays too; `country` is whose public holidays are closed, if anybody's.
    """

    zone: str = "America/Lima"
    days: Sequence[Sequence[Interval]] = USUAL_WEEK
    special: Mapping[date, Sequence[Interval]] = field(default_factory=dict)
    country: str | None = None
    _spans: dict[date, list[Span]] = field(default_factory=dict, compare=False, repr=False)

    def intervals(self, day: date) -> Sequence[Interval]:
        """The hours of the local `day`, as they were entered."""
        if day in self.special:
            return self.special[day]
        if self.holiday(day) is not None:
            return ()
        return self.days[day.weekday()]

    def holiday(self, day: date) -> str | None:
        """The public holiday that closes `day`, by its name."""
        return _holidays(self.country, day.year).get(day) if self.country else None

    def is_open(self, at: datetime) -> bool:
        """Whether there is work at this moment."""
        return self.closes_at(at) is not None

    def closes_at(self, at: datetime) -> datetime | None:
        """When the work that goes on at this moment ends; None while closed."""
        for begin, end in self._from(at):
            if begin <= at < end:
                return end
            if begin > at:
                return None
        return None

    def next_opening(self, at: datetime) -> datetime | None:
        """This very moment while open, else the next at which work begins; None where it never does."""
        for begin, _end in self._from(at):
            return max(begin, at.astimezone(UTC))
        return None

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """How much work lies between two moments; none where the second is not the later one."""
        passed = timedelta()
        if end <= start:
            return passed
        for begins, ends in self._from(start):
            if begins >= end:
                break
            passed += min(ends, end) - max(begins, start)
        return passed

    def after(self, start: datetime, working: timedelta) -> datetime | None:
        """The moment at which `working` has been worked since `start`; None where there is not so much work to come."""
        if working <= timedelta():
            return start.astimezone(UTC)
        for begins, ends in self._from(start):
            begins = max(begins, start.astimezone(UTC))  # noqa: PLW2901 what is left of it
            if ends - begins >= working:
                return begins + working
            working -= ends - begins
        return None

    def _from(self, at: datetime) -> Iterator[Span]:
        """Stretches of work that end after `at`, in order; those that touch are one."""
        current: Span | None = None
        day = at.astimezone(ZoneInfo(self.zone)).date() - 2 * _ONE
        for _ in range(_LOOK_AHEAD):
            for begin, end in self._of(day):
                if current is not None and begin <= current[1]:
                    current = (current[0], max(current[1], end))
                    continue
                if current is not None and current[1] > at:
                    yield current
                current = (begin, end)
            day += _ONE
        if current is not None and current[1] > at:
            yield current

    def _of(self, day: date) -> list[Span]:
        found = self._spans.get(day)
        if found is None:
            zone = ZoneInfo(self.zone)
            spans = ((_moment(day, begin, zone), _moment(day, end, zone)) for begin, end in self.intervals(day))
            # An interval that lies in the hour that a clock leaves out is none.
            found = self._spans[day] = sorted((begin, end) for begin, end in spans if begin < end)
        return found


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, MINUTES_OF_DAY)
    wall = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone) + days * _ONE
    return wall.astimezone(UTC)


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> dict[date, str]:
    language = {"BR": "pt_BR", "US": "en_US"}.get(country, "es")
    try:
        return dict(holidays.country_holidays(country, years=year, language=language))
    except NotImplementedError:
        return {}
