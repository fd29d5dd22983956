"""The queries of docs/reports.md give the figures of the page, on both databases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Date, bindparam, text

from console.db import Database, UTCDateTime
from console.reports import definitions, follow
from console.reports.asked import Asked, months_of
from console.reports.local_days import bounds
from tests.conftest import Moment
from tests.reports.test_by_hand import a_portfolio, a_september
from tests.reports.world import LIMA, a_day_of_work, a_quiet_console, asked, figures_of

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"^### (\w+)\n```sql\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL))


async def answer(database: Database, sql: str, what: Asked) -> float | None:
    since, until = what.bounds
    first, second = months_of(what)
    values = {
        "since": since,
        "until": until,
        "since_day": what.since,
        "until_day": what.until,
        "first_close": first,
        "second_close": second,
        "first_close_at": bounds(first, first, LIMA)[0],
        "second_close_at": bounds(second, second, LIMA)[0],
        "currency": what.currency,
    }
    named = set(re.findall(r"(?<!:):(\w+)", sql))
    typed = [
        bindparam(name, value=values[name], type_=Date() if name.endswith(("_day", "_close")) else UTCDateTime())
        for name in named - {"currency"}
    ]
    statement = text(sql).bindparams(*typed)
    async with database.reading() as tx:
        found = (await tx.execute(statement, {"currency": "PEN"} if "currency" in named else {})).scalar()
    return None if found is None else float(found)


async def agree(database: Database, what: Asked) -> int:
    """Compare all; how many were not empty."""
    told = await figures_of(database, what)
    alive = 0
    for key, sql in QUERIES.items():
        value, plain = told[key].value, await answer(database, sql, what)
        assert (value is None) == (plain is None), (key, value, plain)
        assert value == pytest.approx(plain), key
        alive += bool(value)
    return alive


def test_the_document_names_figures_that_exist() -> None:
    assert len(QUERIES) >= 15
    assert set(QUERIES) <= set(definitions.FIGURES)


async def test_the_queries_agree_with_a_day_of_work(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)

        assert await agree(front.console.db, asked("2026-11-20", "2026-11-20")) >= 8
        assert await agree(front.console.db, asked("2025-11-20", "2025-11-20")) == 1  # who waits, waits now


async def test_the_queries_agree_with_a_month_of_promises(database: Database, moment: Moment) -> None:
    inbox, accounts = await a_portfolio(database, moment)
    await a_september(database, moment, inbox, accounts)
    await follow.catch_up(database, LIMA)

    assert await agree(database, asked("2026-09-01", "2026-09-30", month="2026-09")) >= 5
