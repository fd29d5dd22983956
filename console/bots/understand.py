"""What a message means: normalised, scored, corrected by the rules; labels with scores, the main one first.

Pure but for the model, whose file is read once. Never raises, whatever is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from console.bots import apart, harm, rules
from console.bots.apart import RULED
from console.bots.labels import LABELS
from console.bots.model import Model, likelihood, logit, trained
from console.bots.normalise import plain
from console.bots.rules import Verdict

_FROM = {
    "balance": 0.25, "payment_link": 0.25, "payment_methods": -0.25, "due_date": 0.25, "promise_to_pay": 0.25,
    "opt_out": -0.25, "human": -0.25, "hardship": 0.75, "distress": -1.25, "identity_answer": -1.0, "affirm": 0.25,
    "deny": -0.5, "greeting": -1.25, "other": 0.75,
}  # fmt: skip
"""From which logit on a label holds, beside others too; 0 (one half) for those not named. Chosen, like what follows, on
authors kept out."""
_ADDS = 4.0
_ADDS_OF = {"balance": 2.0, "wrong_person": 6.0, "complaint": 6.0}
"""What a rule's word adds: more than a doubt, less than certainty of the contrary; for danger it is certainty."""
_TAKES_OF = {"balance": 2.0, "wrong_person": 0.0, "deny": 2.0, "dispute": 4.0, "promise_to_pay": 4.0}
"""And what it takes away; all of a label that is not named."""
_BESIDE_DANGER = 1.0
"""What else is said beside danger must be clearer: nearly everything sounds like trouble there."""
_NOTHING = -2.2
"""Where nothing is likelier than this the message is `other`."""
_CERTAIN = 9.0
_ALL = 40.0
DOUBT = 0.08
"""From here on a message that is not danger may be: it is a person's. Chosen on authors kept out: of 140 messages that
speak of danger the scores alone miss 2 of 43 that no rule knows; of 1,445 ordinary ones 26 are doubtful."""
_ONLY_ALONE = frozenset({"greeting", "thanks"})
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
    if said.alone:
        chosen = dict.fromkeys(said.adds, RULED)
    else:
        chosen = _chosen(apart.louder(words, {label: logit(score) for label, score in scores.items()}, model), said)
    ranked = sorted(chosen, key=lambda label: (_rank(label, said), -round(chosen[label], 2), LABELS.index(label)))
    intents = tuple(Intent(label, round(chosen[label], 4)) for label in ranked)
    return Understood(intents, said.names, _doubt(words, scores["distress"], chosen, said))


def _doubt(words: Sequence[str], score: float, chosen: Collection[str], said: Verdict) -> float:
    """None where a rule knows better: what stands alone, an idiom, a wish that a rule heard."""
    if "distress" in chosen or "distress" in said.drops or said.names:
        return 0.0
    if harm.is_low(" ".join(words)):
        score = max(score, DOUBT)
    return round(score, 4) if score >= DOUBT else 0.0


def _rank(label: str, said: Verdict) -> int:
    if label == "other":
        return len(_FIRST) + 1
    return _FIRST.index(label) if label in _FIRST and (label in said.adds or label == "distress") else len(_FIRST)


def _chosen(heard: Mapping[str, float], said: Verdict) -> dict[str, float]:
    """The labels that hold and how likely they are, from what is `heard` (logits) and the rules."""
    values = {}
    for label, value in heard.items():
        added = _ADDS_OF.get(label, _ADDS) if label in said.adds else 0.0
        taken = _TAKES_OF.get(label, _ALL) if label in said.drops else 0.0
        values[label] = value + added - taken - _FROM.get(label, 0.0)
    if "distress" in said.adds:
        values["distress"] = max(_CERTAIN, values["distress"])
    if values["distress"] > 0:
        values = {label: value - (label != "distress") * _BESIDE_DANGER for label, value in values.items()}
    held = [label for label, value in values.items() if value > 0]
    held = [label for label in held if label not in _ONLY_ALONE or len(held) == 1]
    if not held:
        # The likeliest one then, whatever it takes to stand beside others; of equals, danger.
        bare = {label: value + (label != "distress") * _FROM.get(label, 0.0) for label, value in values.items()}
        best = max(bare, key=lambda label: bare[label])
        held = [best if bare[best] >= _NOTHING else "other"]
    return {label: max(0.0001, likelihood(values[label])) for label in held}
