"""Sentences of ours that are on record in Spanish, said again in the reader's language: only the words were kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache, partial
from typing import NamedTuple

from console import clock
from console.languages import moments
from console.languages.catalogues import translations, whole
from console.languages.readers import SPANISH
from console.languages.words import Shown

# Blanks that hold words of ours; what any other holds (a name, what somebody typed) is given back as it is.
_OURS = frozenset({"asked", "how", "length", "meant", "reason", "reasons", "sentence", "told", "which"})
_DAYS = frozenset({"day", "on"})
_BLANK = re.compile(r"\\\{(\w+)\\\}")
# A sentence with fewer letters of its own would be found in anything; but these are on record.
_FEWEST_LETTERS = 4
_SHORT_ONES = frozenset({"El {day}, {time}", "+{points} {reason}"})
_OF_SEVERAL = r"(?:(?!\. [A-ZÁÉÍÓÚÑ¿¡]).)+?"
_WITHIN_A_SENTENCE = r"(?:(?!\. [A-ZÁÉÍÓÚÑ¿¡]|; ).)+?"
_BETWEEN = (("\n", r"\n"), (" ", r"(?<=\.) "), ("; ", r"; "), (", ", r", "))
_IN_FULL = re.compile(
    rf"({'|'.join(moments.DAYS)}) (\d{{1,2}}) de ({'|'.join(moments.MONTHS_IN_FULL)})(?: de (\d{{4}}))?"
)
_SHORT = re.compile(rf"(\d{{1,2}}) ({'|'.join(moments.MONTHS)})(?: (\d{{4}}))?")


class _Form(NamedTuple):
    """A sentence with blanks, and how it is said elsewhere: of the count `n`, where it counts."""

    pattern: re.Pattern[str]
    letters: int
    said: Callable[[str], str]


def recalled(text: str) -> str:
    """`text`, which the console wrote and kept in Spanish; in other languages, what its catalogue says for it.

    Never give it what a person typed: of a name that equals a word of ours, the word would be said.
    """
    return Shown(partial(_again, text)) if text else ""


@lru_cache(maxsize=4096)
def _again(text: str, language: str) -> str:
    if language == SPANISH:
        return text
    capital = text[:1].upper() + text[1:]
    for look in (_as_it_is, _with_blanks):
        for written in (text, capital):
            said = look(written, language)
            if said is not None:
                return said if written is text or _is_a_name(said, language) else said[:1].lower() + said[1:]
    for between, cut in _BETWEEN:
        parts = re.split(cut, text)
        if len(parts) > 1:
            return between.join(_again(part, language) for part in parts)
    return text


def _is_a_name(said: str, language: str) -> bool:
    return said.startswith(tuple(moments.name_of_day(number, language) for number in range(7)))


def _as_it_is(text: str, language: str) -> str | None:
    known = translations(language).gettext(text)
    return known if known != text else None


def _with_blanks(text: str, language: str) -> str | None:
    for form in _forms(language):
        found = form.pattern.fullmatch(text)
        if found:
            blanks = {name: _filled(name, value, language) for name, value in found.groupdict().items()}
            return form.said(blanks.get("n", "")).format_map(blanks)
    return None


def _filled(name: str, value: str, language: str) -> str:
    if name in _DAYS:
        return _day_again(value, language)
    return _again(value, language) if name in _OURS else value


@lru_cache(maxsize=8)
def _forms(language: str) -> list[_Form]:
    """Every sentence with blanks that the catalogues have, the longest first."""
    known = translations(language)
    found = []
    for message in whole(language):
        one, many = message.id if isinstance(message.id, tuple | list) else (message.id, None)
        for source in filter(None, (one, many)):
            names = re.findall(r"\{(\w*)\}", source)
            letters = sum(letter.isalpha() for letter in re.sub(r"\{\w*\}", "", source))
            is_own = letters >= _FEWEST_LETTERS or source in _SHORT_ONES
            if names and is_own and all(name.isidentifier() for name in names):
                said = partial(known.gettext, one) if many is None else partial(_counted, known.ngettext, one, many)
                found.append(_Form(_pattern(source), letters, _ignoring(said) if many is None else said))
    return sorted(found, key=lambda form: -form.letters)


def _counted(ngettext: Callable[[str, str, int], str], one: str, many: str, count: str) -> str:
    return ngettext(one, many, int(re.sub(r"\D", "", count) or 2))


def _ignoring(said: Callable[[], str]) -> Callable[[str], str]:
    return lambda _count: said()


def _pattern(source: str) -> re.Pattern[str]:
    names: set[str] = set()

    def blank(found: re.Match[str]) -> str:
        name = found[1]
        again = name in names
        names.add(name)
        return f"(?P={name})" if again else rf"(?P<{name}>{_OF_SEVERAL if name == 'told' else _WITHIN_A_SENTENCE})"

    return re.compile(_BLANK.sub(blank, re.escape(source)))


def _day_again(text: str, language: str) -> str:
    """A day as Spanish screens write it, in another language; the year that is not said is the nearest one."""
    today = clock.now().date()
    full, short = _IN_FULL.fullmatch(text), _SHORT.fullmatch(text)
    if full and full[3] in moments.MONTHS_IN_FULL:
        on = _nearest(int(full[2]), moments.MONTHS_IN_FULL.index(full[3]) + 1, full[4], today, full[1])
        return moments.weekday(on, today, language) if on else text
    if short and short[2] in moments.MONTHS:
        on = _nearest(int(short[1]), moments.MONTHS.index(short[2]) + 1, short[3], today, None)
        return moments.day(on, today, language) if on else text
    return text


def _nearest(number: int, month: int, year: str | None, today: date, named: str | None) -> date | None:
    for then in [int(year)] if year else [today.year, today.year + 1, today.year - 1]:
        try:
            on = date(then, month, number)
        except ValueError:
            continue
        if named is None or moments.DAYS[on.weekday()] == named:
            return on
    return None
