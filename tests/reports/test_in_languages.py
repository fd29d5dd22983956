"""The numbers in the reader's language: names, definitions, labels of rows, digits, days, and the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console import render
from console.languages.catalogues import said
from console.reports import comparing, definitions
from tests.conftest import Moment
from tests.languages.spanish import Said, only_spanish, without, words_of
from tests.reports.world import a_day_of_work, a_quiet_console

DAY = "since=2026-11-20&until=2026-11-20"
# What people of this test are called, and wrote.
PEOPLE = re.compile(r"Persona \d+")
THEIRS = ["María Fernanda Ccori", "Cobranza", "Financiera Andes", "Al Día"]


@pytest.mark.parametrize("language", ["pt", "en"])
async def test_no_spanish_is_left_in_any_view_nor_behind_any_figure(
    language: str, sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    from console.reports.behind import KEYS  # noqa: PLC0415 after the tables are known

    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        sara = (await a_day_of_work(front, moment))["people"]["sara"]
        await sara.do("/settings/language", language=language)
        paths = [f"/reports?view={view}&{DAY}" for view in ("operation", "collections", "bot", "templates")]
        paths += [f"/reports/rows?figure={key}&{DAY}" for key in KEYS]
        for path in paths:
            page = await sara.see(path)
            left = [
                one for one in Said.on(page) if words_of(without(PEOPLE.sub(" ", one), THEIRS)) & only_spanish(language)
            ]
            assert left == [], path


async def test_a_file_has_its_heads_in_the_readers_language_and_its_numbers_as_programs_read_them(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        sara = (await a_day_of_work(front, moment))["people"]["sara"]
        await sara.do("/settings/language", language="pt")
        whole = (await sara.http.get(f"/reports/export?{DAY}")).text
        rows = (await sara.http.get(f"/reports/export?{DAY}&figure=recovered")).text

    assert "Indicador;Valor;Unidade;Antes;Detalhe;Definição" in whole
    assert "Mensagens recebidas;5;" in whole
    assert "2026-11-20;5;3" in whole, "days stay days for programs"
    assert re.search(r"^Devedor;Conta;Líquido \(PEN\);", rows, re.MULTILINE)
    assert ";150.0;" in rows


@pytest.mark.parametrize(
    ("country", "language", "written"),
    [
        ("PE", "es", ("1,234.5", "12.5 %", "+1.0 puntos", "20 nov 09:15")),
        ("CO", "es", ("1.234,5", "12,5 %", "+1,0 puntos", "20 nov 09:15")),
        ("PE", "pt", ("1.234,5", "12,5%", "+1,0 pontos", "20 de nov 09:15")),
        ("CO", "en", ("1,234.5", "12.5%", "+1.0 points", "Nov 20 09:15")),
    ],
)
def test_digits_are_the_readers_in_spanish_the_companys(
    country: str, language: str, written: tuple[str, ...], moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_house", render.House(locale=f"es_{country}"))
    moment.is_(moment.now.replace(year=2026))
    cells = (
        definitions.shown(1234.5, "count", "PEN", "es_PE"),
        definitions.shown(12.5, "percent", "PEN", "es_PE"),
        comparing.Before(10.0, 1.0, in_points=True).words,
        definitions.shown("2026-11-20 09:15", "moment", "PEN", "es_PE"),
    )

    assert tuple(said(cell, language) for cell in cells) == written
