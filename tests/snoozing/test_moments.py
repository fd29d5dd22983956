"""Moments are the debtor's: their mornings, their Mondays, their clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import Refused
from console.snoozing import moments

LIMA, MEXICO = ZoneInfo("America/Lima"), ZoneInfo("America/Mexico_City")
FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)  # 10:00 in Lima


def test_what_is_offered_on_a_friday_in_lima() -> None:
    offered = {each.key: each.label for each in moments.choices(FRIDAY, LIMA, "PE")}

    assert offered == {
        "hour": "Dentro de 1 hora",
        "three_hours": "Dentro de 3 horas",
        "tomorrow": "El lunes 23 de noviembre, 07:00",  # nobody is written to first on a weekend
        "reply": "Hasta que responda",
    }


def test_another_moment_is_read_on_the_debtors_clocks() -> None:
    here = moments.chosen("other", "2026-11-20T16:30", FRIDAY, LIMA, "PE").at
    there = moments.chosen("other", "2026-11-20T16:30", FRIDAY, MEXICO, "MX").at

    assert (here, there) == (datetime(2026, 11, 20, 21, 30, tzinfo=UTC), datetime(2026, 11, 20, 22, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("key", "at", "field"),
    [
        ("never", "", "until"),
        ("other", "", "at"),
        ("other", "mañana", "at"),
        ("other", "2026-11-20T09:59", "at"),
        ("other", "2099-01-01T00:00", "at"),
        ("other", "2026-02-30T10:00", "at"),
        ("other", "9999-12-31T23:59", "at"),
        ("other", "0001-01-01T00:00", "at"),
    ],
)
def test_what_is_no_moment_is_named(key: str, at: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        moments.chosen(key, at, FRIDAY, LIMA, "PE")

    assert (refused.value.status, refused.value.field) == (422, field)


@given(
    st.integers(0, 2_000 * 24 * 60).map(lambda minutes: FRIDAY + timedelta(minutes=minutes)),
    st.sampled_from(["America/Lima", "America/Mexico_City", "America/Santiago", "America/Sao_Paulo", "Asia/Tokyo"]),
    st.sampled_from(["PE", "MX", "CL", "BR", "XX"]),
)
def test_every_moment_on_offer_lies_ahead(moment: datetime, zone: str, country: str) -> None:
    for choice in moments.choices(moment, ZoneInfo(zone), country):
        assert choice.at is None or moment < choice.at <= moment + timedelta(days=31)
