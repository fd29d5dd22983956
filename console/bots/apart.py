"""The wishes of one message heard apart: how loudly its parts say what the whole only murmurs.

Danger is heard in the whole alone: a part adds none. So "no quiero que me dejen de escribir" stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.bots.alone import only_of
from console.bots.clauses import clauses, end_of_first
from console.bots.model import Model, logit
from console.bots.normalise import plain

RULED = 0.99
"""The score of a label that a rule gave."""
_LESS = 2.0
"""A part says only what it says: how much less that counts than the whole, in logits."""
_ABSURD = -3.5
"""What the whole finds less likely than this no part makes true. Chosen, like the others, on authors kept out."""
_CERTAIN = 8.0


def louder(words: Sequence[str], values: Mapping[str, float], model: Model) -> dict[str, float]:
    """`values` (logits of the whole message, by label), raised to what its parts say."""
    raised = dict(values)
    parts = clauses(words)
    if len(parts) < 2:
        return raised
    for part in parts:
        for label, value in _said_by(part, model).items():
            if label != "distress" and values[label] > _ABSURD:
                raised[label] = max(raised[label], value - _LESS)
    return raised


def _said_by(part: Sequence[str], model: Model) -> dict[str, float]:
    bare = only_of(part)
    if bare:
        return {bare: _CERTAIN} if bare == "identity_answer" else {}
    return {label: logit(score) for label, score in model.scores(part).items()}


def begins_with_yes(text: str) -> bool:
    """Whether `text` is a yes and then something else that takes nothing back ("sí, y mándeme el link")."""
    words = plain(text)
    end = end_of_first(words)
    return "pero" not in words and 0 < end < len(words) and only_of(words[:end]) == "affirm"


def takes_back(text: str) -> bool:
    """Whether what is said makes a yes depend on something ("sí, pero el lunes")."""
    return "pero" in plain(text)
