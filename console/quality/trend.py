"""How the scores of reviews move, week by week, for each team and each agent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import func, select

from console.agents import Agent, Team, Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation
from console.quality import drawing
from console.quality.models import QualityPick, QualityReview

WEEKS = 12


class Mean(msgspec.Struct, frozen=True):
    """The mean score of some reviews, to the nearest whole number, halves up; None where there are none."""

    reviews: int
    score: int | None


class Course(msgspec.Struct, frozen=True):
    """The means of one team or agent, a week each, and of all those weeks together."""

    name: str
    weeks: list[Mean]
    whole: Mean


class Trend(msgspec.Struct, frozen=True):
    """The last weeks, by their Mondays, and how each team and agent did: of the conversations of those weeks."""

    weeks: list[date]
    teams: list[Course]
    agents: list[Course]


async def trend(tx: Tx, viewer: Viewer, this_week: date) -> Trend:
    """The WEEKS weeks before the one of this Monday, as far as `viewer` may review; one question to the database."""
    weeks = [this_week - drawing.WEEK * ago for ago in range(WEEKS, 0, -1)]
    wanted = (
        select(
            QualityPick.week_on,
            QualityPick.agent_id,
            Agent.name.label("agent"),
            Conversation.team_id,
            Team.name.label("team"),
            func.sum(QualityReview.score).label("points"),
            func.count().label("reviews"),
        )
        .join(QualityReview, QualityReview.pick_id == QualityPick.id)
        .join(Agent, Agent.id == QualityPick.agent_id)
        .join(Conversation, Conversation.id == QualityPick.conversation_id)
        .join(Team, Team.id == Conversation.team_id)
        .where(policy.reviewable(viewer), QualityPick.week_on >= weeks[0], QualityPick.week_on <= weeks[-1])
        .group_by(QualityPick.week_on, QualityPick.agent_id, Agent.name, Conversation.team_id, Team.name)
    )
    rows = list(await tx.execute(wanted))
    teams, agents = ({(row.team_id, row.team) for row in rows}, {(row.agent_id, row.agent) for row in rows})
    return Trend(
        weeks,
        [_course(name, weeks, [row for row in rows if row.team_id == number]) for number, name in _by_name(teams)],
        [_course(name, weeks, [row for row in rows if row.agent_id == number]) for number, name in _by_name(agents)],
    )


def _by_name(named: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(named, key=lambda each: (each[1], each[0]))


def _course(name: str, weeks: list[date], rows: list[Any]) -> Course:
    return Course(name, [_mean([row for row in rows if row.week_on == week]) for week in weeks], _mean(rows))


def _mean(rows: list[Any]) -> Mean:
    points, reviews = sum(int(row.points) for row in rows), sum(int(row.reviews) for row in rows)
    return Mean(reviews, (2 * points + reviews) // (2 * reviews) if reviews else None)
