"""When somebody was born: stated by the API or a file, kept with the debtor, and never given back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from console.db import Database
from console.portfolio.models import Debtor
from console.settings import Settings
from tests.api.house import serving
from tests.api.test_accounts import BODY, changed
from tests.conftest import Moment
from tests.inbox.people import an_inbox
from tests.portfolio.files import HEADER, MARIA, PEDRO, a_csv, committed, prepared, problems, settings_in, undone


@pytest.fixture
async def settings(tmp_path: Path, database: Database, moment: Moment) -> Settings:
    await an_inbox(database)
    return settings_in(tmp_path)


async def born(database: Database) -> list[int | None]:
    async with database.reading() as tx:
        return list(await tx.scalars(select(Debtor.birth_year).order_by(Debtor.document_number.desc())))


async def test_billing_states_it_and_nobody_reads_it(sqlite_database_url: str, moment: Moment) -> None:
    async with serving(sqlite_database_url) as house, house.program("*") as program:
        await program.http.put("/accounts/PR-1", json=BODY)
        shown = await program.http.put("/accounts/PR-1", json=changed("holder.birth_year", 1991))
        without = await program.http.put("/accounts/PR-1", json=BODY)
        wrong = await program.http.put("/accounts/PR-1", json=changed("holder.birth_year", 91))

        assert (shown.status_code, without.status_code) == (200, 200)
        assert "birth_year" not in shown.json()["holder"]
        assert "1991" not in shown.text
        assert await born(house.db) == [1991], "who does not name it leaves it as it is"
        assert (wrong.status_code, wrong.json()["field"]) == (422, "holder.birth_year")


async def test_a_file_may_have_a_date_or_a_year(database: Database, settings: Settings, tmp_path: Path) -> None:
    rows = ([*HEADER, "Fecha de Nacimiento"], [*MARIA, "12/05/1991"], [*PEDRO, "1975"])

    batch = await committed(database, settings, a_csv(tmp_path / "debts.csv", *rows))

    assert batch.state == "committed"
    assert await born(database) == [1991, 1975]


async def test_a_second_file_adds_it_and_taking_that_back_takes_it_away(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await committed(database, settings, a_csv(tmp_path / "first.csv", HEADER, MARIA))
    rows = ([*HEADER, "Año de nacimiento"], [*MARIA, "1991"])
    batch = await committed(database, settings, a_csv(tmp_path / "second.csv", *rows))
    with_it = await born(database)

    await undone(database, settings, batch)

    assert with_it == [1991]
    assert await born(database) == [None]


async def test_nobody_was_born_in_the_future(database: Database, settings: Settings, tmp_path: Path) -> None:
    rows = ([*HEADER, "Fecha de Nacimiento"], [*MARIA, "12/05/2031"])

    batch = await prepared(database, settings, a_csv(tmp_path / "debts.csv", *rows))

    (problem,) = await problems(database, batch)
    assert problem[:2] == (2, "Fecha de Nacimiento")
