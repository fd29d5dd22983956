"""Cells of a file as texts, amounts and days: as spreadsheets keep them, and as people write them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from console import money
from console.languages.words import Words
from console.portfolio.checks import Wrong
from console.portfolio.sheets import Cell

_BROKEN = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|N/D|¡?VALOR!|¡?REF!|¿?NOMBRE\?)", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:[ T].*)?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-]?(\d{2})[/.\-]?(\d{2})(?:[ T].*)?", re.ASCII)
_NAMED_MONTH = re.compile(
    r"(\d{1,2})[ /.\-]+(?:de )?([a-záéíóú]{3,10})\.?[ /.\-]+(?:de |del )?(\d{4}|\d{2})", re.IGNORECASE
)
_MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
_OTHER_MONTHS = {"jan": 1, "apr": 4, "aug": 8, "set": 9, "dec": 12}
# Excel counts days from here; what lies outside 1990 to 2100 is an amount in the wrong column.
_EPOCH, _FIRST_SERIAL, _LAST_SERIAL = date(1899, 12, 30), 32_874, 73_415
# Spreadsheets keep fifteen digits of a number and make zeros of the rest.
_EXACT = 10**15


def text(cell: Cell) -> str:
    """A cell as the text it stands for: 944218305.0 is a telephone, not a fraction. Raises Wrong."""
    match cell:
        case None:
            return ""
        case str():
            _require_whole(cell)
            return cell
        case bool():
            return "sí" if cell else "no"
        case float() | int():
            if abs(cell) >= _EXACT:
                raise Wrong(
                    Words("Excel guardó un número de más de 15 cifras y perdió las últimas: use formato de texto.")
                )
            return str(int(cell)) if cell == int(cell) else repr(cell)
        case date():
            return cell.isoformat()


def amount(cell: Cell, currency: str) -> int:
    """An amount in the currency's smallest unit. Raises Wrong or BadAmount."""
    match cell:
        case None:
            raise Wrong(Words("Falta el monto."))
        case bool() | date():
            raise Wrong(Words("No es un monto."))
        case int() | float():
            if abs(cell) >= _EXACT:
                raise Wrong(Words("El monto es demasiado grande."))
            exact = Decimal(repr(cell))
            rounded = round(exact, money.decimals(currency))
            # What a spreadsheet computed is a hair off; what has a cent too many is something else.
            if abs(exact - rounded) > Decimal("0.000001"):
                raise Wrong(
                    Words(
                        "Tiene más decimales que los {most} de {currency}.",
                        most=money.decimals(currency),
                        currency=currency,
                    )
                )
            return money.parse(format(rounded, "f"), currency)
        case str():
            _require_whole(cell)
            return _amount_in(cell, currency)


@lru_cache(maxsize=16_384)
def _amount_in(written: str, currency: str) -> int:
    return money.read(written, currency)


def day(cell: Cell) -> date:
    """A day, as Excel keeps it or as people write it, day first. Raises Wrong."""
    match cell:
        case date():
            return cell
        case None:
            raise Wrong(Words("Falta la fecha."))
        case bool():
            raise Wrong(Words("No es una fecha."))
        case int() | float():
            if not _FIRST_SERIAL <= cell <= _LAST_SERIAL:
                raise Wrong(Words("No es una fecha: es un número."))
            return _EPOCH + timedelta(days=int(cell))
        case str():
            _require_whole(cell)
            return _day_in(cell)


@lru_cache(maxsize=16_384)
def _day_in(written: str) -> date:
    if found := _DAY_FIRST.fullmatch(written):
        numbers = (found[3], found[2], found[1])
    elif found := _YEAR_FIRST.fullmatch(written):
        numbers = (found[1], found[2], found[3])
    elif (found := _NAMED_MONTH.fullmatch(written)) and (month := _month(found[2])):
        numbers = (found[3], str(month), found[1])
    else:
        raise Wrong(Words("No es una fecha: se espera día/mes/año, como 05/11/2026."))
    year, month_, day_ = map(int, numbers)
    try:
        return date(year + 2000 if year < 100 else year, month_, day_)
    except ValueError:
        raise Wrong(Words("Esa fecha no existe: se espera día/mes/año, como 05/11/2026.")) from None


def _month(name: str) -> int | None:
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else _OTHER_MONTHS.get(short)


def _require_whole(cell: str) -> None:
    if cell.startswith("#") and _BROKEN.fullmatch(cell):
        raise Wrong(Words("La fórmula de la celda da error en la hoja."))
