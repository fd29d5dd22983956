"""Whether a message went out when it might (compliance §2): within contact hours, or in answer to the debtor. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from console.portfolio import contact_hours

# Ours: a reply answers what came within a day, and a talk goes on for two hours after the last word.
REPLY_TO_OLD = timedelta(hours=24)
TALK_GOES_ON = timedelta(minutes=120)


class Hour(StrEnum):
    """What the hour of an outgoing message was."""

    WITHIN = "within"
    REPLY = "reply"  # the debtor had written: answered at any hour
    OUTSIDE = "outside"


class Clockwork:
    """Walks along one thread and judges what we sent. `zone` and `country` are the debtor's."""

    def __init__(self, zone: ZoneInfo, country: str) -> None:
        self._zone, self._country = zone, country
        self._last_inbound: datetime | None = None
        self._is_answered = True

    def heard(self, at: datetime) -> None:
        """The debtor wrote."""
        self._last_inbound, self._is_answered = at, False

    def said(self, at: datetime) -> Hour:
        """We wrote: how that stands."""
        is_reply = self._last_inbound is not None and (
            at - self._last_inbound <= (TALK_GOES_ON if self._is_answered else REPLY_TO_OLD)
        )
        self._is_answered = True
        if contact_hours.is_open(at, self._zone, self._country):
            return Hour.WITHIN
        return Hour.REPLY if is_reply else Hour.OUTSIDE
