"""Beside each figure stands what it was in the period of the same length just before."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from console.reports import comparing, definitions
from tests.conftest import Moment
from tests.reports.world import a_day_of_work, a_quiet_console, asked, they_write


def test_the_period_before_is_as_long_and_ends_where_this_one_begins() -> None:
    before = comparing.period_before(asked("2026-03-01", "2026-03-31", team="2", month="2026-03"))

    assert (before.since, before.until) == (date(2026, 1, 29), date(2026, 2, 28))
    assert (before.team, before.month) == (2, date(2026, 2, 1))


@pytest.mark.parametrize(
    ("key", "now", "then", "words"),
    [
        ("received", 12, 8, "+50.0 %"),
        ("received", 8, 8, "igual"),
        ("received", 3, 0, ""),
        ("received", 0, 4, "-100.0 %"),
        ("contact_rate", 40.0, 42.5, "-2.5 puntos"),
        ("contact_rate", 40.0, 0.0, "+40.0 puntos"),
        ("first_answer", None, 60, ""),
        ("first_answer", 60, None, ""),
    ],
)
def test_the_change_is_of_what_was_and_between_rates_in_points(
    key: str, now: float | None, then: float | None, words: str
) -> None:
    found = comparing.compare([definitions.figure(key, now)], [definitions.figure(key, then)])

    assert found[key].value == then
    assert found[key].words == words


async def test_the_page_and_its_file_say_what_was_before(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        sara = (await a_day_of_work(front, moment))["people"]["sara"]
        await they_write(front, "¿hola?")
        page = await sara.see("/reports?since=2026-11-21&until=2026-11-21")
        file = (await sara.http.get("/reports/export?since=2026-11-21&until=2026-11-21")).text

    assert "Antes 5 <span>(-100.0 %)</span>" in page
    assert 'datetime="2026-11-20"' in page
    assert page.count("Antes ") == 5, "who waits, waits now"
    assert "Mensajes recibidos;0;;5;" in file
