"""No conversation outside every queue: finds those that nobody can be answering, and puts them back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select

from console.agents import Agent, AgentTeam, Role
from console.audit import SYSTEM
from console.db import Tx
from console.inbox import assign
from console.inbox.models import Conversation
from console.languages.words import Words
from console.routing.models import AgentAvailability, Presence, RoutingRule

AT_ONCE = 100
GONE = Words("quien la llevaba ya no puede atenderla")
NOT_HERE = Words("quien la lleva no está y la persona espera")


async def lost(tx: Tx) -> list[int]:
    """Open conversations held by somebody who is disabled or no longer of their team, and snoozed ones without end.

    Asked on a read-only view; `mend` puts each right. Administrators belong to every team, and so does the bot.
    """
    is_member = exists().where(AgentTeam.agent_id == Agent.id, AgentTeam.team_id == Conversation.team_id)
    may_hold = or_(is_member, Agent.role.in_([Role.ADMIN, Role.BOT]))
    held = (
        select(Conversation.id)
        .join(Agent, Agent.id == Conversation.holder_id)
        .where(Conversation.status == "open", or_(Agent.disabled_at.is_not(None), ~may_hold))
        .order_by(Conversation.id)
        .limit(AT_ONCE)
    )
    endless = (
        select(Conversation.id)
        .where(Conversation.status == "snoozed", Conversation.snoozed_until.is_(None))
        .limit(AT_ONCE)
    )
    return [*await tx.scalars(held), *await tx.scalars(endless)]


async def mend(tx: Tx) -> int:
    """Put what is `lost` back into its team's queue; say how many. Records "conversation.released" or ".reopened"."""
    found = await _held_still(tx, await lost(tx))
    for conversation in found:
        if conversation.status == "snoozed":
            await assign.reopen(tx, conversation, by=SYSTEM)
        else:
            await assign.release(tx, conversation, by=SYSTEM, what=GONE)
    return len(found)


async def left_waiting(tx: Tx, *, moment: datetime) -> list[int]:
    """Open conversations whose debtor waits for somebody who is paused or away longer than their team allows."""
    rows = await tx.execute(
        select(Conversation.id, Conversation.waiting_since, RoutingRule.return_minutes)
        .join(RoutingRule, RoutingRule.team_id == Conversation.team_id)
        .join(AgentAvailability, AgentAvailability.agent_id == Conversation.holder_id)
        .where(
            Conversation.status == "open",
            and_(RoutingRule.return_minutes > 0, RoutingRule.serving != "off"),
            AgentAvailability.state != Presence.AVAILABLE,
            Conversation.waiting_since.is_not(None),
        )
        .order_by(Conversation.id)
    )
    late = [number for number, since, minutes in rows if since and moment - since >= timedelta(minutes=minutes)]
    return late[:AT_ONCE]


async def give_back(tx: Tx, *, moment: datetime) -> int:
    """Put what is `left_waiting` back into the queue; say how many. Records "conversation.released"."""
    found = await _held_still(tx, await left_waiting(tx, moment=moment))
    for conversation in found:
        await assign.release(tx, conversation, by=SYSTEM, what=NOT_HERE)
    return len(found)


async def _held_still(tx: Tx, ids: Sequence[int]) -> Sequence[Conversation]:
    """Those of `ids` that nobody is at, held until `tx` ends."""
    found = (
        select(Conversation).where(Conversation.id.in_(ids)).order_by(Conversation.id).with_for_update(skip_locked=True)
    )
    return (await tx.scalars(found.execution_options(populate_existing=True))).all() if ids else ()
