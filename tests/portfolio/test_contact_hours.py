"""The hours, holidays and working days of each country."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.portfolio.contact_hours import (
    is_holiday,
    is_open,
    is_too_often,
    is_working,
    next_open,
    working_days_after,
)

ZONES = {
    "PE": "America/Lima",
    "MX": "America/Mexico_City",
    "CO": "America/Bogota",
    "CL": "America/Santiago",
    "AR": "America/Argentina/Buenos_Aires",
    "XX": "America/Lima",
}


@pytest.mark.parametrize(
    ("country", "local", "may"),
    [
        ("PE", "2026-11-20T07:00", True),
        ("PE", "2026-11-20T06:59:59", False),
        ("PE", "2026-11-20T19:59:59", True),
        ("PE", "2026-11-20T20:00", False),
        ("PE", "2026-11-21T10:00", False),  # Saturday
        ("PE", "2026-12-08T10:00", False),  # Inmaculada Concepción
        ("CO", "2026-11-21T14:59", True),
        ("CO", "2026-11-21T15:00", False),
        ("CL", "2026-11-21T10:00", True),
        ("CL", "2026-11-22T10:00", False),
        ("MX", "2026-11-20T21:30", True),
        ("XX", "2026-11-20T08:59", False),
        ("XX", "2026-11-20T09:00", True),
    ],
)
def test_who_may_be_written_to_first(country: str, local: str, may: bool) -> None:
    zone = ZoneInfo(ZONES[country])
    assert is_open(datetime.fromisoformat(local).replace(tzinfo=zone), zone, country) == may


def test_after_a_holiday_bridge_it_opens_again() -> None:
    zone = ZoneInfo("America/Lima")
    # Tuesday 8 and Wednesday 9 December are holidays in Peru.
    closed = datetime(2026, 12, 7, 20, tzinfo=zone)
    assert next_open(closed, zone, "PE") == datetime(2026, 12, 10, 7, tzinfo=zone)


def test_working_days_leave_out_weekends_and_holidays() -> None:
    assert working_days_after(date(2026, 11, 20), 5, "PE") == date(2026, 11, 27)
    assert working_days_after(date(2026, 12, 4), 3, "PE") == date(2026, 12, 11)
    assert working_days_after(date(2026, 11, 20), 0, "PE") == date(2026, 11, 20)
    assert is_holiday(date(2026, 7, 28), "PE")
    assert not is_holiday(date(2026, 7, 28), "XX")


@given(
    at=st.datetimes(datetime(2025, 1, 1), datetime(2029, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 zone given
    country=st.sampled_from(sorted(ZONES)),
)
def test_the_next_open_moment_is_open_and_none_before_it_is(at: datetime, country: str) -> None:
    zone = ZoneInfo(ZONES[country])
    opens = next_open(at, zone, country)
    assert opens >= at
    assert is_open(opens, zone, country)
    if opens > at:
        between = at + (opens - at) / 2
        assert not is_open(between, zone, country)


@given(day=st.dates(date(2024, 1, 1), date(2030, 1, 1)), number=st.integers(1, 30))
def test_as_many_working_days_lie_between(day: date, number: int) -> None:
    end = working_days_after(day, number, "CL")
    ordinals = range(day.toordinal() + 1, end.toordinal() + 1)
    assert sum(is_working(date.fromordinal(each), "CL") for each in ordinals) == number
    assert is_working(end, "CL")


@pytest.mark.parametrize(
    ("country", "before", "too_often"),
    [
        ("PE", [], False),
        ("PE", ["2026-11-20T08:00"], True),  # once today
        ("PE", ["2026-11-19T19:59"], False),
        ("PE", ["2026-11-19T09:00", "2026-11-18T09:00"], False),
        ("PE", ["2026-11-19T09:00", "2026-11-18T09:00", "2026-11-14T09:00"], True),  # three in seven days
        ("PE", ["2026-11-19T09:00", "2026-11-18T09:00", "2026-11-13T09:00"], False),
        ("CL", ["2026-11-18T09:00"], True),  # one clear day between
        ("CL", ["2026-11-17T23:59"], False),  # two
        ("CL", ["2026-11-17T09:00", "2026-11-14T09:00"], True),  # twice in seven days
        ("PE", ["2026-11-20T12:00"], False),  # what is still to come is not counted
    ],
)
def test_nobody_is_written_to_first_too_often(country: str, before: list[str], *, too_often: bool) -> None:
    zone = ZoneInfo(ZONES[country])
    sent = [datetime.fromisoformat(each).replace(tzinfo=zone) for each in before]
    moment = datetime(2026, 11, 20, 10, tzinfo=zone)
    assert is_too_often(sent, moment, zone, country) is too_often
    assert is_too_often([each.astimezone(UTC) for each in sent], moment.astimezone(UTC), zone, country) is too_often
