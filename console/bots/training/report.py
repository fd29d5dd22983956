"""How well labels are understood: exact sets, recall and precision by label, and what is taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from console.bots.labels import LABELS
from console.bots.model import Model
from console.bots.training.phrases import Phrase
from console.bots.understand import understand


class Score(msgspec.Struct):
    """What came out of phrases whose labels are known."""

    phrases: int = 0
    exact: int = 0
    wanted: Counter[str] = msgspec.field(default_factory=Counter)
    found: Counter[str] = msgspec.field(default_factory=Counter)
    extra: Counter[str] = msgspec.field(default_factory=Counter)
    taken_for: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    wrong: list[tuple[Phrase, tuple[str, ...]]] = msgspec.field(default_factory=list)

    @property
    def exactness(self) -> float:
        """The share of phrases with every label right and none too many."""
        return self.exact / max(1, self.phrases)

    def recall(self, label: str) -> float:
        """The share of its phrases in which the label was found."""
        return self.found[label] / max(1, self.wanted[label])


def measured(phrases: Sequence[Phrase], *, model: Model | None = None) -> Score:
    """Let the whole understanding, rules included, read `phrases`."""
    score = Score()
    for phrase in phrases:
        labels = understand(phrase.text, model=model).labels
        score.phrases += 1
        score.wanted.update(phrase.labels)
        score.found.update(set(labels) & set(phrase.labels))
        score.extra.update(set(labels) - set(phrase.labels))
        if set(labels) == set(phrase.labels):
            score.exact += 1
        else:
            score.wrong.append((phrase, labels))
        score.taken_for[phrase.labels[0], phrase.labels[0] if phrase.labels[0] in labels else labels[0]] += 1
    return score


def table(score: Score) -> str:
    """Recall and precision by label, as lines of text."""
    rows = [f"{'label':16} {'phrases':>7} {'recall':>7} {'precision':>9}"]
    for label in LABELS:
        if score.wanted[label]:
            precision = score.found[label] / max(1, score.found[label] + score.extra[label])
            rows.append(f"{label:16} {score.wanted[label]:7} {score.recall(label):7.1%} {precision:9.1%}")
    rows.append(f"{'every label':16} {score.phrases:7} {score.exactness:7.1%}")
    return "\n".join(rows)


def confusion(score: Score) -> str:
    """The confusion matrix of main labels: a row for what was meant, a column for what it was taken for."""
    width = 5
    head = " " * 16 + "".join(f"{label[: width - 1]:>{width}}" for label in LABELS)
    rows = [
        f"{meant:16}" + "".join(f"{score.taken_for[meant, taken] or '·':>{width}}" for taken in LABELS)
        for meant in LABELS
    ]
    return "\n".join([head, *rows])
