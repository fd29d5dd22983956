"""Threats and insults in what we write: a word list for each country. Pure."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from console.render import fold

LIST = Path(__file__).with_name("conduct.toml")
_COUNTRIES = {"51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO"}


def flaw(text: str, phone: str | None) -> tuple[str, str] | None:
    """What may not be said to somebody with this telephone: ("threat" or "insult", the words), or None."""
    folded = fold(text)
    for kind, pattern in _patterns(_COUNTRIES.get((phone or "")[:2], "")):
        if found := pattern.search(folded):
            return kind, found[0]
    return None


@lru_cache(maxsize=16)
def _patterns(country: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    lists = tomllib.loads(LIST.read_text(encoding="utf-8"))
    own = lists.get(country, {})
    return tuple((kind, _any_of([*common, *own.get(kind, [])])) for kind, common in lists["all"].items())


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(fold(phrase)) for phrase in phrases) + r")\b")
