"""One day of work as the numbers tell it, to whom they tell it, and what opens behind them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.conftest import Moment
from tests.reports.world import a_day_of_work, a_quiet_console, asked, figures_of, table_of, they_write

DAY = "since=2026-11-20&until=2026-11-20"


async def test_a_day_is_told_as_it_was(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        world = await a_day_of_work(front, moment)
        assert world["promised"].status_code == 201, world["promised"].text
        database, day = front.console.db, asked("2026-11-20", "2026-11-20")
        told = await figures_of(database, day)
        by_hour = await table_of(database, day, "first_answer_by_hour")

    assert told["received"].value == 5
    assert told["sent"].value == 3
    # Two matters of María: five minutes to the first answer of one, ten to that of the other.
    assert by_hour.rows == [("09:00", 300, 300, 1), ("16:00", 600, 600, 1)]
    assert told["first_answer"].value == 300
    assert told["next_answer"].value == 60
    assert told["waiting"].value == 1
    assert told["resolution"].value == 2 * 3600
    assert told["recovered"].value == 15000
    assert told["worked"].value == 1
    assert told["contact_rate"].value == 100
    assert told["rpc_rate"].value == 100
    assert told["ptp_rate"].value == 100
    assert told["dispute_rate"].value == 0
    assert told["contained"].value is None


async def test_each_sees_the_numbers_of_their_teams(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        people = (await a_day_of_work(front, moment))["people"]

        for path in ("/reports", "/reports/rows?figure=sent", "/reports/export"):
            assert (await people["ana"].http.get(path)).status_code == 403, path
        for view in ("operation", "collections", "bot", "templates"):
            ours = await people["sara"].see(f"/reports?view={view}&{DAY}")
            theirs = await people["tito"].see(f"/reports?view={view}&{DAY}")
            assert "María" not in theirs
            assert "n/d" in theirs or "Nada en este período" in theirs
            assert "Indicadores" in ours
        assert "150.00" in await people["sara"].see(f"/reports?view=collections&{DAY}")
        assert "150.00" not in await people["tito"].see(f"/reports?view=collections&{DAY}")
        assert "150.00" not in await people["tito"].see(f"/reports?view=collections&{DAY}&team=1")


async def test_every_figure_opens_the_rows_behind_it(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    from console.reports.behind import KEYS  # noqa: PLC0415 after the tables are known

    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        sara = (await a_day_of_work(front, moment))["people"]["sara"]
        for key in KEYS:
            assert (await sara.http.get(f"/reports/rows?figure={key}&{DAY}")).status_code == 200, key
        rows = await sara.see(f"/reports/rows?figure=first_answer&{DAY}")
        assert rows.count('href="/inbox/1"') == 2
        assert "5 min" in rows
        assert "María Fernanda Ccori" in await sara.see(f"/reports/rows?figure=recovered&{DAY}")
        assert (await sara.http.get("/reports/rows?figure=nothing")).status_code == 404
        assert (await sara.http.get("/reports?since=hoy")).status_code == 422
        assert (await sara.http.get("/reports?since=2026-02-02&until=2026-02-01")).status_code == 422
        assert (await sara.http.get("/reports?since=1000-01-01")).status_code == 422


async def test_no_cell_of_a_file_starts_a_formula(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        people = (await a_day_of_work(front, moment))["people"]
        sara = people["sara"]
        async with front.console.db.transaction() as tx:
            from sqlalchemy import text  # noqa: PLC0415 only here

            await tx.execute(text("UPDATE contact SET profile_name = '=HYPERLINK(\"http://evil\")'"))
        path = f"/reports/export?{DAY}&figure=received"
        csv = (await sara.http.get(f"{path}&format=csv")).text
        book = load_workbook(io.BytesIO((await sara.http.get(f"{path}&format=xlsx")).content))
        whole = await sara.http.get(f"/reports/export?{DAY}&view=collections&format=xlsx")

        assert "'=HYPERLINK" in csv
        cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
        assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        names = load_workbook(io.BytesIO(whole.content)).sheetnames
        assert names[0] == "Indicadores"
        assert "Traspaso entre estados" in names
        assert (await sara.http.get("/reports/export?format=exe")).status_code == 422
        assert "report.exported" in await people["iván"].see("/audit?action=report.exported")


async def test_an_empty_period_says_so_and_divides_nothing(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        told = await figures_of(front.console.db, asked("2025-01-01", "2025-01-31"))

    for key in ("contact_rate", "rpc_rate", "kept_count", "kept_amount", "first_answer", "contained", "cure_rate"):
        assert told[key].value is None, key
    assert told["received"].value == told["recovered"].value == 0


@pytest.mark.parametrize("at", ["2026-11-20 23:59", "2026-11-21 00:00"])
async def test_a_message_belongs_to_the_day_it_was_there(
    at: str, sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    from console.reports import follow  # noqa: PLC0415 after the tables are known
    from tests.reports.world import LIMA, lima  # noqa: PLC0415 beside it

    day, _, time = at.partition(" ")
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        moment.is_(lima(day, time))
        await they_write(front, "hola")
        await follow.catch_up(front.console.db, LIMA)

        assert (await figures_of(front.console.db, asked(day, day)))["received"].value == 1
