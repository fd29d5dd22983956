"""The day somebody means: one, one to be confirmed, several to ask about, or none."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from console.bots.when import When, when

LIMA = ZoneInfo("America/Lima")
FRIDAY = datetime(2026, 11, 20, 20, 14, tzinfo=LIMA)


def meant(text: str, *labels: str, at: datetime = FRIDAY) -> When:
    return when(text, labels or ("promise_to_pay",), moment=at, zone=LIMA, currency="PEN", country="PE")


def test_a_day_said_plainly() -> None:
    assert meant("el martes le pago") == When(day=date(2026, 11, 24))
    assert meant("5/12").day == date(2026, 12, 5)
    assert meant("en ocho días").day == date(2026, 11, 27)
    assert meant("en quince días").day == date(2026, 12, 4)


@pytest.mark.parametrize(
    ("text", "at", "day"),
    [
        ("el viernes", FRIDAY, date(2026, 11, 27)),
        ("el 15", FRIDAY.replace(day=15), date(2026, 11, 15)),
        ("el 31", FRIDAY, date(2026, 11, 30)),
        ("la quincena", FRIDAY, date(2026, 11, 30)),
    ],
)
def test_a_day_with_a_second_reading_is_given_to_be_confirmed(text: str, at: datetime, day: date) -> None:
    found = meant(text, at=at)
    assert found.day == day
    assert found.confirm
    assert len(found.ask) > 1


@pytest.mark.parametrize(
    "text", ["la próxima semana", "el fin de semana", "200 el 25 y el resto el 30", "el lunes o el martes"]
)
def test_a_range_or_several_days_are_asked_about(text: str) -> None:
    found = meant(text)
    assert found.day is None
    assert len(found.ask) > 1
    assert not found.confirm


@pytest.mark.parametrize("text", ["cuando pueda", "pronto le pago", "apenas tenga", "no puedo el viernes"])
def test_no_day_is_no_day(text: str) -> None:
    assert meant(text) == When()


def test_a_day_that_is_no_intention_is_not_taken() -> None:
    assert meant("pagué el viernes", "already_paid") == When()
    assert meant("¿atienden el sábado?", "hours") == When()
    assert meant("nací el 5 de mayo", "identity_answer") == When()


def test_the_amount_comes_along() -> None:
    assert meant("el martes pago 200 soles").amount_minor == 20000
