"""The trained model: a small hidden layer over hashed features, read once from its file, and the scores of a message.

The file: one line of JSON (labels, biases, scales), then for every bucket one signed byte a hidden number, then for
every hidden number one signed byte a label.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from operator import mul
from pathlib import Path

import msgspec

from console.bots.features import BUCKETS, buckets

FILE = Path(__file__).with_name("model.bin")
_RAISED = bytes((number + 128) % 256 for number in range(256))


class Head(msgspec.Struct, frozen=True):
    """What stands in the file before the weights: a bias and a scale for each hidden number and each label."""

    labels: tuple[str, ...]
    inner_biases: tuple[float, ...]
    inner_scales: tuple[float, ...]
    outer_biases: tuple[float, ...]
    outer_scales: tuple[float, ...]
    trained_on: int


class Model:
    """Weights in memory; `scores` is all it does."""

    def __init__(self, written: bytes) -> None:
        line, _newline, weights = written.partition(b"\n")
        self.head = msgspec.json.decode(line, type=Head)
        self._width, count = len(self.head.inner_biases), len(self.head.labels)
        if len(weights) != (BUCKETS + count) * self._width:
            raise ValueError("The model file is cut off, or was made for other features: run make train.")
        # One row a bucket, raised by 128 so that no number is below nothing: then a row is one large whole number, and
        # adding two rows is adding two numbers.
        self._inner = weights[: BUCKETS * self._width].translate(_RAISED)
        self._lanes = struct.Struct(f"<{self._width}I")
        outer = memoryview(weights)[BUCKETS * self._width :].cast("b")
        self._outer = [
            [outer[place * count + label] * scale for place in range(self._width)]
            for label, scale in enumerate(self.head.outer_scales)
        ]

    def scores(self, words: Sequence[str]) -> dict[str, float]:
        """How likely each label is for normalised `words`, from 0 to 1; each by itself, so they add up to nothing."""
        totals = list(self.head.inner_biases)
        for group in buckets(words):
            if not group:
                continue
            share, raised = 1 / math.sqrt(len(group)), 128 * len(group)
            totals = [
                total + (got - raised) * scale * share
                for total, got, scale in zip(totals, self._summed(group), self.head.inner_scales, strict=True)
            ]
        hidden = [math.tanh(total) for total in totals]
        return {
            label: likelihood(bias + sum(map(mul, hidden, weights)))
            for label, bias, weights in zip(self.head.labels, self.head.outer_biases, self._outer, strict=True)
        }

    def _summed(self, group: Sequence[int]) -> tuple[int, ...]:
        """The sum of the rows of these buckets, number by number; each has four bytes to grow in."""
        width, inner, total = self._width, self._inner, 0
        row = bytearray(4 * width)
        for bucket in group:
            row[::4] = inner[bucket * width : (bucket + 1) * width]
            total += int.from_bytes(row, "little")
        return self._lanes.unpack(total.to_bytes(4 * width, "little"))


def likelihood(value: float) -> float:
    """A logit as a likelihood from 0 to 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def logit(score: float) -> float:
    """A likelihood as a number that adds up: 0 for one half, 2.2 for nine in ten."""
    return math.log(max(score, 1e-9) / max(1 - score, 1e-9))


@lru_cache(maxsize=1)
def trained() -> Model:
    """The model that comes with the product, read at its first use."""
    return Model(FILE.read_bytes())


def written(head: Head, weights: bytes) -> bytes:
    """The bytes of a model file; the same for the same numbers."""
    line = json.dumps(msgspec.to_builtins(head), sort_keys=True, separators=(",", ":"))
    return line.encode() + b"\n" + weights
