"""What words are about: the slang of five countries folded into the few ideas a debtor's message turns on."""

from __future__ import annotations

from console.bots import tables
from console.bots.spelling import sound


def ideas(heard: str) -> tuple[str, ...]:
    """What a word, as it sounds, is about; most are about nothing."""
    return _OF.get(heard, ())


def _by_sound() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for idea, words in tables.words("ideas.txt").items():
        for word in words:
            about = found.setdefault(sound(word), [])
            if idea not in about:
                about.append(idea)
    return {word: tuple(about) for word, about in found.items()}


_OF = _by_sound()
