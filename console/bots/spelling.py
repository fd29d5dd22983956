"""How single words are spelt: abbreviations, slips of a finger, words written as they sound, emoji, fillers.

Pure; the words themselves are in the tables.
"""

from __future__ import annotations

import re
from functools import lru_cache

from console.bots import tables

_SPELLING = tables.words("spelling.txt")
ABBREVIATIONS = {
    short: tuple(full.split()) for full, shorts in tables.words("abbreviations.txt").items() for short in shorts
}
"""What is typed, and the words it is short for."""
FILLERS = frozenset(_SPELLING["fillers"])
EMOJI = {
    face: f" {name.removeprefix('emoji ')} "
    for name, faces in _SPELLING.items()
    if name.startswith("emoji ")
    for faces_together in faces
    for face in faces_together
}
"""One character, and the word it stands for."""
_KNOWN = frozenset(_SPELLING["known"])
_SHORTEST = 6
"""Letters from which on a slip of a finger is recognised; shorter words have too many neighbours."""
_SOUNDS = tuple(
    (re.compile(pattern), heard)
    for pattern, heard in (
        ("ch", "0"), ("h", ""), ("qu(?=[ei])", "k"), ("c(?=[ei])", "s"), ("[cq]", "k"), ("z", "s"), ("v", "b"),
        ("ll", "y"), ("gu(?=[ei])", "g"), ("g(?=[ei])", "j"), ("w", "gu"), ("nn|mb(?=$)|m(?=[bp])", "n"),
        ("x", "ks"), ("([a-z])\\1+", "\\1"), ("0", "ch"), ("(?<=[aeou])y$", "i"),
    )
)  # fmt: skip


@lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """The word as it sounds: "voy", "boy" and "boi" are the same, and so are "vence" and "bense"."""
    if not word.isalpha():
        return word
    for pattern, heard in _SOUNDS:
        word = pattern.sub(heard, word)
    return word


def corrected(word: str) -> str:
    """The known word that it sounds like, or from which it differs by one slip of a finger, if there is just one."""
    if word in _KNOWN:
        return word
    alike = _BY_SOUND.get(sound(word))
    if alike:
        return alike
    if len(word) < _SHORTEST:
        return word
    near = {
        known for part in (word, *one_letter_less(word)) for known in _SLIPS.get(part, ()) if is_one_slip(word, known)
    }
    return near.pop() if len(near) == 1 else word


def one_letter_less(word: str) -> list[str]:
    """The word without each of its letters in turn."""
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


def is_one_slip(word: str, known: str) -> bool:
    """One letter more, less or other, or two swapped. The first one stays: "reportar" is not "deportar"."""
    if word[0] != known[0] or abs(len(word) - len(known)) > 1:
        return False
    if len(word) != len(known):
        return True
    other = [place for place in range(len(word)) if word[place] != known[place]]
    return len(other) == 1 or (
        len(other) == 2 and word[other[0]] == known[other[1]] and word[other[1]] == known[other[0]]
    )


def _slips() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for known in sorted(_KNOWN):
        if len(known) >= _SHORTEST:
            for part in {known, *one_letter_less(known)}:
                found.setdefault(part, []).append(known)
    return {part: tuple(words) for part, words in found.items()}


_SLIPS = _slips()
_BY_SOUND = {sound(word): word for word in sorted(_KNOWN)}
