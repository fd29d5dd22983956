"""Whether a phrase of a word list stands in a text: case, accents and simple plurals make no difference. Pure.

No pattern is built of what somebody typed: a phrase is words that follow each other, and nothing in it is a sign.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from console.languages.words import Words
from console.render import fold

LIST = Path(__file__).with_name("shipped.toml")
KINDS = {
    "threat": Words("Posible amenaza"),
    "insult": Words("Posible insulto"),
    "third_party": Words("Posible mención a terceros"),
    "false_legal": Words("Posible consecuencia legal falsa"),
}
EVERYWHERE = "all"
COUNTRIES = {
    EVERYWHERE: Words("Todos los países"),
    "PE": Words("Perú"),
    "MX": Words("México"),
    "CO": Words("Colombia"),
    "CL": Words("Chile"),
    "AR": Words("Argentina"),
    "BR": Words("Brasil"),
}
CODES = {"51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO"}
"""The first two digits of a telephone, by which a debtor's country is known."""
_WORD = re.compile(r"\w+")
_SHORT = 3
"""A word of so many letters is compared as it is: "los" is no plural of "lo"."""


class Choice(NamedTuple):
    """What the business decided of a phrase (models.PhraseChoice)."""

    country: str
    kind: str
    stems: str
    words: str
    is_on: bool


class Phrase(NamedTuple):
    """A phrase of a list. `country` is where it was last decided; `is_shipped`: it came with the product."""

    kind: str
    stems: str
    words: str
    is_on: bool
    is_shipped: bool
    country: str


def stems(text: str) -> str:
    """The words of a text as they are compared, a space between each two."""
    return " ".join(_stem(word) for word in _WORD.findall(fold(text)))


def country_of(phone: str | None) -> str:
    """The country of a telephone; EVERYWHERE where no list of its own is kept."""
    return CODES.get((phone or "")[:2], EVERYWHERE)


def found(text: str, phone: str | None, choices: frozenset[Choice] = frozenset()) -> list[tuple[str, str]]:
    """What stands in a text to somebody with this telephone: a key of KINDS and the phrase, each kind once."""
    said = f" {stems(text)} "
    hits: dict[str, str] = {}
    for phrase in phrases(country_of(phone), choices):
        if phrase.is_on and phrase.kind not in hits and f" {phrase.stems} " in said:
            hits[phrase.kind] = phrase.words
    return [(kind, hits[kind]) for kind in KINDS if kind in hits]


@lru_cache(maxsize=64)
def phrases(country: str, choices: frozenset[Choice] = frozenset()) -> tuple[Phrase, ...]:
    """The lists of a country with those of everywhere, those that were put out of force included, by kind and words."""
    kept: dict[tuple[str, str], Phrase] = {}
    for where in dict.fromkeys((EVERYWHERE, country)):
        for kind, listed in _shipped().get(where, {}).items():
            for words in listed:
                key = (kind, stems(words))
                kept.setdefault(key, Phrase(*key, words, is_on=True, is_shipped=True, country=where))
        for choice in sorted(one for one in choices if one.country == where):
            key = (choice.kind, choice.stems)
            before = kept.get(key)
            words, is_shipped = (before.words, before.is_shipped) if before else (choice.words, False)
            kept[key] = Phrase(*key, words, choice.is_on, is_shipped, where)
    order = list(KINDS)
    return tuple(sorted(kept.values(), key=lambda one: (order.index(one.kind), one.stems)))


@lru_cache(maxsize=1)
def _shipped() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(LIST.read_text(encoding="utf-8"))


def _stem(word: str) -> str:
    """Without the ending of a plural: "ladrones" and "ladrón" are one, "jueces" and "juez" too."""
    if len(word) > _SHORT and word.endswith("s"):
        word = word[:-1]
    if len(word) > _SHORT and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "c" if word.endswith("z") else word
