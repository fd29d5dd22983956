"""Whose hours hold for a team: its own week or the company's, and the days that are unlike it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from console.db import Tx
from console.hours.models import COMPANY, SpecialDay, WorkingWeek
from console.hours.working import USUAL_WEEK, Hours, Interval


async def hours_of(tx: Tx, team_id: int | None) -> Hours:
    """The hours of a team (None: the company's), in two statements. Its own special days win."""
    mine = team_id if team_id is not None else COMPANY
    either = {COMPANY, mine}
    weeks = {row.team_id: row for row in await tx.scalars(select(WorkingWeek).where(WorkingWeek.team_id.in_(either)))}
    # The company's come first, so that the team's replace them.
    special = select(SpecialDay).where(SpecialDay.team_id.in_(either)).order_by(SpecialDay.team_id)
    days = {row.day: intervals(row.intervals) for row in await tx.scalars(special)}
    company = weeks.get(COMPANY)
    week = weeks.get(mine) or company
    keeps = week is None or week.keeps_holidays
    return Hours(
        zone=(company.zone if company else None) or "America/Lima",
        days=tuple(intervals(day) for day in week.days) if week else USUAL_WEEK,
        special=days,
        country=((company.country if company else None) or "PE") if keeps else None,
    )


def intervals(kept: Sequence[Any]) -> tuple[Interval, ...]:
    """Intervals as they are kept, as they are reckoned with."""
    return tuple((int(begin), int(end)) for begin, end in kept)
