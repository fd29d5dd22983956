"""Who is late and who soon will be: as a condition, and as numbers for each team."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, or_, select

from console.agents import Team, Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation

PRESSING = ("soon", "late")


def is_pressing(wanted: str, moment: datetime) -> ColumnElement[bool]:
    """That an open Conversation is `late` by one of its targets, or by none yet but `soon`."""
    late = or_(Conversation.answer_due_at <= moment, Conversation.resolution_due_at <= moment)
    if wanted == "late":
        return late
    # A clock that does not run is NULL, and NULL is neither: each side says what it is not.
    return and_(
        or_(Conversation.answer_warns_at <= moment, Conversation.resolution_warns_at <= moment),
        func.coalesce(Conversation.answer_due_at > moment, True),
        func.coalesce(Conversation.resolution_due_at > moment, True),
    )


class TeamLate(msgspec.Struct, kw_only=True, frozen=True):
    """How one team's open conversations stand. `oldest_due_at` is the answer that has been due for longest."""

    team_id: int
    name: str
    answer_soon: int
    answer_late: int
    resolution_late: int
    oldest_due_at: datetime | None


async def late_by_team(tx: Tx, viewer: Viewer, moment: datetime) -> list[TeamLate]:
    """What is late or soon will be, for each team with any, of what `viewer` may see: one statement."""
    answer_late = Conversation.answer_due_at <= moment
    answer_soon = and_(Conversation.answer_warns_at <= moment, Conversation.answer_due_at > moment)
    rows = await tx.execute(
        select(
            Team.id,
            Team.name,
            func.sum(case((answer_soon, 1), else_=0)),
            func.sum(case((answer_late, 1), else_=0)),
            func.sum(case((Conversation.resolution_due_at <= moment, 1), else_=0)),
            func.min(case((answer_late, Conversation.answer_due_at), else_=None)),
        )
        .join(Conversation, Conversation.team_id == Team.id)
        .where(
            Conversation.status == "open",
            or_(Conversation.answer_warns_at <= moment, Conversation.resolution_due_at <= moment),
            policy.visible(viewer),
        )
        .group_by(Team.id, Team.name)
        .order_by(Team.name),
    )
    return [
        TeamLate(
            team_id=team_id,
            name=name,
            answer_soon=int(soon),
            answer_late=int(late),
            resolution_late=int(unsettled),
            oldest_due_at=oldest,
        )
        for team_id, name, soon, late, unsettled, oldest in rows
    ]
