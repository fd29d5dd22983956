"""How far each reviewer's own scores lie from what was agreed, month by month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console.agents import Agent, Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation
from console.portfolio.states import day_begins
from console.quality.models import QualityCalibration, QualityPick, QualityReview, QualitySeat

MONTHS = 6


class Drift(msgspec.Struct, frozen=True):
    """Of some calibrations: how many, and the mean of own minus agreed; None where there are none.

    In whole points, halves away from 0. Above 0 the person gives more than what is agreed on.
    """

    calibrations: int
    points: int | None


class Drifting(msgspec.Struct, frozen=True):
    """A reviewer: each month, all of them, and of 100 marks how many were those agreed on."""

    name: str
    months: list[Drift]
    whole: Drift
    same: int


class Drifts(msgspec.Struct, frozen=True):
    """The last months, by their first days, and who took part in them."""

    months: list[date]
    reviewers: list[Drifting]


async def drifts(tx: Tx, viewer: Viewer, today: date, zone: ZoneInfo) -> Drifts:
    """This month and those before it, of the conversations `viewer` may review; one question to the database."""
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    wanted = (
        select(
            QualitySeat.reviewer_id,
            Agent.name,
            QualitySeat.score,
            QualitySeat.marks,
            QualityCalibration.agreed_at,
            QualityReview.score.label("agreed"),
            QualityReview.marks.label("agreed_marks"),
        )
        .join(QualityCalibration, QualityCalibration.pick_id == QualitySeat.pick_id)
        .join(QualityReview, QualityReview.pick_id == QualitySeat.pick_id)
        .join(QualityPick, QualityPick.id == QualitySeat.pick_id)
        .join(Conversation, Conversation.id == QualityPick.conversation_id)
        .join(Agent, Agent.id == QualitySeat.reviewer_id)
        .where(policy.reviewable(viewer), QualityCalibration.agreed_at >= day_begins(months[0], zone))
        .order_by(Agent.name, Agent.id)
    )
    by_reviewer: dict[tuple[int, str], list[Any]] = {}
    for row in await tx.execute(wanted):
        by_reviewer.setdefault((row.reviewer_id, row.name), []).append(row)
    return Drifts(months, [_drifting(name, rows, months, zone) for (_id, name), rows in by_reviewer.items()])


def _drifting(name: str, rows: list[Any], months: list[date], zone: ZoneInfo) -> Drifting:
    when = [row.agreed_at.astimezone(zone).date().replace(day=1) for row in rows]
    each = [
        _mean(row.score - row.agreed for row, at in zip(rows, when, strict=True) if at == month) for month in months
    ]
    given = [(row.marks[key], agreed) for row in rows for key, agreed in row.agreed_marks.items()]
    same = sum(own == agreed for own, agreed in given)
    whole = _mean(row.score - row.agreed for row in rows)
    return Drifting(name, each, whole, (200 * same + len(given)) // (2 * len(given)) if given else 0)


def _mean(differences: Iterable[int]) -> Drift:
    found = list(differences)
    if not found:
        return Drift(0, None)
    total, count = sum(found), len(found)
    size = (2 * abs(total) + count) // (2 * count)
    return Drift(count, size if total >= 0 else -size)
