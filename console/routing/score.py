"""Points that say why somebody is served before others: each has its reason, in the words the screens print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from console.inbox.policy import SAFETY_MARGIN
from console.languages.words import Words
from console.portfolio.agreements import PromiseState
from console.portfolio.states import State

CLOSING = timedelta(hours=2)
MOST_FOR_AMOUNT = 5
"""How many steps of the amount give points at most: a very large debt must not hide everybody else."""


class Point(msgspec.Struct, frozen=True):
    """A reason for points: its name in the rule, what the settings call it, and its usual value (0 to 100)."""

    name: str
    label: str
    usual: int


POINTS = {
    point.name: point
    for point in (
        Point("minute", Words("Por cada 10 minutos de espera, hasta 2 horas"), 3),
        Point("promise_today", Words("La promesa vence hoy"), 20),
        Point("promise_broken", Words("La promesa está rota"), 15),
        Point("window", Words("La ventana cierra en menos de 2 horas"), 25),
        Point("dispute", Words("Tiene una disputa abierta"), 10),
        Point("late_1", Words("Primer tramo de atraso"), 2),
        Point("late_2", Words("Segundo tramo de atraso"), 5),
        Point("late_3", Words("Más allá del segundo tramo"), 8),
        Point("amount", Words("Por cada 1,000 vencidos, hasta 5,000"), 2),
    )
}
USUAL_POINTS = {name: point.usual for name, point in POINTS.items()}
AMOUNT_STEP_MINOR = 100_000
_LATE = {
    State.LATE_1: Words("primer tramo de atraso"),
    State.LATE_2: Words("segundo tramo"),
    State.LATE_3: Words("atraso mayor"),
}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All of a conversation that decides its place. `overdue_minor` is in the business's smallest unit."""

    waiting_since: datetime | None = None
    window_closes_at: datetime | None = None
    account_state: str | None = None
    overdue_minor: int | None = None
    promise_on: date | None = None
    promise_state: str | None = None


class Reason(msgspec.Struct, frozen=True):
    """Some points, and why."""

    points: int
    words: str

    def __str__(self) -> str:
        return Words("+{points} {reason}", points=self.points, reason=self.words)


def reasons(facts: Facts, points: Mapping[str, int], moment: datetime, today: date) -> list[Reason]:
    """Why a conversation has the points it has at `moment`, most points first; `today` is the business's day then."""
    found = [
        Reason(times * points.get(name, 0), words)
        for name, times, words in (
            *_of_waiting(facts, moment),
            *_of_promise(facts, today),
            *_of_window(facts, moment),
            *_of_debt(facts),
        )
    ]
    return sorted((reason for reason in found if reason.points > 0), key=lambda reason: -reason.points)


def total(found: list[Reason]) -> int:
    """All points together."""
    return sum(reason.points for reason in found)


def in_words(found: list[Reason]) -> str:
    """As a screen prints it: `+20 promesa vence hoy, +12 espera 40 min`."""
    return ", ".join(str(reason) for reason in found)


_Found = list[tuple[str, int, str]]


def _of_waiting(facts: Facts, moment: datetime) -> _Found:
    if facts.waiting_since is None or moment <= facts.waiting_since:
        return []
    minutes = int((moment - facts.waiting_since).total_seconds() // 60)
    return [("minute", min(minutes, 120) // 10, Words("espera {length}", length=_length(minutes)))]


def _of_promise(facts: Facts, today: date) -> _Found:
    if facts.promise_state == PromiseState.OPEN and facts.promise_on == today:
        return [("promise_today", 1, Words("promesa vence hoy"))]
    if facts.promise_state in {PromiseState.BROKEN, PromiseState.PARTIAL}:
        return [("promise_broken", 1, Words("promesa rota"))]
    return []


def _of_window(facts: Facts, moment: datetime) -> _Found:
    closes = facts.window_closes_at
    if closes is None or not moment + SAFETY_MARGIN < closes <= moment + CLOSING:
        return []
    return [
        (
            "window",
            1,
            Words("la ventana cierra en {length}", length=_length(int((closes - moment).total_seconds() // 60))),
        )
    ]


def _of_debt(facts: Facts) -> _Found:
    found: _Found = []
    if facts.account_state == State.DISPUTE:
        found.append(("dispute", 1, Words("disputa abierta")))
    elif facts.account_state in _LATE:
        found.append((facts.account_state, 1, _LATE[State(facts.account_state)]))
    steps = min((facts.overdue_minor or 0) // AMOUNT_STEP_MINOR, MOST_FOR_AMOUNT)
    if steps > 0:
        found.append(("amount", steps, Words("monto vencido")))
    return found


def _length(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 1440 else f"{minutes // 1440} d"
