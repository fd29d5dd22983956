"""Moments to put a conversation aside until, as people name them, in the debtor's zone and hours. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from console.errors import Refused
from console.languages.words import Words
from console.portfolio.contact_hours import next_open
from console.portfolio.states import day_begins, today_in
from console.render import weekday

FURTHEST = timedelta(days=366)


class Choice(msgspec.Struct, frozen=True):
    """One moment on offer, under the `key` by which it is asked for; without `at`, until the contact answers."""

    key: str
    label: str
    at: datetime | None


def choices(moment: datetime, zone: ZoneInfo, country: str) -> list[Choice]:
    """What is on offer at `moment` for a debtor in `zone`: mornings begin with the contact hours of `country`."""
    today = today_in(zone, moment)
    tomorrow = next_open(day_begins(today + timedelta(days=1), zone), zone, country)
    monday = next_open(day_begins(today + timedelta(days=7 - today.weekday()), zone), zone, country)
    found = [
        Choice("hour", Words("Dentro de 1 hora"), moment + timedelta(hours=1)),
        Choice("three_hours", Words("Dentro de 3 horas"), moment + timedelta(hours=3)),
        Choice("tomorrow", _named(tomorrow, zone), tomorrow),
        Choice("monday", _named(monday, zone), monday),
        Choice("reply", Words("Hasta que responda"), None),
    ]
    return [choice for choice in found if choice.key != "monday" or choice.at != tomorrow]


def chosen(key: str, at: str, moment: datetime, zone: ZoneInfo, country: str) -> Choice:
    """The choice of this key; `at` (a wall clock in `zone`, as a form sends it) when the key is "other".

    Refuses 422 "until" or "at": unknown, no moment, past, or beyond FURTHEST.
    """
    if key != "other":
        found = next((choice for choice in choices(moment, zone, country) if choice.key == key), None)
        if found is None:
            raise Refused(422, Words("Elija hasta cuándo."), code="invalid", field="until")
        return found
    until = read_local(at, zone)
    if not moment < until <= moment + FURTHEST:
        raise Refused(422, Words("Elija un momento en el futuro, dentro de un año."), code="invalid", field="at")
    return Choice("other", _named(until, zone), until)


def read_local(text: str, zone: ZoneInfo) -> datetime:
    """A moment as `datetime-local` writes it, read on the clocks of `zone`. Refuses 422 "at".

    An hour that the clocks skip is the one they show after it; one that comes twice is the first.
    """
    try:
        naive = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 a wall clock; its zone follows
        return naive.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(422, Words("Escriba el día y la hora."), code="invalid", field="at") from None


def _named(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return Words("El {day}, {time}", day=weekday(local.date()), time=f"{local:%H:%M}")
