"""The trained model: a weight for every label and feature, read once from its file, and the scores of a message.

The file: one line of JSON (labels, biases, scales), then for every bucket one signed byte a label.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from operator import add
from pathlib import Path

import msgspec

from console.bots.features import BUCKETS, buckets

FILE = Path(__file__).with_name("model.bin")


class Head(msgspec.Struct, frozen=True):
    """What stands in the file before the weights; one number a label."""

    labels: tuple[str, ...]
    biases: tuple[float, ...]
    scales: tuple[float, ...]
    trained_on: int


class Model:
    """Weights in memory; `scores` is all it does."""

    def __init__(self, written: bytes) -> None:
        line, _newline, weights = written.partition(b"\n")
        self.head = msgspec.json.decode(line, type=Head)
        if len(weights) != BUCKETS * len(self.head.labels):
            raise ValueError("The model file is cut off, or was made for other features: run make train.")
        # One row a bucket, as signed numbers.
        self._weights = memoryview(weights).cast("b")

    def scores(self, words: Sequence[str]) -> dict[str, float]:
        """How likely each label is for normalised `words`, from 0 to 1; each by itself, so they add up to nothing."""
        width = len(self.head.labels)
        totals = list(self.head.biases)
        for group in buckets(words):
            if not group:
                continue
            sums = [0] * width
            for bucket in group:
                sums = list(map(add, sums, self._weights[bucket * width : (bucket + 1) * width]))
            share = 1 / math.sqrt(len(group))
            totals = [
                total + got * scale * share for total, got, scale in zip(totals, sums, self.head.scales, strict=True)
            ]
        return {label: _likelihood(total) for label, total in zip(self.head.labels, totals, strict=True)}


def _likelihood(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(maxsize=1)
def trained() -> Model:
    """The model that comes with the product, read at its first use."""
    return Model(FILE.read_bytes())


def written(head: Head, weights: bytes) -> bytes:
    """The bytes of a model file; the same for the same numbers."""
    line = json.dumps(msgspec.to_builtins(head), sort_keys=True, separators=(",", ":"))
    return line.encode() + b"\n" + weights
