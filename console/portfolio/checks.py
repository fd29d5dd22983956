"""Whether what somebody wrote about a debtor can be taken: texts, numbers and days, and if not, why, in Spanish."""

from __future__ import annotations

import unicodedata
from datetime import date

from console.consents.kinds import LONGEST, OLDEST
from console.languages.words import Words
from console.portfolio.statement import LONGEST_ID, LONGEST_NAME, LONGEST_NUMBER
from integrations.whatsapp import numbers
from integrations.whatsapp.numbers import BadNumber, Problem

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
OLDEST_BIRTH, YOUNGEST = 1900, 14
"""The first year somebody who owes can be born in, and how old they are at least."""


class Wrong(ValueError):  # noqa: N818 an answer about a text
    """What cannot be taken; the message says why, for whoever wrote it, and repeats no personal data."""


def name(text: str) -> str:
    """A person's or company's name, with one space between its words. Raises Wrong."""
    return _line(text, LONGEST_NAME, Words("el nombre"))


def external_id(text: str) -> str:
    """How a creditor calls a debt. Raises Wrong."""
    return _line(text, LONGEST_ID, Words("el identificador de la cuenta"))


def invoice_number(text: str) -> str:
    """How a creditor calls an invoice. Raises Wrong."""
    return _line(text, LONGEST_NUMBER, Words("el número de la factura"))


def product(text: str) -> str:
    """What is owed for. Raises Wrong."""
    return _line(text, LONGEST_NAME, Words("el producto"))


def consent_text(text: str) -> str:
    """What somebody was shown before they agreed. Raises Wrong."""
    return _line(text, LONGEST["shown"], Words("el texto del consentimiento"))


def consent_proof(text: str) -> str:
    """Where the proof of a consent is kept. Raises Wrong."""
    return _line(text, LONGEST["reference"], Words("la prueba del consentimiento"))


def consent_day(day: date, today: date) -> date:
    """A day on which somebody can have agreed or refused. Raises Wrong."""
    if day > today:
        raise Wrong(Words("La fecha del consentimiento no puede ser futura."))
    if today - day > OLDEST:
        raise Wrong(Words("La fecha del consentimiento no puede ser de hace más de {n} años.", n=OLDEST.days // 365))
    return day


def phone(text: str, country: str) -> str:
    """A number in E.164, read as in `country` where it has no country code. Raises Wrong."""
    try:
        return numbers.e164(text, country)
    except BadNumber as bad:
        raise Wrong(_PHONES[bad.problem]) from None


def due_day(day: date) -> date:
    """A day on which something can be due. Raises Wrong."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Wrong(Words("La fecha debe estar entre {first} y {last}.", first=FIRST_DAY.year, last=LAST_DAY.year))
    return day


def amounts(amount_minor: int, balance_minor: int) -> None:
    """What is left of an invoice lies between nothing and all of it. Raises Wrong."""
    if balance_minor < 0:
        raise Wrong(Words("El saldo no puede ser negativo."))
    if balance_minor > amount_minor:
        raise Wrong(Words("El saldo no puede ser mayor que el monto."))


def _line(text: str, longest: int, what: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise Wrong(Words("Falta {what}.", what=what))
    if len(line) > longest:
        raise Wrong(
            Words("Es demasiado largo: {what} puede tener hasta {longest} caracteres.", what=what, longest=longest)
        )
    if not line.isprintable() and any(unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} for letter in line):
        raise Wrong(Words("Hay caracteres que no se pueden guardar en {what}.", what=what))
    return line


_PHONES = {
    Problem.EMPTY: Words("Falta el teléfono."),
    Problem.NOT_A_NUMBER: Words("No es un número de teléfono."),
    Problem.SCIENTIFIC: Words(
        "La hoja de cálculo lo guardó como 5.25E+11 y perdió cifras: dé formato de texto a la columna."
    ),
    Problem.UNKNOWN_COUNTRY: Words("No se sabe de qué país es: escríbalo con su código, como +51944218305."),
    Problem.TOO_SHORT: Words("Al teléfono le faltan cifras."),
    Problem.TOO_LONG: Words("Al teléfono le sobran cifras."),
    Problem.IMPOSSIBLE: Words("Ningún teléfono tiene esa cantidad de cifras."),
}


def birth_year(year: int, today: date) -> int:
    """A year somebody who owes can be born in. Raises Wrong."""
    if not OLDEST_BIRTH <= year <= today.year - YOUNGEST:
        raise Wrong(
            Words("El año de nacimiento va de {first} a {last}.", first=OLDEST_BIRTH, last=today.year - YOUNGEST)
        )
    return year
