"""Files as people make them: encodings, separators, Excel's dates and numbers, and files that mean harm."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.portfolio import arrivals, sheet_files, sheets
from console.portfolio.cells import amount, day, text
from console.portfolio.checks import Wrong
from console.portfolio.columns import Field, field_of, suggested
from console.portfolio.exports import csv_safe, lines_of
from console.portfolio.frames import Found, Given, Order
from console.portfolio.rows import Line, Problem, Reader, Reading
from console.portfolio.sheets import Unreadable
from tests.patience import eventually
from tests.portfolio.files import HEADER, MARIA, PEDRO, a_csv, an_xlsx, settings_in


async def read(path: Path, **how: Any) -> tuple[list[Line], list[Problem]]:
    """A file looked at and read as it probably is meant."""
    looked = await sheet_files.look(path)
    assert looked.header is not None
    given: dict[str, Any] = {
        "columns": suggested(looked.header),
        "names": looked.header.names,
        "country": "PE",
        "currency": "PEN",
        "timezone": "America/Lima",
    }
    reading = Reading(**{**given, **how})
    lines, problems = [], []
    order = Order(path=str(path), sheet=looked.shape.sheet, header_row=looked.header.row, reading=reading)
    async for frame in sheet_files.frames(order):
        if isinstance(frame, Given):
            lines += frame.lines
        elif isinstance(frame, Found):
            problems += frame.problems
    return lines, problems


def take(*rows: Sequence[Any], names: list[str] = HEADER, **how: Any) -> tuple[list[Line], list[Problem]]:
    """The same without a file: rows below the header, from number 2."""
    columns = suggested(sheets_header(names))
    given: dict[str, Any] = {"country": "PE", "currency": "PEN", "timezone": "America/Lima"}
    reader = Reader(Reading(columns=columns, names=names, **{**given, **how}))
    for number, row in enumerate(rows, start=2):
        reader.take(number, [None if cell == "" else cell for cell in row])
    return list(reader.lines()), reader.problems()


def sheets_header(names: list[str]) -> Any:
    from console.portfolio.columns import Header  # noqa: PLC0415

    return Header(1, names)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
async def test_any_encoding_and_separator_is_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = a_csv(tmp_path / "x.csv", HEADER, MARIA, PEDRO, encoding=encoding, delimiter=delimiter)

    shape = sheets.shape_of(path)
    rows = list(sheets.rows_of(path, shape))

    assert (shape.delimiter, rows[0][1]) == (delimiter, HEADER)
    assert rows[2] == (3, PEDRO)


async def test_titles_above_the_header_and_totals_below_are_no_debts(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "x.csv", ["Cartera vencida", "", "al 20/11/2026"], [], HEADER, MARIA, [], ["TOTAL", 412.5])

    lines, problems = await read(path)

    assert ([line.statement.external_id for line in lines], problems) == (["PR-1"], [])
    assert lines[0].row == 4


async def test_excel_keeps_dates_numbers_and_merged_headers_its_own_way(tmp_path: Path) -> None:
    header = ["N° Crédito", "Nombre", "DNI", "Celular", "Fecha de Vencimiento", "Importe", "Saldo"]
    groups = ["Cliente", None, None, None, "Deuda", None, None]
    noon = datetime(2026, 10, 5, 12)  # noqa: DTZ001 a spreadsheet knows no zones
    one = [10045.0, "Ccori, María", 4455271, 944218305, noon, 412.5, "412,50"]
    two = ["10046", "=1+1", "10203040", "944218306 / 944218307", "05-nov-2026", "S/ 1,200.00", 0.1 + 0.2]
    path = an_xlsx(tmp_path / "x.xlsx", ["Reporte"], groups, header, one, two, merged=["A2:D2", "E2:G2"])

    lines, problems = await read(path)

    assert [(each.column, each.what) for each in problems] == [("Nombre", "Falta el nombre.")], (
        "a formula without a value"
    )
    first = lines[0].statement
    assert (first.external_id, first.phones) == ("10045", ("+51944218305",))
    assert first.document is not None
    assert first.document.number == "04455271", "Excel took the zero"
    assert [(bill.due_on, bill.amount_minor, bill.balance_minor) for bill in first.bills] == [
        (date(2026, 10, 5), 41250, 41250)
    ]


async def test_formulas_in_a_csv_are_texts(tmp_path: Path) -> None:
    row = [*MARIA]
    row[1] = '=HYPERLINK("http://malo.example","María")'
    path = a_csv(tmp_path / "x.csv", HEADER, row)

    ((line,), problems) = await read(path)

    assert (line.statement.name, problems) == (row[1], [])


BAD = [
    ("N°", "", "Falta el identificador de la cuenta.", None),
    ("Apellidos", "", "Falta el nombre.", None),
    ("DNI", "44552", "No tiene la forma", None),
    ("Celular", "9442", "faltan cifras", None),
    ("Celular", "9.44218E+08", "perdió cifras", None),
    ("Fecha", "31/02/2026", "no existe", "31/02/2026"),
    ("Fecha", "10/25/2026", "no existe", "10/25/2026"),
    ("Fecha", "mañana", "No es una fecha", "mañana"),
    ("Fecha", 412.5, "es un número", "412.5"),
    ("Fecha", None, "Falta la fecha", None),
    ("Importe", "doce", "no es un monto", "doce"),
    ("Importe", "1.234", "puede leerse de dos maneras", "1.234"),
    ("Importe", 412.505, "Tiene más decimales", "412.505"),
    ("Importe", "#¡REF!", "La fórmula", "#¡REF!"),
    ("Saldo", "-1.00", "negativo", "-1.00"),
    ("Saldo", "413.00", "mayor que el monto", "413.00"),
    ("Saldo", None, "Falta el monto", None),
    ("N°", 4111111111111111.0, "más de 15 cifras", "4111111111111111.0"),
]


@pytest.mark.parametrize(("column", "value", "what", "hint"), BAD)
def test_what_is_wrong_is_named_by_row_and_column(column: str, value: Any, what: str, hint: str | None) -> None:
    place = next(place for place, name in enumerate(HEADER) if name.startswith(column))
    row = [*MARIA]
    row[place] = value

    lines, (problem, *_more) = take(PEDRO, row)

    assert [line.statement.external_id for line in lines] == ["PR-2"]
    assert (problem.row, problem.column, problem.hint) == (3, HEADER[place], hint)
    assert what in problem.what


def test_one_bad_row_in_a_hundred_thousand_is_found() -> None:
    rows = [[f"PR-{number}", *MARIA[1:2], "", "", *MARIA[4:]] for number in range(100_000)]
    rows[77_777][6] = "doce"

    lines, problems = take(*rows)

    assert (len(lines), [(each.row, each.column) for each in problems]) == (99_999, [(77_779, "Importe")])


def test_the_same_debt_twice_is_told_with_its_first_row() -> None:
    _lines, problems = take(MARIA, PEDRO, MARIA)

    assert [(each.row, each.column, each.what) for each in problems] == [
        (4, "Factura", "La misma factura de la misma cuenta está en la fila 2.")
    ]
    without = [name for name in HEADER if name != "Factura"]
    short = [cell for cell in MARIA if cell != "F-1"]
    _lines, problems = take(short, short, names=without)
    assert [(each.row, each.column) for each in problems] == [(3, "N° Crédito")]


def test_rows_of_one_debt_must_agree() -> None:
    other = [*MARIA]
    other[2], other[4] = "10203040", "F-2"

    _lines, problems = take(MARIA, other)

    assert [each.column for each in problems] == ["DNI"]
    names = [*HEADER, "Moneda"]
    _lines, problems = take([*MARIA, "PEN"], [*other[:2], "", *other[3:], "USD"], names=names)
    assert [(each.column, each.hint) for each in problems] == [("Moneda", "USD")]


def test_a_currency_is_known_by_its_code_or_its_sign() -> None:
    names = [*HEADER, "Moneda"]

    (line,), _problems = take([*MARIA, "S/"], names=names)
    _lines, problems = take([*MARIA, "doblones"], names=names)

    assert line.statement.currency == "PEN"
    assert [(each.column, each.hint) for each in problems] == [("Moneda", "doblones")]


def test_bad_phones_may_be_left_out_when_somebody_says_so() -> None:
    row = [*MARIA]
    row[3] = "944218305 / 12"

    assert take(row)[1]
    (line,), problems = take(row, skip_bad_phones=True)

    assert (problems, line.statement.phones) == ([], ())


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Saldo (S/)", Field.BALANCE),
        ("FEC. VENCIMIENTO", Field.DUE),
        ("Teléfono 2", Field.PHONE),
        ("Nº de Operación", Field.ACCOUNT),
        ("Razón Social", Field.NAME),
        ("Amount due", Field.AMOUNT),
        ("CUIT", Field.DOCUMENT),
        ("Observaciones", None),
        ("", None),
    ],
)
def test_columns_are_understood_by_what_they_are_called(name: str, field: Field | None) -> None:
    assert field_of(name) == field


async def test_files_that_are_no_tables_are_refused_with_a_reason(tmp_path: Path) -> None:
    for content, why in (
        (b"", "vacío"),
        (b"   \n", "vacío"),
        (b"%PDF-1.7 ...", "No es una tabla"),
        (b"PK\x03\x04" + b"\0" * 200, "dañado"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "dañado"),
        (b"\x81\x8d\x8f;1;2\n" * 40, "Después de la fila"),
        (b'a;b;c\n"' + b"x" * 200_000, "comillas"),
    ):
        path = tmp_path / "x.xlsx"
        path.write_bytes(content)
        with pytest.raises(Unreadable, match=why):
            await sheet_files.look(path)


async def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    """M8."""
    path = an_xlsx(tmp_path / "x.xlsx", HEADER, MARIA)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet2.xml", b"\0" * 64 * 1024 * 1024)

    with pytest.raises(Unreadable, match="se expande demasiado"):
        await sheet_files.look(path)


async def test_a_bomb_that_lies_about_its_size_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M8: the archive's own directory says little; the process that reads it is bounded, this one none the worse."""
    path = an_xlsx(tmp_path / "x.xlsx", HEADER, *([MARIA] * 10))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as book:
        sheet = next(part for part in book.infolist() if part.filename.endswith("sheet1.xml"))
    at = content.index(sheet.file_size.to_bytes(4, "little"), content.rindex(b"PK\x01\x02"[:4], 0, len(content)) - 4000)
    content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)

    with contextlib.suppress(Unreadable):
        await sheet_files.look(path)


def readers() -> list[str]:
    """The processes that this one has begun and not seen the end of."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def has_said(process: str) -> int:
    """How many bytes it has written so far."""
    return int(Path(f"/proc/{process}/io").read_text().split()[3])


def sleeps(process: str) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "S"


async def test_whoever_has_seen_enough_of_a_file_leaves_no_process_behind(tmp_path: Path) -> None:
    before = readers()

    await sheet_files.look(a_csv(tmp_path / "a.csv", HEADER, MARIA))

    assert readers() == before


async def test_a_file_that_nobody_wants_any_more_is_given_up_in_the_midst_of_it(tmp_path: Path) -> None:
    """An import that is discarded while its file is compared: the reader is ahead by more than anybody takes in."""
    many = ([f"PR-{number}", *MARIA[1:]] for number in range(10_000))
    path, before = a_csv(tmp_path / "a.csv", HEADER, *many), readers()
    looked = await sheet_files.look(path)
    assert looked.header is not None
    columns = suggested(looked.header)
    reading = Reading(columns=columns, names=HEADER, country="PE", currency="PEN", timezone="America/Lima")
    given = sheet_files.frames(Order(path=str(path), header_row=looked.header.row, reading=reading))
    async for frame in given:
        if isinstance(frame, Given):
            break
    (reader,) = set(readers()) - set(before)
    # Two megabytes are taken in unasked. With them said, and more to say, it only sleeps because nobody listens.
    await eventually(lambda: has_said(reader) > 2 * 2**20 and sleeps(reader), within=20)

    async with asyncio.timeout(20):
        await given.aclose()

    assert readers() == before


async def test_a_file_of_200_megabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)

    with pytest.raises(Unreadable, match="pesa más de 100 MB"):
        await arrivals.copy_in(settings_in(tmp_path), path)


def test_numbers_and_days_are_read_as_spreadsheets_keep_them() -> None:
    assert text(944218305.0) == "944218305"
    assert amount(412.5, "PEN") == amount("412,50", "PEN") == amount("S/ 412.50", "PEN") == 41250
    assert amount(0.1 + 0.2, "PEN") == 30
    assert amount(1500.0, "CLP") == amount("$1.500", "CLP") == 1500
    for written in (
        46331,
        46331.0,
        "05/11/2026",
        "5-11-26",
        "2026-11-05",
        "20261105",
        "2026-11-05T00:00:00",
        "5 de noviembre de 2026",
    ):
        assert day(written) == date(2026, 11, 5), written
    with pytest.raises(Wrong):
        day(True)


@given(st.text(max_size=40))
def test_no_cell_of_an_export_starts_a_formula(value: str) -> None:
    (_bom, line) = lines_of([[value]])
    ((cell,),) = list(csv.reader(io.StringIO(line), delimiter=";")) or [[""]]

    assert not cell.lstrip().startswith(("=", "+", "@", "\t", "\r")) or cell.startswith("'")


def test_an_export_keeps_what_is_no_formula() -> None:
    assert [csv_safe(value) for value in ("-12.50", "María", None, 7)] == ["-12.50", "María", "", "7"]
    for formula in ("=1+1", " =1+1", "\t=1", "@SUM(A1)", "+51944", "-2+3", "\u200b=1", '"=1'):
        assert csv_safe(formula).startswith("'"), formula


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(max_size=20), st.floats(allow_nan=False), st.booleans()), max_size=9),
        max_size=5,
    )
)
def test_any_row_is_read_or_named(rows: list[list[Any]]) -> None:
    lines, problems = take(*rows)

    assert all(line.statement.bills for line in lines)
    assert all(problem.row >= 2 and problem.what for problem in problems)


def test_whoever_reads_a_file_has_nothing_to_do_with_the_database() -> None:
    """A process begins for each file: with the tables it took six times as long to begin."""
    said = f"import sys, {sheet_files.READER}; print(*sys.modules)"
    known = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.split()

    assert "console.portfolio.sheets" in known
    assert not {"sqlalchemy", "asyncpg", "asyncio", "litestar"} & set(known)
