"""The daily summary leaves once a day, to who wants it and still may, through a real SMTP server."""

from __future__ import annotations

from pathlib import Path

from console.reports import summary
from tests.conftest import Moment
from tests.postbox import Postbox
from tests.reports.world import a_day_of_work, a_quiet_console, lima


async def test_yesterday_is_mailed_once_to_who_wants_it(
    database_url: str, tmp_path: Path, moment: Moment, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    async with a_quiet_console(database_url, tmp_path, smtp_url=url, mail_from="aldia@andes.example") as front:
        people = (await a_day_of_work(front, moment))["people"]
        db, settings = front.console.db, front.console.settings
        assert "Resumen diario" in await people["sara"].see("/reports")
        assert (await people["sara"].do("/reports/summary", wanted="1")).status_code == 303
        assert (await people["tito"].do("/reports/summary", wanted="1")).status_code == 303
        await people["tito"].do("/settings/language", language="en")
        moment.is_(lima("2026-11-21", "06:59"))
        assert not await summary.tell_next(db, settings)
        moment.is_(lima("2026-11-21", "07:00"))

        box.refuses = True
        assert await summary.tell_next(db, settings)
        box.refuses = False
        while await summary.tell_next(db, settings):
            pass
        assert box.to == ["tito@andes.example"]
        moment.passes(minutes=10)
        while await summary.tell_next(db, settings):
            pass

        assert box.to == ["tito@andes.example", "sara@andes.example"]
        theirs, ours = (letter.get_content() for letter in box.letters)
        assert "Recuperado: S/ 150.00" in ours.replace("\N{NO-BREAK SPACE}", " ")
        assert "Mensajes recibidos: 5" in ours
        assert "Messages received: 0" in theirs
        assert "María" not in ours + theirs
        assert "summary of Nov 20" in str(box.letters[0]["Subject"])
        assert "resumen del 20 nov" in str(box.letters[1]["Subject"])


async def test_who_no_longer_leads_gets_none(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, postbox: tuple[Postbox, str]
) -> None:
    from sqlalchemy import text  # noqa: PLC0415 only here

    box, url = postbox
    async with a_quiet_console(sqlite_database_url, tmp_path, smtp_url=url, mail_from="aldia@andes.example") as front:
        people = (await a_day_of_work(front, moment))["people"]
        await people["sara"].do("/reports/summary", wanted="1")
        async with front.console.db.transaction() as tx:
            await tx.execute(text("UPDATE agent SET role = 'agent' WHERE name = 'Sara'"))
        moment.is_(lima("2026-11-21", "08:00"))
        while await summary.tell_next(front.console.db, front.console.settings):
            pass

    assert box.letters == []


async def test_prices_are_typed_checked_and_on_record(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        people = (await a_day_of_work(front, moment))["people"]
        assert (await people["iván"].do("/reports/rates", utility="0,0703", marketing="")).status_code == 200
        assert 'value="0.0703"' in await people["iván"].see("/reports/rates")
        for wrong in ("-1", "NaN", "1e9", "0.00000001", "mucho"):
            answer = await people["iván"].do("/reports/rates", utility=wrong)
            assert answer.status_code == 422, wrong
            assert "aria-invalid" in answer.text
        assert "rates.updated" in await people["iván"].see("/audit?action=rates.updated")
