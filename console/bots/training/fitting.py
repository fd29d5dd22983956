"""Fits the classifier: for each label a logistic regression with a quadratic penalty, by L-BFGS, in plain numpy.

Deterministic: no chance in it, and every sum in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from console.bots.features import BUCKETS, buckets
from console.bots.labels import LABELS
from console.bots.model import Head, written
from console.bots.normalise import plain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MEMORY = 8
_LARGEST = 127


class Seen:
    """What the classifier sees of many messages, as a sparse matrix with three arrays."""

    def __init__(self, texts: Sequence[str]) -> None:
        columns: list[int] = []
        values: list[float] = []
        ends: list[int] = []
        for text in texts:
            for group in buckets(plain(text)):
                columns.extend(group)
                values.extend([1 / len(group) ** 0.5] * len(group) if group else [])
            columns.append(BUCKETS)
            values.append(1.0)
            ends.append(len(columns))
        self.columns: Ints = np.asarray(columns, dtype=np.int64)
        self.values: Floats = np.asarray(values)
        self.starts: Ints = np.asarray([0, *ends[:-1]], dtype=np.int64)
        self.rows: Ints = np.repeat(np.arange(len(texts)), np.diff(np.asarray([0, *ends])))

    def times(self, weights: Floats) -> Floats:
        """One number a message."""
        return np.add.reduceat(weights[self.columns] * self.values, self.starts)

    def back(self, errors: Floats) -> Floats:
        """One number a feature."""
        summed = np.bincount(self.columns, weights=self.values * errors[self.rows], minlength=BUCKETS + 1)
        return summed.astype(np.float64, copy=False)


def fit(seen: Seen, truths: Sequence[Sequence[str]], *, penalty: float, turns: int) -> Floats:
    """Weights of every label, one row each; the last column is the bias."""
    rows = []
    for label in LABELS:
        wanted = np.asarray([1.0 if label in labels else 0.0 for labels in truths])
        rows.append(_minimised(_loss(seen, wanted, penalty), np.zeros(BUCKETS + 1), turns))
    return np.vstack(rows)


def _loss(seen: Seen, wanted: Floats, penalty: float) -> Callable[[Floats], tuple[float, Floats]]:
    def of(weights: Floats) -> tuple[float, Floats]:
        logits = seen.times(weights)
        loss = float(np.sum(np.logaddexp(0, logits) - wanted * logits))
        errors = 1 / (1 + np.exp(-np.clip(logits, -40, 40))) - wanted
        shrunk = weights.copy()
        shrunk[-1] = 0
        return loss + penalty / 2 * float(np.sum(shrunk * shrunk)), seen.back(errors) + penalty * shrunk

    return of


def _minimised(of: Callable[[Floats], tuple[float, Floats]], at: Floats, turns: int) -> Floats:
    """L-BFGS with backtracking (Nocedal and Wright, Numerical Optimization, algorithm 7.4)."""
    value, slope = of(at)
    past: list[tuple[Floats, Floats, float]] = []
    for _ in range(turns):
        way = -_curved(slope, past)
        steep = float(np.sum(way * slope))
        if steep > -1e-9:
            break
        step = 1.0 if past else min(1.0, 1.0 / float(np.sqrt(np.sum(slope * slope))))
        new, new_slope = of(at + step * way)
        while new > value + 1e-4 * step * steep and step > 1e-6:
            step /= 2
            new, new_slope = of(at + step * way)
        moved, turned = step * way, new_slope - slope
        bend = float(np.sum(moved * turned))
        if bend > 1e-12:
            past = [*past, (moved, turned, bend)][-_MEMORY:]
        gained = value - new
        at, value, slope = at + moved, new, new_slope
        if gained < 1e-5 * max(1.0, abs(value)):
            break
    return at


def _curved(slope: Floats, past: list[tuple[Floats, Floats, float]]) -> Floats:
    direction, shares = slope.copy(), []
    for moved, turned, bend in reversed(past):
        share = float(np.sum(moved * direction)) / bend
        shares.append(share)
        direction -= share * turned
    if past:
        _moved, turned, bend = past[-1]
        direction *= bend / float(np.sum(turned * turned))
    for (moved, turned, bend), share in zip(past, reversed(shares), strict=True):
        direction += (share - float(np.sum(turned * direction)) / bend) * moved
    return direction


def packed(weights: Floats, *, trained_on: int) -> bytes:
    """The bytes of the model file: a signed byte a weight, in units of the label's scale."""
    scales = np.maximum(np.abs(weights[:, :-1]).max(axis=1), 1e-9) / _LARGEST
    small = np.rint(weights[:, :-1] / scales[:, None]).astype(np.int8)
    head = Head(
        labels=LABELS,
        biases=tuple(round(float(bias), 4) for bias in weights[:, -1]),
        scales=tuple(round(float(scale), 6) for scale in scales),
        trained_on=trained_on,
    )
    return written(head, np.ascontiguousarray(small.T).tobytes())
