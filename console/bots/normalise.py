"""How people really type: folds accents, stretched letters, abbreviations, emoji and slang fillers into plain words.

Pure. Words keep their order; marks that divide or ask (, . ? !) stay as words of their own.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from console.bots.spelling import ABBREVIATIONS, EMOJI, FILLERS, HARMFUL

LONGEST = 4096
"""Characters that are read: as many as WhatsApp carries."""

_WORD = re.compile(r"[a-z]+|\d+|[?!.,]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_DOUBLED = re.compile(r"([abdfghijkmopqstuvwxyz])\1+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\ufe0f\U0001f3fb-\U0001f3ff]")
_GROUPED = re.compile(r"(?<=\d)[.,'](?=\d{3}(?!\d))")
_CENTS = re.compile(r"(?<=\d)[.,](?=\d{1,2}(?!\d))")
_LAUGHTER = re.compile(r"\b(?:(?:ja|je|ji|jo|ha|xd){2,}j?|[jk]{3,}|j[aj]{3,}|lol|xd+)\b")


def plain(text: str) -> list[str]:
    """The words of `text`, folded; digits stay digits, an emoji becomes a word, what nobody can read is left out."""
    folded = _folded(text[:LONGEST])
    words: list[str] = []
    for token in _WORD.findall(folded):
        if token[0].isalpha():
            words.extend(_spelt_out(token))
        elif not (words and words[-1] == token and not token.isdigit()):
            words.append("." if token == "!" else token)
    return words


def _folded(text: str) -> str:
    """Lower case ASCII with emoji as words."""
    composed = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("\n", " . ")
    named = "".join(EMOJI.get(character, character) for character in composed)
    bare = "".join(
        character for character in unicodedata.normalize("NFD", named) if not unicodedata.combining(character)
    ).lower()
    return _LAUGHTER.sub(" jaja ", _CENTS.sub("c", _GROUPED.sub("", bare)).replace("¿", " ").replace(";", ","))


@lru_cache(maxsize=8192)
def _spelt_out(token: str) -> tuple[str, ...]:
    single = _STRETCHED.sub(r"\1", token)
    short = ABBREVIATIONS.get(token) or ABBREVIATIONS.get(single)
    if short:
        return tuple(short.split())
    if single in FILLERS:
        return ()
    squeezed = _DOUBLED.sub(r"\1", single)
    if squeezed in FILLERS:
        return ()
    again = ABBREVIATIONS.get(squeezed)
    return tuple(again.split()) if again else (_corrected(squeezed),)


def _corrected(word: str) -> str:
    """The word of `HARMFUL` from which it differs by one slip of a finger, if there is exactly one."""
    if len(word) < 6 or word in HARMFUL:
        return word
    near = {known for part in (word, *_shorter(word)) for known in _SLIPS.get(part, ()) if _one_slip(word, known)}
    return near.pop() if len(near) == 1 else word


def _shorter(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


def _one_slip(word: str, known: str) -> bool:
    """One letter more, less or other, or two swapped. The first one stays: "reportar" is not "deportar"."""
    if word[0] != known[0] or abs(len(word) - len(known)) > 1:
        return False
    if len(word) == len(known):
        other = [place for place in range(len(word)) if word[place] != known[place]]
        return len(other) == 1 or (
            len(other) == 2 and word[other[0]] == known[other[1]] and word[other[1]] == known[other[0]]
        )
    return True


def _slips() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for known in sorted(HARMFUL):
        for part in {known, *_shorter(known)}:
            found.setdefault(part, []).append(known)
    return {part: tuple(words) for part, words in found.items()}


_SLIPS = _slips()

_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ch", "0"), ("h", ""), ("qu(?=[ei])", "k"), ("c(?=[ei])", "s"), ("[cq]", "k"), ("z", "s"), ("v", "b"),
        ("ll", "y"), ("gu(?=[ei])", "g"), ("g(?=[ei])", "j"), ("w", "gu"), ("nn|mb(?=$)|m(?=[bp])", "n"),
        ("x", "ks"), ("([a-z])\\1+", "\\1"), ("0", "ch"), ("(?<=[aeo])y$|(?<=[u])y$", "i"),
    )
)  # fmt: skip


@lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """The word as it sounds: "voy", "boy" and "boi" are the same, and so are "vence" and "bense"."""
    if not word.isalpha():
        return word
    for pattern, instead in _SOUNDS:
        word = pattern.sub(instead, word)
    return word
