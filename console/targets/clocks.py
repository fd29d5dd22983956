"""The clocks of a conversation: when an answer, and its end, are to be warned about and are late. Pure.

A clock goes by the target and the hours that were in force when it began; a change holds for clocks that begin later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from console.hours.models import COMPANY
from console.hours.working import Hours
from console.targets.models import EVERY_STATE, Kind

Columns = dict[str, datetime | None]
"""Columns of Conversation and what they are to be."""
Tone = Literal["calm", "soon", "late"]
ANSWER, RESOLUTION = "answer", "resolution"
COLUMNS = (
    "opened_at",
    "answered_at",
    "answer_warns_at",
    "answer_due_at",
    "answer_tells_at",
    "resolution_warns_at",
    "resolution_due_at",
    "resolution_tells_at",
)
"""All that the clocks keep of a conversation. `…_tells_at` is when the history next hears of it; None: it has."""


class Allowed(msgspec.Struct, frozen=True):
    """How much business time there is until a warning, and until it is late."""

    warns: timedelta
    due: timedelta


class Whose(msgspec.Struct, frozen=True):
    """By whose targets and hours a clock goes: a team's, for people in this account state."""

    team_id: int
    account_state: str | None


class Book(msgspec.Struct, frozen=True):
    """Every target and the hours they are counted in."""

    targets: Mapping[tuple[int, str, str], Allowed]
    hours: Mapping[int, Hours]

    def allowed(self, team_id: int, account_state: str | None, kind: Kind) -> Allowed | None:
        """The target that holds: the team's for that state, the team's, the company's for that state, the company's."""
        state = account_state or EVERY_STATE
        places = ((team_id, state), (team_id, EVERY_STATE), (COMPANY, state), (COMPANY, EVERY_STATE))
        return next((found for team, of in places if (found := self.targets.get((team, of, kind)))), None)

    def hours_of(self, team_id: int) -> Hours:
        """The team's hours, or the company's."""
        return self.hours.get(team_id) or self.hours[COMPANY]


def waits(book: Book, whose: Whose, *, answered: bool, since: datetime) -> Columns:
    """Somebody waits for an answer since then; `answered` says whether a person has answered since it opened."""
    return _clock(book, whose, kind=Kind.NEXT if answered else Kind.FIRST, since=since)


def waits_no_more(answered_at: datetime | None = None) -> Columns:
    """Nobody waits; `answered_at` is when one of our people answered, if that is why."""
    return _stopped(ANSWER) | ({"answered_at": answered_at} if answered_at else {})


def opened(book: Book, whose: Whose, *, since: datetime) -> Columns:
    """The matter began, or began again, then: the next answer is a first one."""
    clock = _clock(book, whose, kind=Kind.RESOLUTION, since=since)
    return {"opened_at": since, "answered_at": None, **clock}


def closed() -> Columns:
    """The matter is settled: nothing is waited for."""
    return _stopped(ANSWER) | _stopped(RESOLUTION)


def _clock(book: Book, whose: Whose, *, kind: Kind, since: datetime) -> Columns:
    name = RESOLUTION if kind is Kind.RESOLUTION else ANSWER
    allowed = book.allowed(whose.team_id, whose.account_state, kind)
    hours = book.hours_of(whose.team_id)
    due = hours.after(since, allowed.due) if allowed else None
    if allowed is None or due is None:  # no target, or closed for good
        return _stopped(name)
    warns = hours.after(since, allowed.warns)
    return {f"{name}_warns_at": warns, f"{name}_due_at": due, f"{name}_tells_at": warns}


def _stopped(name: str) -> Columns:
    return {f"{name}_warns_at": None, f"{name}_due_at": None, f"{name}_tells_at": None}


def tone(warns_at: datetime | None, due_at: datetime | None, moment: datetime) -> Tone:
    """How a clock stands at `moment`; one that does not run is calm."""
    if due_at is not None and due_at <= moment:
        return "late"
    return "soon" if warns_at is not None and warns_at <= moment else "calm"
