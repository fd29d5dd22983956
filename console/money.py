"""Money: whole numbers of a currency's smallest unit, read from text and written as text; never a float."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec
from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision, get_decimal_symbol

from console.languages.words import Words

LARGEST_MINOR = 10**15
"""No debt is larger, in the smallest unit: what is, is a mistake of whoever wrote it."""

_LONG = 10_000
_PLAIN = re.compile(r"-?\d{1,16}(\.\d{1,6})?", re.ASCII)
# What people and spreadsheets put around an amount: a symbol, a code, spaces of every kind.
_AROUND = re.compile(r"[\s\u00a0\u202f]|S/\.?|R\$|US\$|[A-Z]{2,3}\$|\$|€|[A-Z]{3}")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'])\d{3})(?:\1\d{3})*", re.ASCII)


class BadAmount(ValueError):  # noqa: N818 an answer about a text
    """A text that is no amount of the currency; the message says why, in Spanish, for whoever wrote it."""


class Money(msgspec.Struct, frozen=True):
    """An amount: `minor` counts the currency's smallest unit (céntimos, centavos; whole pesos in Chile)."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{as_text(self.minor, self.currency)} {self.currency}"


def is_currency(code: str) -> bool:
    """Whether `code` is a currency's ISO 4217 code, as `PEN`."""
    return len(code) == 3 and code in _codes()


def decimals(currency: str) -> int:
    """How many digits follow the point: 2 for most, 0 for Chilean pesos and guaraníes (ISO 4217)."""
    return _decimals(currency)


def parse(text: str, currency: str) -> int:
    """`"412.50"` in the smallest unit, exactly as programs write it: digits, a point, no more decimals than exist.

    Raises BadAmount.
    """
    if not _PLAIN.fullmatch(text):
        raise BadAmount(Words("«{text}» no es un monto (se espera, por ejemplo, 412.50)", text=text[:40]))
    return _minor(Decimal(text), currency)


def read(text: str, currency: str) -> int:
    """`text` as people and spreadsheets write amounts: `S/ 1,234.50`, `1.234,50`, `412,5`; in the smallest unit.

    The last of two different separators is the decimal one. A single separator before exactly three digits is
    ambiguous (`1.234`) unless the currency has no decimals or it repeats: refused rather than guessed, as a mistake
    here is one of a factor of a thousand. Raises BadAmount.
    """
    bare = _AROUND.sub("", text.strip())
    sign, digits = ("-", bare[1:]) if bare[:1] in {"-", "\u2212"} else ("", bare)
    if digits.startswith("(") and digits.endswith(")"):
        sign, digits = "-", digits[1:-1]
    if not digits or not re.fullmatch(r"[\d.,']+", digits, re.ASCII):
        raise BadAmount(Words("«{strip}» no es un monto", strip=text.strip()[:40]))
    return parse(sign + _with_point(digits, currency, text), currency)


def _with_point(digits: str, currency: str, text: str) -> str:
    """Only digits and at most one point, the decimal one."""
    marks = [mark for mark in digits if not mark.isdigit()]
    if not marks:
        return digits
    last = marks[-1]
    if len(set(marks)) > 1:
        whole, _mark, rest = digits.rpartition(last)
        if last in whole or not _GROUPED.fullmatch(whole):
            raise BadAmount(Words("«{strip}» no es un monto", strip=text.strip()[:40]))
        return re.sub(r"[.,']", "", whole) + "." + rest
    whole, _mark, rest = digits.partition(last)
    if len(marks) > 1 or last == "'" or (decimals(currency) == 0 and len(rest) == 3):
        if not _GROUPED.fullmatch(digits):
            raise BadAmount(Words("«{strip}» no es un monto", strip=text.strip()[:40]))
        return digits.replace(last, "")
    if len(rest) == 3 and whole.strip("0"):
        raise BadAmount(
            Words(
                "«{strip}» puede leerse de dos maneras: escriba los decimales (1234.00 o 1.23)", strip=text.strip()[:40]
            )
        )
    return f"{whole or '0'}.{rest}" if rest else whole


def as_text(minor: int, currency: str) -> str:
    """`412.50`: the amount as programs write it, with all its decimals."""
    return str(as_decimal(minor, currency))


def as_decimal(minor: int, currency: str) -> Decimal:
    """The amount in the currency's main unit."""
    return Decimal(minor).scaleb(-decimals(currency))


@lru_cache(maxsize=4096)
def shown(minor: int, currency: str, locale: str) -> str:
    """`S/ 412.50`: the amount as people of `locale` (`es_PE`) read it."""
    return format_currency(as_decimal(minor, currency), currency, locale=locale)


@lru_cache(maxsize=4096)
def shown_short(minor: int, currency: str, locale: str) -> str:
    """`S/ 412.50`, but `COP 930,000`: long amounts without decimals that are all zero, where there is little room."""
    text = shown(minor, currency, locale)
    places = decimals(currency)
    if not places or minor % 10**places or minor < _LONG * 10**places:
        return text
    return text.replace(get_decimal_symbol(locale) + "0" * places, "", 1)


def _minor(amount: Decimal, currency: str) -> int:
    try:
        scaled = amount.scaleb(decimals(currency))
        minor = int(scaled)
    except (InvalidOperation, ValueError, OverflowError) as odd:
        raise BadAmount(Words("{amount} no es un monto", amount=amount)) from odd
    if scaled != minor:
        raise BadAmount(
            Words(
                "{amount} tiene más decimales que los {currency} de {currency_2}",
                amount=amount,
                currency=decimals(currency),
                currency_2=currency,
            )
        )
    if abs(minor) > LARGEST_MINOR:
        raise BadAmount(Words("{amount} es demasiado grande", amount=amount))
    return minor


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(str(code) for code in get_global("all_currencies"))


@lru_cache(maxsize=256)
def _decimals(currency: str) -> int:
    return int(get_currency_precision(currency))
