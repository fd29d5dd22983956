"""Fits the classifier: a small hidden layer over the hashed features, one yes or no a label, by Adam, in plain numpy.

Deterministic: every chance is drawn from the seed, and every sum is made in a fixed order (no BLAS for what is large).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from console.bots.features import BUCKETS, buckets
from console.bots.labels import LABELS
from console.bots.model import Head, written
from console.bots.normalise import plain

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
HIDDEN = 64
_BATCH = 256
_RATE = 3e-3
_UNSEEN = 0.3
"""The share of features, and of the hidden layer, left out of every step: no message hangs on a single word."""
_LARGEST = 127
_FEW = 1e-6


class Seen:
    """What the classifier sees of many messages: for each the buckets of its features and what each is worth."""

    def __init__(self, texts: Sequence[str]) -> None:
        columns: list[int] = []
        values: list[float] = []
        ends: list[int] = []
        for text in texts:
            for group in buckets(plain(text)):
                columns.extend(group)
                values.extend([1 / len(group) ** 0.5] * len(group))
            ends.append(len(columns))
        self.columns: Ints = np.asarray(columns, dtype=np.int64)
        self.values: Floats = np.asarray(values, dtype=np.float32)
        self.ends: Ints = np.asarray([0, *ends], dtype=np.int64)

    def some(self, rows: Ints) -> tuple[Ints, Floats, Ints]:
        """The buckets, values and row numbers (counted anew from 0) of these messages."""
        sizes = self.ends[rows + 1] - self.ends[rows]
        begins = np.cumsum(sizes) - sizes
        places = np.arange(int(sizes.sum())) + np.repeat(self.ends[rows] - begins, sizes)
        return self.columns[places], self.values[places], np.repeat(np.arange(len(rows)), sizes)


class Layers:
    """The numbers that are learnt: buckets to hidden, hidden to labels, and a bias for each."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.inner = (chance.standard_normal((BUCKETS, HIDDEN)) * 0.1).astype(np.float32)
        self.inner_bias = np.zeros(HIDDEN, dtype=np.float32)
        self.outer = (chance.standard_normal((HIDDEN, len(LABELS))) / HIDDEN**0.5).astype(np.float32)
        self.outer_bias = np.full(len(LABELS), -2.5, dtype=np.float32)


class _Adam:
    """Kingma and Ba's steps; `rows` are those of the array that were seen, the others keep still."""

    def __init__(self, learnt: Floats) -> None:
        self.learnt, self.first, self.second = learnt, np.zeros_like(learnt), np.zeros_like(learnt)

    def step(self, slope: Floats, rate: float, turn: int, rows: Ints | slice = slice(None)) -> None:
        first = self.first[rows] * np.float32(0.9) + slope * np.float32(0.1)
        second = self.second[rows] * np.float32(0.999) + slope * slope * np.float32(0.001)
        self.first[rows], self.second[rows] = first, second
        size = np.sqrt(second / np.float32(1 - 0.999**turn)) + np.float32(_FEW)
        self.learnt[rows] -= np.float32(rate / (1 - 0.9**turn)) * first / size


def fit(seen: Seen, truths: Sequence[Sequence[str]], *, seed: int, turns: int) -> Layers:
    """The layers after `turns` looks at every message."""
    chance = np.random.default_rng(seed)
    learning = _Learning(seen, truths, chance)
    turn = 0
    for look in range(turns):
        rate = _RATE * (1 - look / turns) + _RATE * 0.05
        order = chance.permutation(len(truths))
        for start in range(0, len(order), _BATCH):
            turn += 1
            learning.look(order[start : start + _BATCH], rate, turn)
    return learning.layers


class _Learning:
    """The layers while they learn, and what they learn from."""

    def __init__(self, seen: Seen, truths: Sequence[Sequence[str]], chance: np.random.Generator) -> None:
        self.layers, self._seen, self._chance = Layers(chance), seen, chance
        self._wanted = np.asarray([[label in labels for label in LABELS] for labels in truths], dtype=np.float32)
        layers = self.layers
        self._inner, self._inner_bias = _Adam(layers.inner), _Adam(layers.inner_bias)
        self._outer, self._outer_bias = _Adam(layers.outer), _Adam(layers.outer_bias)

    def look(self, rows: Ints, rate: float, turn: int) -> None:
        """One step by what these messages say, each with some of its features left out."""
        layers, chance = self.layers, self._chance
        columns, values, owners = self._seen.some(rows)
        kept = chance.random(len(values)) >= _UNSEEN
        columns, values, owners = columns[kept], values[kept] / np.float32(1 - _UNSEEN), owners[kept]
        hidden = np.tanh(_summed(layers.inner[columns] * values[:, None], owners, len(rows)) + layers.inner_bias)
        mask = (chance.random(hidden.shape) >= _UNSEEN).astype(np.float32) / np.float32(1 - _UNSEEN)
        shown = hidden * mask
        logits = np.einsum("bh,hl->bl", shown, layers.outer) + layers.outer_bias
        wrong = (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - self._wanted[rows]) / np.float32(len(rows))
        back = np.einsum("bl,hl->bh", wrong, layers.outer) * mask * (1 - hidden * hidden)
        order = np.argsort(columns, kind="stable")
        ordered = columns[order]
        first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        slopes = np.add.reduceat(back[owners[order]] * values[order, None], first, axis=0)
        self._inner.step(slopes, rate, turn, ordered[first])
        self._inner_bias.step(back.sum(axis=0), rate, turn)
        self._outer.step(np.einsum("bh,bl->hl", shown, wrong), rate, turn)
        self._outer_bias.step(wrong.sum(axis=0), rate, turn)


def _summed(parts: Floats, owners: Ints, count: int) -> Floats:
    """The sum of the parts of every owner; nothing for one without any."""
    total = np.zeros((count, parts.shape[1]), dtype=np.float32)
    if len(owners):
        first = np.flatnonzero(np.concatenate(([True], owners[1:] != owners[:-1])))
        total[owners[first]] = np.add.reduceat(parts, first, axis=0)
    return total


def packed(layers: Layers, *, trained_on: int) -> bytes:
    """The bytes of the model file: a signed byte a weight, in units of the scale of its column."""
    inner, inner_scales = _small(layers.inner)
    outer, outer_scales = _small(layers.outer)
    head = Head(
        labels=LABELS,
        inner_biases=_rounded(layers.inner_bias, 4),
        inner_scales=_rounded(inner_scales, 7),
        outer_biases=_rounded(layers.outer_bias, 4),
        outer_scales=_rounded(outer_scales, 7),
        trained_on=trained_on,
    )
    return written(head, inner.tobytes() + outer.tobytes())


def _small(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-9) / _LARGEST
    return np.ascontiguousarray(np.rint(weights / scales).astype(np.int8)), scales


def _rounded(numbers: Floats, digits: int) -> tuple[float, ...]:
    return tuple(round(float(number), digits) for number in numbers)
