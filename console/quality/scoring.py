"""The score of a review, from 0 to 100, in whole numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from console.languages.words import Words

MET, PARTLY, MISSED = 2, 1, 0
MARKS = {MET: Words("Cumple"), PARTLY: Words("En parte"), MISSED: Words("No cumple"), None: Words("No aplica")}
"""A mark is worth its half: met counts whole, partly met one half. None does not apply, and is left out."""
FORMULA = Words(
    "Puntaje = 100 × (suma de peso × nota) ÷ (suma de los pesos que aplican), redondeado al entero más cercano. "
    "Nota: cumple 1, en parte ½, no cumple 0. Lo que no aplica no cuenta."
)


class Criterion(msgspec.Struct, frozen=True):
    """One thing that is looked at. `weight` is relative to the others; 0: not asked. `guide` says what to look for."""

    key: str
    label: str
    guide: str
    weight: int


def asked(criteria: Sequence[Criterion]) -> list[Criterion]:
    """Those that a form shows."""
    return [criterion for criterion in criteria if criterion.weight]


def score(criteria: Sequence[Criterion], marks: Mapping[str, int | None]) -> int | None:
    """The score of these marks, by FORMULA, halves rounded up; None where nothing applies."""
    counted = [(one.weight, mark) for one in asked(criteria) if (mark := marks[one.key]) is not None]
    whole = MET * sum(weight for weight, _mark in counted)
    reached = sum(weight * mark for weight, mark in counted)
    return (200 * reached + whole) // (2 * whole) if whole else None
