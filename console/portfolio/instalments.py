"""The simulator of payment plans: what is paid when, to the cent, and within the creditor's limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from console.errors import Refused
from console.languages.words import Words
from console.portfolio.said_days import on_day

FREQUENCIES = {"monthly": Words("cada mes"), "biweekly": Words("cada dos semanas"), "weekly": Words("cada semana")}
WHOLE_BP = 10_000
LONGEST = 120
"""Instalments no plan has more of, whatever the business allows."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered: amounts in the smallest unit, `count` instalments besides the down payment."""

    total_minor: int
    down_minor: int = 0
    count: int
    frequency: str = "monthly"
    first_on: date


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the creditor allows. The down payment is in basis points of the total."""

    max_instalments: int
    min_instalment_minor: int
    min_down_bp: int
    first_within_days: int


class Step(msgspec.Struct, frozen=True):
    """One payment; number 0 is the down payment."""

    number: int
    due_on: date
    amount_minor: int


def schedule(terms: Terms, today: date) -> list[Step]:
    """The payments of `terms`: the down payment today, then equal instalments. They add up to the total exactly.

    What does not divide is spread over the first ones, a smallest unit each. A month too short for the day of the
    first one ends before it.
    """
    steps = [Step(0, today, terms.down_minor)] if terms.down_minor else []
    each, extra = divmod(terms.total_minor - terms.down_minor, terms.count)
    numbers = range(1, terms.count + 1)
    return [*steps, *(Step(number, due_day(terms, number), each + (number <= extra)) for number in numbers)]


def due_day(terms: Terms, number: int) -> date:
    """The day of the instalment `number` (1 is the first)."""
    if terms.frequency == "monthly":
        return on_day(terms.first_on.day, terms.first_on, months=number - 1)
    days = 7 if terms.frequency == "weekly" else 14
    return terms.first_on + timedelta(days=days * (number - 1))


def check(terms: Terms, limits: Limits, *, today: date, balance_minor: int) -> None:
    """Refuse (422, naming the field) what cannot be a plan, or is outside the creditor's limits."""
    if terms.frequency not in FREQUENCIES:
        raise _bad("frequency", Words("Elija cada cuánto se paga."))
    if not 0 < terms.total_minor <= balance_minor:
        raise _bad("total", Words("El total va de un monto mayor que cero a lo que se debe."))
    most = min(limits.max_instalments, LONGEST)
    if not 1 <= terms.count <= most:
        raise _bad("count", Words("De 1 a {most} cuotas.", most=most))
    if not 0 <= terms.down_minor < terms.total_minor:
        raise _bad("down", Words("La cuota inicial debe ser menor que el total."))
    if terms.down_minor * WHOLE_BP < terms.total_minor * limits.min_down_bp:
        raise _bad(
            "down",
            Words(
                "La cuota inicial es de {min_down_bp} % o más del total.", min_down_bp=f"{limits.min_down_bp / 100:g}"
            ),
        )
    if (terms.total_minor - terms.down_minor) // terms.count < max(limits.min_instalment_minor, 1):
        raise _bad("count", Words("Las cuotas quedarían por debajo del mínimo: use menos cuotas."))
    if not today <= terms.first_on <= today + timedelta(days=limits.first_within_days):
        last = today + timedelta(days=limits.first_within_days)
        raise _bad("first_on", Words("La primera cuota va desde hoy hasta el {last}.", last=f"{last:%d/%m/%Y}"))


def fill(steps: Sequence[Step], paid_minor: int) -> list[int]:
    """How much of each step `paid_minor` pays: the oldest first, and none more than it is."""
    left, paid = paid_minor, []
    for step in steps:
        now = min(left, step.amount_minor)
        paid.append(now)
        left -= now
    return paid


def _bad(field: str, text: str) -> Refused:
    return Refused(422, text, code="invalid", field=field)
