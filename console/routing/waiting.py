"""Who waits in a team's queue, and in which order they are served."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, select

from console.db import Tx
from console.inbox.models import Conversation, ViewCount
from console.portfolio.states import today_in
from console.render import money
from console.routing.models import Order, RoutingRule
from console.routing.score import Facts, Reason, in_words, reasons, total

MOST_SCORED = 2000
"""Of a longer queue those who wait longest are weighed; the others wait their turn."""
_COLUMNS = (
    Conversation.id,
    Conversation.waiting_since,
    Conversation.window_closes_at,
    Conversation.account_state,
    Conversation.overdue_minor,
    Conversation.promise_on,
    Conversation.promise_state,
    Conversation.created_at,
    Conversation.currency,
)
_LONGEST = (Conversation.waiting_since.is_(None), Conversation.waiting_since, Conversation.id)


class Place(msgspec.Struct, frozen=True):
    """A place in the queue: whose it is, since when they wait, and why they stand there."""

    conversation_id: int
    waiting_since: datetime | None
    points: int
    why: str


def in_queue() -> ColumnElement[bool]:
    """That a Conversation waits in its team's queue. What the bot holds is held, and not in it."""
    return and_(Conversation.status == "open", Conversation.holder_id.is_(None))


async def teams_with_a_queue(tx: Tx) -> set[int]:
    """The teams in whose queue anybody waits, from the counters."""
    found = select(ViewCount.team_id).where(ViewCount.holder_id == 0, ViewCount.status == "open", ViewCount.n > 0)
    return set(await tx.scalars(found.distinct()))


async def places(
    tx: Tx, rule: RoutingRule, *, moment: datetime, zone: ZoneInfo, limit: int, but: Collection[int] = ()
) -> list[Place]:
    """The next `limit` to be served by the rule of the team, and why in that order; `but` are left out."""
    wanted = select(*_COLUMNS).where(Conversation.team_id == rule.team_id, in_queue())
    if but:
        wanted = wanted.where(Conversation.id.not_in(but))
    if rule.order_by == Order.SCORE:
        rows = (await tx.execute(wanted.order_by(*_LONGEST).limit(MOST_SCORED))).all()
        scored = [(row, reasons(_facts(row), rule.points, moment, today_in(zone, moment))) for row in rows]
        scored.sort(key=lambda one: -total(one[1]))
        return [_place(row, found) for row, found in scored[:limit]]
    if rule.order_by == Order.AMOUNT:
        owed = Conversation.overdue_minor
        wanted = wanted.order_by(owed.is_(None), owed.desc(), *_LONGEST)
    else:
        wanted = wanted.order_by(*_LONGEST)
    rows = (await tx.execute(wanted.limit(limit))).all()
    return [Place(row.id, row.waiting_since, 0, _why(row, rule, moment)) for row in rows]


def _place(row: Any, found: list[Reason]) -> Place:  # noqa: ANN401 a database row
    return Place(row.id, row.waiting_since, total(found), in_words(found))


def _why(row: Any, rule: RoutingRule, moment: datetime) -> str:  # noqa: ANN401 a database row
    if rule.order_by == Order.AMOUNT and row.overdue_minor:
        return f"{money(row.overdue_minor, row.currency or '')} vencido"
    waits = reasons(Facts(waiting_since=row.waiting_since), {"minute": 1}, moment, moment.date())
    return waits[0].words if waits else ""


def _facts(row: Any) -> Facts:  # noqa: ANN401 a database row
    return Facts(**{name: getattr(row, name) for name in Facts.__struct_fields__})
