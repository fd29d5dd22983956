"""When people attend, until the business says otherwise: weekdays from eight to six, no holidays. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from console.portfolio.contact_hours import is_holiday

OPENS, CLOSES = time(8), time(18)
WORDS = "de lunes a viernes de 08:00 a 18:00"
_WEEKEND = 5
_LOOK = 30


class Opening(msgspec.Struct, frozen=True):
    """The usual hours in a country and a zone."""

    country: str
    zone: ZoneInfo

    def is_open(self, at: datetime) -> bool:
        """Whether people attend at `at`."""
        local = at.astimezone(self.zone)
        works = local.weekday() < _WEEKEND and not is_holiday(local.date(), self.country)
        return works and OPENS <= local.time() < CLOSES

    def next_opening(self, at: datetime) -> datetime | None:
        """When they attend again; `at` itself while they do."""
        if self.is_open(at):
            return at
        day = at.astimezone(self.zone).date()
        for ahead in range(_LOOK):
            opens = datetime.combine(day + timedelta(days=ahead), OPENS, self.zone).astimezone(UTC)
            if opens > at and self.is_open(opens):
                return opens
        return None
