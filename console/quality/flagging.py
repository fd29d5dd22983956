"""What a reviewer is to look at in what an agent wrote: a word list for each country. Pure."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from console.render import fold
from console.supervision import conduct

LIST = Path(__file__).with_name("flags.toml")
KINDS = {
    "threat": "Posible amenaza",
    "insult": "Posible insulto",
    "third_party": "Posible mención a terceros",
    "false_legal": "Posible consecuencia legal falsa",
}
_COUNTRIES = {"51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO"}


def flags_in(text: str, phone: str | None) -> list[tuple[str, str]]:
    """What to look at in a text to somebody with this telephone: a key of KINDS and the words, each kind once."""
    unfit = conduct.flaw(text, phone)
    found = [unfit] if unfit else []
    folded = fold(text)
    for kind, pattern in _patterns(_COUNTRIES.get((phone or "")[:2], "")):
        if match := pattern.search(folded):
            found.append((kind, match[0]))
    return found


@lru_cache(maxsize=16)
def _patterns(country: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    lists = tomllib.loads(LIST.read_text(encoding="utf-8"))
    own = lists.get(country, {})
    return tuple((kind, _any_of([*common, *own.get(kind, [])])) for kind, common in lists["all"].items())


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(fold(phrase)) for phrase in phrases) + r")\b")
