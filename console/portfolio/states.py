"""The account states: what a day makes of what is owed. Pure: the day, the rules and the debts are arguments.

Days past due and buckets as the field counts them (days are calendar days of the debtor; the due day itself is 0).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from console.languages.words import Words


class State(StrEnum):
    """The account-state tags. Computed, never typed."""

    CURRENT = "current"
    LATE_1 = "late_1"
    LATE_2 = "late_2"
    LATE_3 = "late_3"
    PLAN = "plan"
    DISPUTE = "dispute"


# The worst last: of several accounts of one person, this one is shown.
ORDER = (State.CURRENT, State.PLAN, State.LATE_1, State.LATE_2, State.LATE_3, State.DISPUTE)
RANK = {state: rank for rank, state in enumerate(ORDER)}


# The class that gives a state its colour on screen (pieces.css).
TONES = {
    State.CURRENT: "ok",
    State.LATE_1: "b30",
    State.LATE_2: "b60",
    State.LATE_3: "b60p",
    State.PLAN: "plan",
    State.DISPUTE: "disp",
}


class Edges(msgspec.Struct, frozen=True):
    """The last days past due of the first and of the second bucket: 30 and 60 make 1-30, 31-60, +60."""

    first: int = 30
    second: int = 60


DEFAULT_EDGES = Edges()


def label(state: State, edges: Edges = DEFAULT_EDGES) -> str:
    """The tag as agents read it: "Vencido 31-60"."""
    match state:
        case State.CURRENT:
            return Words("Al día")
        case State.LATE_1:
            return Words("Vencido 1-{first}", first=edges.first)
        case State.LATE_2:
            return Words("Vencido {first}-{second}", first=edges.first + 1, second=edges.second)
        case State.LATE_3:
            return Words("Vencido +{second}", second=edges.second)
        case State.PLAN:
            return Words("En plan de pago")
        case State.DISPUTE:
            return Words("Disputa")


class Owed(msgspec.Struct, frozen=True):
    """What is left of one invoice."""

    due_on: date
    balance_minor: int
    disputed: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How an account stands on one day. `next_change_on` is the first later day on which, left alone, it differs."""

    state: State
    balance_minor: int
    overdue_minor: int
    oldest_due_on: date | None
    next_change_on: date | None

    def days_past_due(self, today: date) -> int:
        """Days since the oldest overdue invoice fell due; 0 when nothing is overdue."""
        return days_past_due(self.oldest_due_on, today)


def days_past_due(oldest_due_on: date | None, today: date) -> int:
    """`max(0, today - due day of the oldest invoice that is still owed)`."""
    return max(0, (today - oldest_due_on).days) if oldest_due_on else 0


def standing_of(
    owed: Iterable[Owed],
    *,
    today: date,
    edges: Edges = DEFAULT_EDGES,
    tolerance_minor: int = 0,
    in_plan: bool = False,
    in_dispute: bool = False,
) -> Standing:
    """How an account with these invoices stands on `today`, a day of the debtor's calendar.

    A remainder of `tolerance_minor` or less is not overdue. What is disputed is owed but not overdue. A plan hides the
    bucket, an open dispute hides both.
    """
    owed = list(owed)
    counted = [each for each in owed if not each.disputed and each.balance_minor > tolerance_minor]
    overdue = [each for each in counted if each.due_on < today]
    oldest = min((each.due_on for each in overdue), default=None)
    bucket = _bucket(days_past_due(oldest, today), edges)
    return Standing(
        state=State.DISPUTE if in_dispute else State.PLAN if in_plan else bucket,
        balance_minor=sum(each.balance_minor for each in owed),
        overdue_minor=sum(each.balance_minor for each in overdue),
        oldest_due_on=oldest,
        next_change_on=_next_change(counted, oldest, today, edges),
    )


def _bucket(days: int, edges: Edges) -> State:
    if days <= 0:
        return State.CURRENT
    if days <= edges.first:
        return State.LATE_1
    return State.LATE_2 if days <= edges.second else State.LATE_3


def _next_change(counted: Iterable[Owed], oldest: date | None, today: date, edges: Edges) -> date | None:
    """The next day on which another invoice becomes overdue or the oldest one crosses an edge."""
    days = [each.due_on + timedelta(days=1) for each in counted]
    first = oldest or min((each.due_on for each in counted), default=None)
    if first is not None:
        days += [first + timedelta(days=edge + 1) for edge in (edges.first, edges.second)]
    return min((day for day in days if day > today), default=None)


def today_in(zone: ZoneInfo, moment: datetime) -> date:
    """The day it is at `moment` where the debtor lives."""
    return moment.astimezone(zone).date()


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which `day` begins in `zone`.

    Where clocks go forward at midnight (Santiago), the day begins at one o'clock: at the instant of the change.
    """
    # A midnight that does not exist is read with the old offset, which is the very instant of the change; one that
    # comes twice is read as the first.
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def moment_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """`day_begins`, of a day that may not come."""
    return None if day is None else day_begins(day, zone)
