"""What a report is made of: figures with their definition, and tables that may be drawn. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

Kind = Literal["count", "percent", "money", "duration", "days", "text", "day", "moment"]
Chart = Literal["line", "bar", "stack", "heat", "load", "rolls", "none"]
Cell = int | float | str | None


class Ratio(msgspec.Struct, frozen=True):
    """A part of a whole. Without a whole there is no rate: n/a, never 0."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """In percent."""
        return 100 * self.part / self.whole if self.whole else None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number: what it is called, what it is, how it is defined, and what it was divided from.

    `value` is None where it does not exist (an empty denominator). Amounts are in the smallest unit, durations in
    seconds. `key` names it in addresses, in files and in docs/reports.md.
    """

    key: str
    title: str
    value: float | None
    kind: Kind
    definition: str
    beside: str = ""
    has_rows: bool = True


class Column(msgspec.Struct, frozen=True):
    """One column of a table, and how its cells are to be read.

    Of the kind `day` they are `2026-11-20`, of the kind `moment` `2026-11-20 10:42`, both the business's.
    """

    title: str
    kind: Kind = "count"

    @property
    def is_text(self) -> bool:
        """Whether its cells are read as text, not compared as numbers."""
        return self.kind in {"text", "day", "moment"}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under columns; the first column says what a row is of. `chart` is how it is drawn beside."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    definition: str
    chart: Chart = "none"
    is_wide: bool = False


class Report(msgspec.Struct, frozen=True):
    """One view: its figures, then its tables."""

    figures: Sequence[Figure]
    tables: Sequence[Table]


def steps(value: float | None, largest: float) -> int:
    """How dark a cell of a heat map is, from 0 to 9."""
    if not value or largest <= 0:
        return 0
    return min(9, max(1, round(9 * value / largest)))
