"""Who is to be told of what just happened: read from the history, a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select

from console.agents import Agent, AgentTeam, Role
from console.audit import Entry
from console.bulk import among, fetch
from console.db import Tx
from console.inbox.models import Conversation

STALE = timedelta(minutes=5)
"""What is older rings no more: whoever comes back sees it on the screen."""
_TOLD = frozenset(
    {"message.received", "conversation.created", "conversation.assigned", "bot.alerted", "channel.paused"}
)
_LEADERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
_CONVERSATIONS = select(Conversation.id, Conversation.team_id, Conversation.holder_id).where(
    among(Conversation.id, "ids")
)
_PEOPLE = (
    select(Agent.id, Agent.role, AgentTeam.team_id)
    .outerjoin(AgentTeam, AgentTeam.agent_id == Agent.id)
    .where(Agent.disabled_at.is_(None), Agent.role != Role.BOT)
)


class Notice(msgspec.Struct, frozen=True):
    """That an agent is to be told of a thing of this kind, in this conversation."""

    agent_id: int
    kind: str
    conversation_id: int | None


def interesting(entries: Iterable[Entry], moment: datetime) -> list[Entry]:
    """Those of which anybody may be told, while they are fresh."""
    since = (moment - STALE).timestamp() * 1_000_000
    return [entry for entry in entries if entry.action in _TOLD and entry.at_us >= since]


async def notices(tx: Tx, entries: Sequence[Entry]) -> list[Notice]:
    """Who is told of these entries, each of a thing once. Two queries; nobody is told of what they did themselves."""
    ids = {entry.conversation_id for entry in entries if entry.conversation_id is not None}
    conversations = {row.id: row for row in await fetch(tx, _CONVERSATIONS, {"ids": sorted(ids)})} if ids else {}
    people: defaultdict[int, set[int]] = defaultdict(set)
    roles: dict[int, str] = {}
    for agent_id, role, team_id in await fetch(tx, _PEOPLE, {}):
        roles[agent_id] = role
        if team_id is not None:
            people[team_id].add(agent_id)
    found: dict[Notice, None] = {}
    for entry in entries:
        conversation = conversations.get(entry.conversation_id or 0)
        doer = entry.actor_id if entry.actor_kind in {"agent", "bot"} else None
        if entry.action == "channel.paused":
            told, kind = {agent for agent, role in roles.items() if role in _LEADERS}, "alert"
        elif conversation is None:
            continue
        elif entry.action == "bot.alerted":
            told = {agent for agent in people[conversation.team_id] if roles[agent] in _LEADERS}
            kind = "alert"
        elif entry.action == "conversation.created":
            told, kind = people[conversation.team_id] if conversation.holder_id is None else set(), "team"
        else:
            told = {conversation.holder_id} & roles.keys()
            kind = "assigned" if entry.action == "conversation.assigned" else "mine"
        for agent_id in sorted(told - {doer}):
            found[Notice(agent_id, kind, entry.conversation_id)] = None
    return list(found)
