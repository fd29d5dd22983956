"""How people really type: folds accents, stretched letters, abbreviations, emoji and slang fillers into plain words.

Pure. Words keep their order; marks that divide or ask (, . ? !) stay as words of their own.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from console.bots.spelling import ABBREVIATIONS, EMOJI, FILLERS, corrected

LONGEST = 4096
"""Characters that are read: as many as WhatsApp carries."""

_WORD = re.compile(r"[a-z]+|\d+|[?!.,]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_DOUBLED = re.compile(r"([abdfghijkmopqstuvwxyz])\1+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\ufe0f\U0001f3fb-\U0001f3ff]")
_GROUPED = re.compile(r"(?<=\d)[.,'](?=\d{3}(?!\d))")
_CENTS = re.compile(r"(?<=\d)[.,](?=\d{1,2}(?!\d))")
_DONE = re.compile(
    r"(?i)(?<!ya )\b(?:le |les |te |lo |la |se lo |se la )?"
    r"(?:pagu|deposit|consign|abon|cancel|liquid|sald|gir|yape|pline|transfer|transfir)[éí]\b"
)
"""Paid already: where the accent says so ("deposité el viernes" is no promise), a "ya" says it to whoever folds it."""
_LAUGHTER = re.compile(r"\b(?:(?:ja|je|ji|jo|ha|xd){2,}j?|[jk]{3,}|j[aj]{3,}|lol|xd+)\b")


def plain(text: str) -> list[str]:
    """The words of `text`, folded; digits stay digits, an emoji becomes a word, what nobody can read is left out."""
    folded = _folded(text[:LONGEST])
    words: list[str] = []
    for piece in _WORD.findall(folded):
        if piece[0].isalpha():
            words.extend(_spelt_out(piece))
        elif piece.isdigit() or not words or words[-1] != piece:
            words.append("." if piece == "!" else piece)
    return words


def _folded(text: str) -> str:
    """Lower case ASCII with emoji as words."""
    composed = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("\n", " . ")
    composed = _DONE.sub(r"ya \g<0>", composed)
    named = "".join(EMOJI.get(character, character) for character in composed)
    bare = "".join(
        character for character in unicodedata.normalize("NFD", named) if not unicodedata.combining(character)
    ).lower()
    return _LAUGHTER.sub(" jaja ", _CENTS.sub("c", _GROUPED.sub("", bare)).replace("¿", " ").replace(";", ","))


@lru_cache(maxsize=8192)
def _spelt_out(typed: str) -> tuple[str, ...]:
    single = _STRETCHED.sub(r"\1", typed)
    short = ABBREVIATIONS.get(typed) or ABBREVIATIONS.get(single)
    if short:
        return short
    if single in FILLERS:
        return ()
    squeezed = _DOUBLED.sub(r"\1", single)
    if squeezed in FILLERS:
        return ()
    again = ABBREVIATIONS.get(squeezed)
    return again or (corrected(squeezed),)
