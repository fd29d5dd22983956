"""Threats and insults in what we write: a word list for each country. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from console.render import fold

LIST = Path(__file__).with_name("conduct.toml")
_COUNTRIES = {"51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO"}


def flaw(text: str, phone: str | None) -> tuple[str, str] | None:
    """What may not be said to somebody with this telephone: ("threat" or "insult", the words), or None."""
    return next(phrases_in(text, phone, LIST), None)


def phrases_in(text: str, phone: str | None, of: Path) -> Iterator[tuple[str, str]]:
    """What of a word list stands in a text to somebody with this telephone: a kind of the list and the words.

    The list is TOML: under `all` and under each country, phrases by kind. Each kind is found once.
    """
    folded = fold(text)
    for kind, pattern in _patterns(of, _COUNTRIES.get((phone or "")[:2], "")):
        if found := pattern.search(folded):
            yield kind, found[0]


@lru_cache(maxsize=32)
def _patterns(of: Path, country: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    lists = tomllib.loads(of.read_text(encoding="utf-8"))
    own = lists.get(country, {})
    return tuple((kind, _any_of([*common, *own.get(kind, [])])) for kind, common in lists["all"].items())


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(fold(phrase)) for phrase in phrases) + r")\b")
