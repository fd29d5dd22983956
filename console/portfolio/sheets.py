"""Files of tables: which kind one is, whether it is safe to open, and its rows. For a process of its own.

Rows are numbered as spreadsheets number them, from 1. Cells are what the file holds: a text, a number, a day, nothing.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal, TextIO

import msgspec
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from console.languages.words import Words

Cell = str | int | float | bool | date | None
Row = tuple[int, list[Cell]]
"""A row's number, and its cells from the left."""

LARGEST_UNPACKED = 768 * 1024 * 1024
LARGEST_RATIO = 250
"""A spreadsheet is text that repeats itself, and packs to a twentieth or a fiftieth; what packs further is a bomb."""
MOST_PARTS = 2000
MOST_COLUMNS = 200
LONGEST_CELL = 4000
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS = ";,\t|"
_SAMPLE = 65_536


class Unreadable(Exception):  # noqa: N818 an answer about a file
    """The file cannot be read; the message says why and how to mend it, in Spanish."""


class Shape(msgspec.Struct, frozen=True):
    """How a file is to be read."""

    kind: Literal["csv", "excel"]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    sheets: list[str] = []


def shape_of(path: Path, *, sheet: str | None = None) -> Shape:
    """What kind of table `path` holds. Raises Unreadable."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if not head.strip():
        raise Unreadable(Words("El archivo está vacío."))
    if head.startswith(_ZIP):
        _require_modest(path)
        return _excel(path, sheet)
    if head.startswith(_OLE):
        return _excel(path, sheet)
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"PK\x05\x06", b"\x1f\x8b", b"Rar!")):
        raise Unreadable(Words("No es una tabla: se esperaba un archivo CSV o de Excel (.xlsx, .xls)."))
    encoding = _encoding(path, head)
    return Shape("csv", encoding, _delimiter(head.decode(encoding, errors="ignore")))


def rows_of(path: Path, shape: Shape) -> Iterator[Row]:
    """The rows of `path`, one by one. Raises Unreadable, perhaps after some of them."""
    return _csv_rows(path, shape) if shape.kind == "csv" else _excel_rows(path, shape)


# Excel


def _require_modest(path: Path) -> None:
    """Refuse what would fill memory once unpacked, by what the archive says of itself, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise Unreadable(Words("El archivo está dañado: vuelva a guardarlo en Excel.")) from None
    whole = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    if (
        len(parts) > MOST_PARTS
        or whole > LARGEST_UNPACKED
        or (whole > 8 * 1024 * 1024 and whole / packed > LARGEST_RATIO)
    ):
        raise Unreadable(Words("El archivo se expande demasiado al abrirlo: no se abrió. Guárdelo como CSV."))
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(Words("El archivo tiene contraseña: quítela y vuelva a subirlo."))


def _excel(path: Path, sheet: str | None) -> Shape:
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            visible = [each.name for each in book.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
    except CalamineError as odd:
        raise _unreadable(odd) from None
    if not visible:
        raise Unreadable(Words("El libro no tiene hojas visibles."))
    if sheet is not None and sheet not in visible:
        raise Unreadable(Words("El libro no tiene esa hoja."))
    return Shape("excel", sheet=sheet or visible[0], sheets=visible)


def _excel_rows(path: Path, shape: Shape) -> Iterator[Row]:
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            table = book.get_sheet_by_name(shape.sheet or "")
            if table.start is None:
                return
            # Rows and columns above and before the first cell are not given, and count.
            top, left = table.start
            if left + table.width > MOST_COLUMNS:
                raise Unreadable(Words("La hoja tiene más de {most} columnas.", most=MOST_COLUMNS))
            for number, cells in enumerate(table.iter_rows(), start=top + 1):
                yield number, [None] * left + [_excel_cell(cell) for cell in cells]
    except CalamineError as odd:
        raise _unreadable(odd) from None


def _unreadable(odd: CalamineError) -> Unreadable:
    if "assword" in type(odd).__name__:
        return Unreadable(Words("El archivo tiene contraseña: quítela y vuelva a subirlo."))
    return Unreadable(
        Words("El archivo de Excel está dañado o no es de los que se pueden leer: guárdelo como .xlsx o CSV.")
    )


def _excel_cell(cell: object) -> Cell:
    match cell:
        case datetime():
            return cell.date()
        case bool() | int() | float() | date():
            return cell
        case time() | timedelta():
            return str(cell)
        case str():
            return cell.strip()[:LONGEST_CELL] or None
        case _:
            return None


# CSV


def _encoding(path: Path, head: bytes) -> str:
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.count(0) > len(head) // 4:
        # Two bytes a letter, without the mark that says in which order.
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return "utf-8" if _decodes(path, "utf-8") else "cp1252"


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    """The separator that cuts the most lines into the same number of pieces, the more the better."""
    lines = [line for line in sample.splitlines()[:-1] or sample.splitlines() if line.strip()][:50]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4]

    def worth(mark: str) -> tuple[int, int]:
        counts = [len(cells) for cells in csv.reader(lines, delimiter=mark)]
        usual = max(set(counts), key=lambda size: (counts.count(size), size))
        return (counts.count(usual) if usual > 1 else 0, usual)

    try:
        return max(_DELIMITERS, key=worth)
    except csv.Error:
        return max(_DELIMITERS, key=sample.count)


def _csv_rows(path: Path, shape: Shape) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL * 8)
    last = 0
    try:
        with path.open(encoding=shape.encoding, newline="") as file:
            for last, cells in _numbered(file, shape.delimiter or ","):
                if len(cells) > MOST_COLUMNS:
                    raise Unreadable(
                        Words(
                            "La fila {last} tiene más de {most} columnas: revise el separador.",
                            last=last,
                            most=MOST_COLUMNS,
                        )
                    )
                yield last, [cell.strip()[:LONGEST_CELL] or None for cell in cells]
    except UnicodeDecodeError:
        raise Unreadable(
            Words(
                "Después de la fila {last} hay letras que no son de {encoding}: guárdelo como «CSV UTF-8».",
                last=last,
                encoding=shape.encoding,
            )
        ) from None
    except csv.Error:
        raise Unreadable(
            Words("Después de la fila {last} hay unas comillas sin cerrar o una celda enorme.", last=last)
        ) from None


def _numbered(file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    # A NUL is no text; kept, it would end up in front of a database that cannot store it.
    reader = csv.reader((line.replace("\0", "\ufffd") for line in file), delimiter=delimiter)
    for number, cells in enumerate(reader, start=1):
        if number == 1 and len(cells) <= 2 and "".join(cells).lower().startswith("sep="):
            continue
        yield number, cells
