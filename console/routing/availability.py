"""Who takes new conversations now: what people say of themselves, and what their screens say when they are gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select, update

from console import audit, clock, sessions
from console.agents import Agent, AgentTeam, Role, SignInSession, Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx, bulk_insert
from console.errors import Refused
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.routing.models import AgentAvailability, Presence, RoutingRule
from console.routing.pauses import LONGEST_MINUTES, PAUSES
from console.routing.rules import USUAL


async def standing_of(tx: Tx, agent_id: int, *, lock: bool = False) -> AgentAvailability:
    """How somebody stands to the queue. With `lock` it stays so until `tx` ends; it is made for who has none yet."""
    if lock:
        await bulk_insert(tx, AgentAvailability, [_unknown(agent_id)], or_ignore=True)
        found = select(AgentAvailability).where(AgentAvailability.agent_id == agent_id).with_for_update()
        return (await tx.scalars(found.execution_options(populate_existing=True))).one()
    return await tx.get(AgentAvailability, agent_id) or AgentAvailability(**_unknown(agent_id))


async def standings_of(tx: Tx, agent_ids: Collection[int]) -> dict[int, AgentAvailability]:
    """How several people stand to the queue: one query."""
    rows = await tx.scalars(select(AgentAvailability).where(AgentAvailability.agent_id.in_(agent_ids)))
    found = {standing.agent_id: standing for standing in rows}
    return {number: found.get(number) or AgentAvailability(**_unknown(number)) for number in agent_ids}


async def stand(
    tx: Tx, agent_id: int, *, by: Viewer | Actor, state: str, reason: str | None = None, minutes: int | None = None
) -> AgentAvailability:
    """Let somebody be available, on a pause for a reason, or away. What they hold stays theirs.

    `minutes` is how long a pause is to last, else what is usual for its reason. Records "presence.changed".
    Refuses: 422 naming what is no state, no reason, or too long.
    """
    if state not in set(Presence):
        raise Refused(422, Words("Ese estado no existe."), code="invalid", field="state")
    pause = PAUSES.get(reason or "") if state == Presence.PAUSED else None
    if state == Presence.PAUSED and (pause is None or (pause.is_forced and actor_of(by).id == agent_id)):
        raise Refused(422, Words("Elija el motivo de la pausa."), code="invalid", field="reason")
    if minutes is not None and not 0 < minutes <= LONGEST_MINUTES:
        raise Refused(
            422,
            Words("Una pausa dura de 1 a {longest_minutes} minutos.", longest_minutes=LONGEST_MINUTES),
            code="invalid",
            field="minutes",
        )
    now = clock.now()
    length = minutes or (pause.minutes if pause else None)
    standing = await standing_of(tx, agent_id, lock=True)
    if (standing.state, standing.reason) == (state, pause.code if pause else None) and not standing.by_itself:
        return standing
    _become(
        tx,
        standing,
        by=actor_of(by),
        state=state,
        reason=pause.code if pause else None,
        until=now + timedelta(minutes=length) if length else None,
        by_itself=False,
        moment=now,
    )
    return standing


async def reached(tx: Tx, agent_ids: Collection[int], *, moment: datetime) -> None:
    """The screens of these people gave a sign of life. Who was away by their silence alone is available again."""
    await bulk_insert(tx, AgentAvailability, [_unknown(number) for number in sorted(agent_ids)], or_ignore=True)
    ids = select(Agent.id).where(Agent.id.in_(agent_ids), Agent.disabled_at.is_(None), Agent.role != Role.BOT)
    back = await tx.scalars(
        select(AgentAvailability)
        .where(AgentAvailability.agent_id.in_(ids), AgentAvailability.by_itself)
        .order_by(AgentAvailability.agent_id)
        .with_for_update()
    )
    for standing in back.all():
        _become(tx, standing, by=SYSTEM, state=Presence.AVAILABLE, by_itself=False, moment=moment)
    await tx.flush()
    alive = update(AgentAvailability).where(AgentAvailability.agent_id.in_(agent_ids)).values(reached_at=moment)
    await tx.execute(alive.execution_options(synchronize_session=False))


async def fade(tx: Tx, *, moment: datetime) -> int:
    """Whose screens have been silent for as long as their team says, or who has signed out, is away; how many were.

    Who is in several teams is away by the shortest of their times. Records "presence.changed".
    """
    gone = await tx.scalars(
        select(AgentAvailability)
        .where(AgentAvailability.agent_id.in_(await _silent(tx, moment)))
        .order_by(AgentAvailability.agent_id)
        .with_for_update(skip_locked=True)
    )
    found: Sequence[AgentAvailability] = gone.all()
    for standing in found:
        _become(tx, standing, by=SYSTEM, state=Presence.AWAY, by_itself=True, moment=moment)
    return len(found)


async def silent_now(tx: Tx, *, moment: datetime) -> bool:
    """Whether `fade` would find anybody: asked on a read-only view."""
    return bool(await _silent(tx, moment))


async def _silent(tx: Tx, moment: datetime) -> list[int]:
    shortest = (
        select(func.coalesce(func.min(RoutingRule.away_minutes), USUAL["away_minutes"]))
        .join(AgentTeam, AgentTeam.team_id == RoutingRule.team_id)
        .where(AgentTeam.agent_id == AgentAvailability.agent_id)
        .scalar_subquery()
    )
    is_signed_in = exists().where(SignInSession.agent_id == AgentAvailability.agent_id, *await sessions.open_now(tx))
    rows = await tx.execute(
        select(AgentAvailability.agent_id, AgentAvailability.reached_at, shortest, is_signed_in).where(
            AgentAvailability.state == Presence.AVAILABLE,
            or_(AgentAvailability.reached_at.is_(None), AgentAvailability.reached_at < moment - timedelta(minutes=1))
            | ~is_signed_in,
        )
    )
    return [
        agent_id
        for agent_id, at, minutes, is_in in rows
        if not is_in or at is None or moment - at >= timedelta(minutes=int(minutes))
    ]


def _unknown(agent_id: int) -> dict[str, Any]:
    """Somebody of whom nothing was ever heard: away, until the first screen of theirs says otherwise."""
    return {
        "agent_id": agent_id,
        "state": Presence.AWAY,
        "reason": None,
        "since": clock.now(),
        "until": None,
        "by_itself": True,
        "reached_at": None,
        "served_at": None,
        "capacity": None,
    }


def _become(
    tx: Tx,
    standing: AgentAvailability,
    *,
    by: Actor,
    state: str,
    by_itself: bool,
    moment: datetime,
    reason: str | None = None,
    until: datetime | None = None,
) -> None:
    old = {"state": standing.state, "reason": standing.reason}
    standing.state, standing.reason, standing.until = state, reason, until
    standing.since, standing.by_itself = moment, by_itself
    new = {"state": state, "reason": reason, "until": until}
    audit.record(tx, by, "presence.changed", subject=f"agent:{standing.agent_id}", old=old, new=new)
