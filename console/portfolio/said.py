"""What a debtor's words promise: the day and the amount in "el viernes pago 200", as Latin America says it.

Pure and without any memory: the moment, the zone, the currency and what is owed are arguments. It proposes; a person
(or a bot that asks back) confirms.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from console.portfolio.said_amounts import find_amount, names_none
from console.portfolio.said_days import COVER, Found, find_days, gone_by
from console.portfolio.states import today_in

LONGEST = 2000
"""Characters that are read; nobody promises further down."""
Span = tuple[int, int]
"""Where in the text something was said: from, to (exclusive)."""

_CLAUSE = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|[;:!?\n](?!\d)|\b(?:pero|sino|mejor|aunque|sin embargo)\b")
_HARMLESS = re.compile(
    r"\bno\s+(?:se\s+preocupe|te\s+preocupes|hay\s+problema|fallo|le\s+fallo|se\s+olvide|mas)\b|\bcomo\s+no\b|\bno\s*\?|"
    r"\bpor\s*que\s+no\b|\bno\s+bien\b",
)
_REFUSES = re.compile(r"\b(?:no|ni|tampoco|nunca|jamas|imposible)\b")
# "El lunes cobro y el martes pago" promises the Tuesday.
_EARNED_BEFORE = re.compile(r"\b(?:cobro|cobrare|me\s+(?:pagan|depositan|cae)|venc\w+)\s*$")
_EARNED_AFTER = re.compile(r"^\s*(?:recien\s+)?(?:cobro|cobrare|me\s+(?:pagan|depositan|cae)|venc\w+)\b")
_PAST = re.compile(r"\b(?:ayer|anteayer|anoche|ya\s+(?:pague|deposite|cancele|abone|transferi|yapee))\b")


class Said(msgspec.Struct, frozen=True):
    """A day, an amount in the smallest unit, both, or neither; `candidates` are all days it may mean, the day first.

    `day_at` and `amount_at` say where in the text. Not `sure`: there was more than one reading. `is_range`: the day is
    one of several that were meant ("la próxima semana"); `is_several`: more than one was named ("el 5 y el 20").
    `gone`: where no day to come was named, one that has passed. `is_nothing`: the amount named is zero or less.
    """

    day: date | None = None
    candidates: tuple[date, ...] = ()
    amount_minor: int | None = None
    sure: bool = True
    day_at: Span | None = None
    amount_at: Span | None = None
    is_range: bool = False
    is_several: bool = False
    gone: date | None = None
    is_nothing: bool = False


def read(
    text: str,
    *,
    moment: datetime,
    zone: ZoneInfo,
    currency: str,
    overdue_minor: int = 0,
    balance_minor: int = 0,
    country: str = "PE",
) -> Said:
    """The day and the amount that `text` promises, said at `moment` by somebody whose day is that of `zone`.

    "La mitad" and "todo" are of `overdue_minor`, or of `balance_minor` where nothing is overdue. What is denied ("el
    viernes no puedo") or past ("ayer pagué") is not promised.
    """
    words = _without_refusals(fold(text[:LONGEST]))
    today = today_in(zone, moment)
    days, rest = find_days(words, today, country)
    amount = find_amount(rest, currency=currency, overdue_minor=overdue_minor, balance_minor=balance_minor)
    days = _without_paydays(days, words)
    first = days[0] if days else None
    every = [day for found in days for day in (found.day, *found.others)]
    return Said(
        day=first.day if first else None,
        candidates=tuple(dict.fromkeys(every)),
        amount_minor=amount.minor if amount else None,
        sure=len(set(every)) <= 1 and (amount is None or amount.sure),
        day_at=(first.start, first.end) if first else None,
        amount_at=(amount.start, amount.end) if amount else None,
        is_range=first is not None and first.is_range,
        is_several=len({found.day for found in days}) > 1,
        gone=None if days else gone_by(words, today, country),
        is_nothing=amount is None and names_none(rest),
    )


def _without_paydays(days: list[Found], words: str) -> list[Found]:
    """The days without those on which there will be money, or something falls due, where another one is named."""
    promised = [
        each
        for each in days
        if not _EARNED_BEFORE.search(words[: each.start]) and not _EARNED_AFTER.search(words[each.end :])
    ]
    return promised or days


def fold(text: str) -> str:
    """Lower case without accents, character by character: what is found keeps its place."""
    return "".join(_folded(character) for character in text)


def _folded(character: str) -> str:
    return (unicodedata.normalize("NFD", character)[0].lower() or character)[0]


def _without_refusals(words: str) -> str:
    """The text with the clauses covered that deny, or tell what already happened."""
    kept, begin = [], 0
    harmless = _HARMLESS.sub(lambda match: COVER * len(match[0]), words)
    for match in [*_CLAUSE.finditer(harmless), None]:
        end = match.end() if match else len(words)
        clause = harmless[begin:end]
        said = bool(_REFUSES.search(clause) or _PAST.search(clause))
        kept.append(COVER * len(clause) if said else clause)
        begin = end
    return "".join(kept)
