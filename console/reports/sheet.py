"""Reports as files: CSV and XLSX of the very numbers of the page. No cell of either starts a formula."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from console.languages.catalogues import said
from console.languages.words import Words
from console.portfolio.exports import lines_of
from console.reports import definitions
from console.reports.comparing import Before
from console.reports.figures import Cell, Column, Kind, Report

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

LONGEST_SHEET_NAME = 31
Sheet = tuple[str, list[Sequence[Cell]]]


def sheets_of(report: Report, before: Mapping[str, Before], currency: str) -> list[Sheet]:
    """A report as sheets: the figures with what they were before and their definitions, then each table."""
    size = definitions.unit(currency)
    first: list[Sequence[Cell]] = [_HEADS]
    first += [
        (
            each.title,
            _plain(each.value, each.kind, size),
            currency if each.kind == "money" else _UNITS.get(each.kind, ""),
            _plain(before[each.key].value, each.kind, size) if each.key in before else None,
            each.beside,
            each.definition,
        )
        for each in report.figures
    ]
    rest = [(table.title, list(rows_of(table.columns, table.rows, currency))) for table in report.tables]
    return [(Words("Indicadores"), first), *rest]


def rows_of(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], currency: str) -> Iterator[Sequence[Cell]]:
    """The heads, then the rows as plain numbers: money in units, durations in seconds."""
    size = definitions.unit(currency)
    yield [_head(each, currency) for each in columns]
    for row in rows:
        yield [_plain(value, each.kind, size) for value, each in zip(row, columns, strict=True)]


def said_in(language: str, sheets: Sequence[Sheet]) -> list[Sheet]:
    """The same with what is ours in it (heads, names, definitions) in a reader's language."""
    return [
        (str(said(name, language)), [[_cell_in(language, cell) for cell in row] for row in rows])
        for name, rows in sheets
    ]


def _cell_in(language: str, cell: Cell) -> Cell:
    return str(said(cell, language)) if isinstance(cell, str) else cell


def _head(column: Column, currency: str) -> str:
    unit = currency if column.kind == "money" else _BESIDE.get(column.kind)
    return Words("{title} ({unit})", title=column.title, unit=unit) if unit else column.title


def csv_of(sheets: Sequence[Sheet]) -> bytes:
    """All sheets below each other, an empty line between them."""
    every: list[Sequence[Cell]] = []
    for at, (name, rows) in enumerate(sheets):
        every += [(), (name,)] if at else [(name,)]
        every += rows
    return "".join(lines_of(every)).encode()


def xlsx_of(sheets: Sequence[Sheet]) -> bytes:
    """A workbook. Texts are cells of the type text, whatever they begin with."""
    from openpyxl import Workbook  # noqa: PLC0415 see _cell

    book = Workbook(write_only=True)
    for name, rows in sheets:
        sheet = book.create_sheet(_sheet_name(name))
        for at, row in enumerate(rows):
            sheet.append([_cell(sheet, value, is_head=at == 0) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: WriteOnlyWorksheet, value: Cell, *, is_head: bool) -> WriteOnlyCell:
    # With it comes NumPy where there is one: half a second and 16 MB of every process, for what few ask for.
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415

    cell = WriteOnlyCell(sheet, value="" if value is None else _printable(value))
    if isinstance(value, str):
        # openpyxl takes what begins with "=" for a formula: as text it stays what somebody wrote.
        cell.data_type = "s"
    if is_head:
        cell.font = Font(bold=True)
    return cell


def _printable(value: Cell) -> Cell:
    """Without what XML cannot hold."""
    if not isinstance(value, str):
        return value
    return "".join(letter for letter in value if letter in "\t\n" or ord(letter) >= 0x20)


def _sheet_name(name: str) -> str:
    return "".join(" " if letter in r"[]:*?/\'" else letter for letter in name)[:LONGEST_SHEET_NAME]


def _plain(value: Cell, kind: Kind, size: int) -> Cell:
    if isinstance(value, str) or value is None:
        return value
    if kind == "money":
        return round(value / size, 4)
    return round(value, 2) if isinstance(value, float) else value


_HEADS = (Words("Indicador"), Words("Valor"), Words("Unidad"), Words("Antes"), Words("Detalle"), Words("Definición"))
_UNITS: dict[Kind, str] = {"percent": "%", "duration": Words("segundos"), "days": Words("días")}
_BESIDE: dict[Kind, str] = {"percent": "%", "duration": "s", "days": Words("días")}
