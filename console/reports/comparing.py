"""Beside each figure what it was in the period of the same length just before. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from console import render
from console.languages.words import Words
from console.reports.asked import Asked, months_of
from console.reports.figures import Figure

OF_NOW = frozenset({"waiting", "longest_wait"})
"""Figures of this moment, whatever the period: they have no before."""


class Before(msgspec.Struct, frozen=True):
    """What a figure was, and by how much it changed since: in percent of that, or for rates in points.

    `change` is None where there is nothing to compare: one of both does not exist, or it was 0.
    """

    value: float | None
    change: float | None
    in_points: bool

    @property
    def words(self) -> str:
        """The change as people read it, or nothing."""
        if self.change is None:
            return ""
        if not round(self.change, 1):
            return Words("igual")
        if self.in_points:
            return Words("{change} puntos", change=render.number(self.change, 1, sign=True))
        return render.percent(self.change, sign=True)


def period_before(asked: Asked) -> Asked:
    """The days just before, as many, and the month before with the same filters."""
    length = asked.until - asked.since + timedelta(days=1)
    month = (months_of(asked)[0] - timedelta(days=1)).replace(day=1)
    return msgspec.structs.replace(asked, since=asked.since - length, until=asked.until - length, month=month)


def compare(now: Iterable[Figure], then: Iterable[Figure]) -> dict[str, Before]:
    """For each figure that has a before."""
    was = {figure.key: figure.value for figure in then}
    return {figure.key: _before(figure, was.get(figure.key)) for figure in now if figure.key not in OF_NOW}


def _before(figure: Figure, was: float | None) -> Before:
    in_points = figure.kind == "percent"
    if figure.value is None or was is None or (not in_points and was <= 0):
        return Before(was, None, in_points)
    return Before(was, figure.value - was if in_points else 100 * (figure.value - was) / was, in_points)
