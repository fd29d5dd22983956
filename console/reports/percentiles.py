"""Percentiles by nearest rank (the smallest value that at least that share does not exceed), by the database."""

from __future__ import annotations

from collections.abc import Sequence
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
    rank = func.row_number().over(partition_by=list(by) or None, order_by=value).label("rank")
    total = func.count().over(partition_by=list(by) or None).label("total")
    groups = [column.label(f"by_{at}") for at, column in enumerate(by)]
    ranked = select(value.label("value"), rank, total, *groups).where(of).subquery()
    wanted = select(ranked.c.value, ranked.c.rank, ranked.c.total, *(ranked.c[each.name] for each in groups)).where(
        _is_rank(ranked.c.rank, ranked.c.total, 5) | _is_rank(ranked.c.rank, ranked.c.total, 9)
    )
    found: dict[Any, list[Any]] = {}
    for row in await tx.execute(wanted):
        key = tuple(row[3:]) if len(by) > 1 else row[3] if by else ""
        found.setdefault(key, []).append(row)
    return {key: _spread(rows) for key, rows in found.items()}


def _is_rank(rank: ColumnElement[int], total: ColumnElement[int], tenths: int) -> ColumnElement[bool]:
    """That `rank` is the ceiling of so many tenths of `total`."""
    return (10 * rank >= tenths * total) & (10 * (rank - 1) < tenths * total)


def _spread(rows: Sequence[Any]) -> Spread:
    total = rows[0].total
    by_rank = {row.rank: row.value for row in rows}
    return Spread(total, by_rank[-(-5 * total // 10)], by_rank[-(-9 * total // 10)])
