"""What the classifier sees of a message: pieces of words, words and pairs, and the ideas they stand for, hashed.

Pure. Presence counts, not how often: a rant that says a thing ten times means it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from zlib import crc32

from console.bots.lexicon import ideas
from console.bots.spelling import sound

BUCKETS = 1 << 16
_PIECES = range(2, 6)
_FAR = 6
"""Ideas that stand farther apart than this have nothing to do with each other."""


def buckets(words: Sequence[str]) -> tuple[list[int], ...]:
    """The distinct bucket numbers of each group, sorted, for normalised `words`."""
    heard = [sound(word) if word.isalpha() else _shape(word) for word in words]
    return _hashed("p", _pieces(heard)), _hashed("w", _words(heard)), _hashed("i", _ideas(heard))


def _shape(word: str) -> str:
    return f"#{min(len(word), 12)}" if word[0].isdigit() else word


def _hashed(kind: str, features: Iterable[str]) -> list[int]:
    return sorted({crc32((kind + feature).encode()) & (BUCKETS - 1) for feature in features})


def _pieces(heard: list[str]) -> set[str]:
    text = f" {' '.join(heard)} "
    return {text[place : place + size] for size in _PIECES for place in range(len(text) - size + 1)}


def _words(heard: list[str]) -> set[str]:
    framed = ["<", *heard, ">"]
    return {*heard, *(f"{one} {two}" for one, two in pairwise(framed)), f"~{_size(len(heard))}"}


def _size(count: int) -> int:
    return next((size for size in (1, 2, 3, 5, 8, 13, 21) if count <= size), 99)


def _ideas(heard: list[str]) -> set[str]:
    """Ideas, pairs in order, and what is denied."""
    placed = [(place, idea) for place, word in enumerate(heard) for idea in ideas(word)]
    found = {idea for _place, idea in placed}
    for number, (place, idea) in enumerate(placed):
        for other_place, other in placed[number + 1 :]:
            if other_place - place > _FAR:
                break
            if other_place > place:
                found.add(f"{idea} {other}")
    return found or {"-"}
