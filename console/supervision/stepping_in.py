"""Stepping in: taking a conversation over and giving it back, moving many, sending somebody on a break or home."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from console import sessions
from console.agents import Agent, AgentTeam, Role, Viewer
from console.audit import AuditEntry
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import assign, policy, queries
from console.inbox.models import Conversation
from console.languages.words import Words
from console.routing import availability
from console.routing.models import Presence

MOST_AT_ONCE = 100


async def take_over(tx: Tx, conversation: Conversation, *, by: Viewer) -> Conversation:
    """Take the conversation, whoever holds it. Records "conversation.assigned"."""
    policy.require(by, "watch_floor")
    return await assign.assign(tx, conversation, by=by, to=by.id)


async def give_back(tx: Tx, conversation: Conversation, *, by: Viewer) -> Conversation:
    """Give what one took over back to who had it, or else to its queue.

    Records "conversation.assigned" or "conversation.released". Refuses: 409 "not_yours" for what one does not hold.
    """
    conversation = await assign.held(tx, conversation, None)
    if conversation.holder_id != by.id:
        raise Refused(409, Words("Esta conversación no la tiene usted."), code="not_yours")
    former = await _former_holder(tx, conversation, by)
    if former is not None:
        try:
            return await assign.assign(tx, conversation, by=by, to=former)
        except Refused as refused:
            if refused.status != 422:
                raise
    return await assign.release(tx, conversation, by=by)


async def _former_holder(tx: Tx, conversation: Conversation, by: Viewer) -> int | None:
    """Who held it when `by` took it, from the history."""
    taken = (
        select(AuditEntry.old)
        .where(
            AuditEntry.conversation_id == conversation.id,
            AuditEntry.action == "conversation.assigned",
            AuditEntry.actor_kind == "agent",
            AuditEntry.actor_id == by.id,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    old = await tx.scalar(taken)
    holder = msgspec.json.decode(old).get("holder_id") if old else None
    return int(holder) if holder else None


async def reassign(tx: Tx, ids: Sequence[int], *, by: Viewer, to: int | None) -> int:
    """Give all of these to the agent `to`, or back to their queues (None): all or none; say how many moved.

    Refuses: 404 when one of them is none of the viewer's; 422 for too many, or for who may not have one of them.
    """
    policy.require(by, "watch_floor")
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise Refused(
            422,
            Words("Elija de 1 a {most_at_once} conversaciones.", most_at_once=MOST_AT_ONCE),
            code="invalid",
            field="ids",
        )
    moved = 0
    # In one order, so that two who move the same ones don't wait for each other.
    for number in sorted(set(ids)):
        conversation = await queries.open_conversation(tx, by, number)
        before = conversation.holder_id
        if to is None:
            conversation = await assign.release(tx, conversation, by=by)
        else:
            conversation = await assign.assign(tx, conversation, by=by, to=to)
        moved += conversation.holder_id != before
    return moved


async def force_break(tx: Tx, agent_id: int, *, by: Viewer) -> None:
    """Let somebody of one's team be given nothing more until they, or who leads, say otherwise."""
    await led(tx, agent_id, by=by)
    await availability.stand(tx, agent_id, by=by, state=str(Presence.PAUSED), reason="forced")


async def let_back(tx: Tx, agent_id: int, *, by: Viewer) -> None:
    """Let somebody of one's team be given new conversations again."""
    await led(tx, agent_id, by=by)
    await availability.stand(tx, agent_id, by=by, state=str(Presence.AVAILABLE))


async def sign_out(tx: Tx, agent_id: int, *, by: Viewer) -> int:
    """End all sessions of somebody of one's team, at once and everywhere; say how many. Records "session.ended"."""
    await led(tx, agent_id, by=by)
    return await sessions.end_all(tx, agent_id, by=by.actor, why="signed_out_by_supervisor")


async def led(tx: Tx, agent_id: int, *, by: Viewer) -> Agent:
    """The agent, if `by` leads a team of theirs: who is of none of one's own teams does not exist."""
    policy.require(by, "watch_floor")
    agent = await tx.get(Agent, agent_id)
    teams = set(await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent_id)))
    if agent is None or agent.role == Role.BOT or not (by.sees_all or teams & by.team_ids):
        raise not_found()
    if agent.role != Role.AGENT and not by.sees_all:
        raise Refused(403, Words("Solo administración puede hacer esto a quien supervisa."), code="forbidden")
    return agent
