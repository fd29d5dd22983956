"""Words of somebody in danger: self-harm, a threat to life, violence at home. Not idioms; when in doubt, danger.

Pure, on normalised text. It is better to alarm a supervisor once too often.
"""

from __future__ import annotations

from console.bots import tables

*_DANGER, _LOW, _IDIOM = tables.rules("danger.txt")


def found(text: str) -> str | None:
    """The name of the first kind of danger that normalised `text` speaks of, idioms apart; None if there is none."""
    bare = _IDIOM.pattern.sub(" , ", text)
    return next((rule.name for rule in _DANGER if rule.speaks_of(bare)), None)


def is_idiom(text: str) -> bool:
    """Whether `text` plays with death as everybody does: "me muero de vergüenza", "ni muerto"."""
    return _IDIOM.speaks_of(text)


def is_low(text: str) -> bool:
    """Whether `text` speaks of a mood so low that a person should look: no danger, and a doubt about it."""
    return _LOW.speaks_of(text)
