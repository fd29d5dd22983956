"""Where a mistake harms, rules that people can read decide: distress, dispute, wrong person, opt-out, a third person.

Pure, on normalised words; the rules themselves are in the tables. Each may add labels or take some away.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.bots import harm, tables
from console.bots.alone import only_of

_RULES = tables.rules("rules.txt")


class Verdict(msgspec.Struct, frozen=True):
    """What the rules say of a message: labels that hold, labels that do not, and the names of the rules that spoke.

    `alone`: the one label added is all there is.
    """

    adds: tuple[str, ...]
    drops: frozenset[str]
    names: tuple[str, ...]
    alone: bool = False


def verdict(words: Sequence[str]) -> Verdict:
    """What the rules say of a message's normalised `words`; nothing takes distress away."""
    text = " ".join(words)
    if danger := harm.found(text):
        return _verdict(text, adds=["distress"], drops=set(), names=[danger])
    if alone := only_of(words):
        adds = (alone, "affirm") if alone == "identity_answer" and words[0] == "si" else (alone,)
        return Verdict(adds=adds, drops=frozenset(), names=(f"nothing but {alone}",), alone=True)
    return _verdict(text, adds=[], drops={"distress"} if harm.is_idiom(text) else set(), names=[])


def _verdict(text: str, *, adds: list[str], drops: set[str], names: list[str]) -> Verdict:
    held: set[str] = set()
    for rule in _RULES:
        if rule.speaks_of(text):
            adds.extend((*rule.adds, *rule.keeps))
            drops.update(rule.drops)
            held.update(rule.keeps)
            names.append(rule.name)
    drops = drops - held
    kept = tuple(label for label in dict.fromkeys(adds) if label == "distress" or label not in drops)
    if adds and not kept:
        # Two rules deny each other ("ni lo conozco, no debo nada"): the later one knows more.
        kept, drops = (adds[-1],), drops - {adds[-1]}
    return Verdict(adds=kept, drops=frozenset(drops), names=tuple(names))
