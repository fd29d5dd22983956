"""The parts of a message that may each be a wish: cut at marks, joints ("y", "pero") and where a question begins.

Pure, on normalised words. A part that says too little stays with the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from console.bots import tables

_WORDS = tables.words("clauses.txt")
_MARKS = frozenset(",.?")
_JOINTS = frozenset(_WORDS["joints"])
_PAIRS = frozenset(tuple(pair.split("_")) for pair in _WORDS["joints of two"])
_ASKING = frozenset(_WORDS["asking"])
_LEADING = frozenset(_WORDS["leading"])
_NO_QUESTION = frozenset(_WORDS["no question"])
_LEADING_QUE = frozenset(_WORDS["leading que"])
_IDLE = frozenset(_WORDS["idle"]) | _JOINTS | _MARKS
MOST = 12
"""Parts that are looked at; who says more than this tells a story."""


def clauses(words: Sequence[str]) -> list[list[str]]:
    """The parts of `words` in their order; only one where nothing can be told apart."""
    cuts = [place for place in range(1, len(words)) if _begins(words, place)]
    parts: list[list[str]] = []
    for start, end in pairwise([0, *cuts, len(words)]):
        part = list(words[start:end])
        if parts and not (_says_something(part) and _says_something(parts[-1])):
            parts[-1].extend(part)
        else:
            parts.append(part)
    trimmed = [_trimmed(part) for part in parts]
    return [part for part in trimmed if part][:MOST]


def end_of_first(words: Sequence[str]) -> int:
    """Where what is said first ends, however little it is: at the first mark or joint."""
    return next((place for place, word in enumerate(words) if word in _MARKS or word in _JOINTS), len(words))


def _begins(words: Sequence[str], place: int) -> bool:
    """Whether something new may begin at this word."""
    word, before = words[place], words[place - 1]
    after = words[place + 1] if place + 1 < len(words) else ""
    if before in _MARKS or word in _JOINTS or (word, after) in _PAIRS:
        return True
    if before in _JOINTS or before in _LEADING or before in _NO_QUESTION or word in _NO_QUESTION:
        return False
    return word in _ASKING or (word in _LEADING and after in _ASKING) or (word in _LEADING_QUE and after == "que")


def _says_something(part: Sequence[str]) -> bool:
    return any(word not in _IDLE for word in part)


def _trimmed(part: list[str]) -> list[str]:
    """Without the joints it begins and ends with, and the marks, a question mark at its end apart."""
    first, last = 0, len(part)
    while first < last:
        if tuple(part[first : first + 2]) in _PAIRS:
            first += 2
        elif part[first] in _JOINTS or part[first] in _MARKS:
            first += 1
        else:
            break
    while last > first:
        if tuple(part[max(first, last - 2) : last]) in _PAIRS:
            last -= 2
        elif part[last - 1] in _JOINTS or part[last - 1] in {",", "."}:
            last -= 1
        else:
            break
    return part[first:last]
