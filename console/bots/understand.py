"""What a message means: normalised, scored, corrected by the rules; labels with scores, the main one first.

Pure but for the model, whose file is read once. Never raises, whatever is written.
"""

from __future__ import annotations

import msgspec

from console.bots import apart, rules
from console.bots.apart import RULED
from console.bots.model import Model, trained
from console.bots.normalise import plain
from console.bots.rules import Verdict

_FLOOR = 0.12
_FLOOR_OF = {"affirm": 0.2}
"""Below it the best guess is none, and the message is `other`. A yes is not guessed from next to nothing."""
_BESIDE = 0.6
"""From here on a second label holds as well."""
_BESIDE_OF = {"deny": 0.75, "affirm": 0.9, "balance": 0.65, "distress": 0.35}
_BESIDE_DANGER = 0.85
"""And beside danger: nearly everything sounds like trouble there, and only the danger matters."""
DOUBT = 0.12
"""From here on a message that is not danger may be: it is a person's. Chosen on the phrases kept out: of those that
speak of danger the scores alone find 88 of 111, with the doubtful ones 99; of 1,839 ordinary ones 14 are doubtful."""
_ONLY_ALONE = frozenset({"greeting", "thanks", "other", "affirm"})
_FIRST = ("distress", "wrong_person", "opt_out", "dispute")
"""Where several hold, these are what a person must see first."""


class Intent(msgspec.Struct, frozen=True):
    """A label and how sure it is, from 0 to 1."""

    label: str
    score: float


class Understood(msgspec.Struct, frozen=True):
    """What was meant, the main thing first, and the names of the rules that had a say (for the record).

    `doubt` is how likely danger is where it is not certain enough to be said and yet too likely to go on; else 0.
    """

    intents: tuple[Intent, ...]
    rules: tuple[str, ...]
    doubt: float = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """Without the scores."""
        return tuple(intent.label for intent in self.intents)


def understand(text: str, *, model: Model | None = None) -> Understood:
    """The labels of `text`; at least one, `other` where nothing fits."""
    words = plain(text)
    if not any(word.isalnum() for word in words):
        # Only fillers ("oe causa") call somebody; only marks or foreign letters say nothing we know.
        label = "greeting" if any("a" <= letter <= "z" for letter in text.lower()) else "other"
        return Understood(intents=(Intent(label, RULED),), rules=())
    said = rules.verdict(words)
    model = model or trained()
    scores = model.scores(words)
    chosen = _chosen(scores, said)
    more = {} if said.alone else apart.beside(words, chosen, scores=scores, said=said, model=model)
    if more:
        chosen = {label: score for label, score in chosen.items() if label not in _ONLY_ALONE} | more
    ranked = sorted(chosen, key=lambda label: (*_rank(label, said), -chosen[label], label))
    intents = tuple(Intent(label, round(chosen[label], 4)) for label in ranked)
    return Understood(intents, said.names, _doubt(scores["distress"], chosen, said))


def _doubt(score: float, chosen: dict[str, float], said: Verdict) -> float:
    """None where a rule knows better: what stands alone, an idiom, a wish that a rule heard."""
    if score < DOUBT or "distress" in chosen or "distress" in said.drops or said.names:
        return 0.0
    return round(score, 4)


def _rank(label: str, said: Verdict) -> tuple[int, int]:
    urgent = _FIRST.index(label) if label in _FIRST and (label in said.adds or label == "distress") else len(_FIRST)
    return urgent, 0


def _chosen(scores: dict[str, float], said: Verdict) -> dict[str, float]:
    if said.alone:
        return dict.fromkeys(said.adds, RULED)
    left = {label: score for label, score in scores.items() if label not in said.drops}
    best = max(left, key=lambda label: left[label])
    chosen = {label: max(RULED, scores[label]) for label in said.adds}
    is_danger = "distress" in said.adds or left.get("distress", 0.0) >= _BESIDE_OF["distress"]
    for label, score in left.items():
        floor = _BESIDE_DANGER if is_danger and label != "distress" else _BESIDE_OF.get(label, _BESIDE)
        if score >= floor or (label == best and not chosen and score >= _FLOOR_OF.get(label, _FLOOR)):
            chosen.setdefault(label, score)
    substance = {label: score for label, score in chosen.items() if label not in _ONLY_ALONE}
    if substance:
        return substance
    if chosen:
        top = max(chosen, key=lambda label: chosen[label])
        return {top: chosen[top]}
    return {"other": max(scores["other"], 1 - scores[best])}
