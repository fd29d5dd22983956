"""Percentiles by nearest rank: the smallest value that at least that share does not exceed.

The database counts how often each value came, which is one pass without an order; the ranks are found in that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from console.db import Tx


class Spread(NamedTuple):
    """How many there were, and what half and nine in ten did not exceed (None of nothing)."""

    n: int
    p50: int | None
    p90: int | None


NOTHING = Spread(0, None, None)


async def spreads(
    tx: Tx,
    value: Any,  # noqa: ANN401 a column
    *,
    of: ColumnElement[bool],
    by: Sequence[Any] = (),
) -> dict[Any, Spread]:
    """The spread of `value` among the rows `of`, for each group `by` (one column: its value; none: "")."""
    wanted = select(value, func.count(), *by).where(of).group_by(*by, value)
    found: dict[Any, list[tuple[int, int]]] = {}
    for row in await tx.execute(wanted):
        key = tuple(row[2:]) if len(by) > 1 else row[2] if by else ""
        found.setdefault(key, []).append((row[0], row[1]))
    return {key: spread(counted) for key, counted in found.items()}


def spread(counted: Iterable[tuple[int, int]]) -> Spread:
    """The spread of values that came so many times each."""
    ordered = sorted(counted)
    total = sum(n for _, n in ordered)
    return Spread(total, _at(ordered, -(-5 * total // 10)), _at(ordered, -(-9 * total // 10)))


def _at(ordered: Sequence[tuple[int, int]], rank: int) -> int | None:
    for value, n in ordered:
        rank -= n
        if rank <= 0:
            return value
    return None
