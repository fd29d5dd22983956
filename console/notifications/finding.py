"""Who is to be told of what just happened: read from the history, a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import or_, select

from console.agents import Agent, AgentTeam, Role
from console.audit import Entry
from console.bots.models import BotAlert
from console.bulk import among, fetch
from console.db import Tx
from console.inbox.models import Conversation
from console.mentions.models import Mention

STALE = timedelta(minutes=5)
"""What is older rings no more: whoever comes back sees it on the screen."""
_TOLD = frozenset(
    {
        "message.received",
        "message.noted",
        "conversation.created",
        "conversation.assigned",
        "bot.alerted",
        "channel.paused",
        "channel.token_expiring",
        "session.attempts_failed",
        "session.disowned",
        "session.unfamiliar",
    }
)
_IS_DANGER = or_(BotAlert.kind == "distress", BotAlert.kind == "guessing")
_LEADERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
# The number is everybody's; of its access token only administrators can make another.
_OF_NUMBER = {"channel.paused": _LEADERS, "channel.token_expiring": frozenset({Role.ADMIN})}
_OF_ADMINS = {"session.attempts_failed": "attempts", "session.disowned": "disowned"}
_CONVERSATIONS = select(Conversation.id, Conversation.team_id, Conversation.holder_id).where(
    among(Conversation.id, "ids")
)
_MENTIONS = select(Mention.message_id, Mention.agent_id).where(among(Mention.message_id, "ids"))
_PEOPLE = (
    select(Agent.id, Agent.role, AgentTeam.team_id)
    .outerjoin(AgentTeam, AgentTeam.agent_id == Agent.id)
    .where(Agent.disabled_at.is_(None), Agent.role != Role.BOT)
)


_ENDANGERED = (
    select(BotAlert.conversation_id)
    .where(among(BotAlert.conversation_id, "ids"), _IS_DANGER, BotAlert.seen_at.is_(None))
    .distinct()
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
    """Who is told of these entries, each of a thing once; nobody is told of what they did themselves.

    Two queries, a third where notes were written, a fourth where the bot has called for somebody.
    """
    ids = {entry.conversation_id for entry in entries if entry.conversation_id is not None}
    conversations = {row.id: row for row in await fetch(tx, _CONVERSATIONS, {"ids": sorted(ids)})} if ids else {}
    people: defaultdict[int, set[int]] = defaultdict(set)
    roles: dict[int, str] = {}
    for agent_id, role, team_id in await fetch(tx, _PEOPLE, {}):
        roles[agent_id] = role
        if team_id is not None:
            people[team_id].add(agent_id)
    mentioned, endangered = await _mentioned(tx, entries), await _endangered(tx, entries)
    leading = {agent for agent, role in roles.items() if role == Role.ADMIN}
    found: dict[Notice, None] = {}
    for entry in entries:
        conversation = conversations.get(entry.conversation_id or 0)
        doer = entry.actor_id if entry.actor_kind in {"agent", "bot"} else None
        if conversation is None:
            told, kind = _of_the_house(entry, roles)
        elif entry.action == "bot.alerted":
            # Administrators lead every team, also those in which they are not.
            told = {agent for agent in people[conversation.team_id] if roles[agent] in _LEADERS} | leading
            kind = "danger" if entry.conversation_id in endangered else "alert"
        elif entry.action == "message.noted":
            seeing = people[conversation.team_id] | leading | {conversation.holder_id}
            told, kind = mentioned[entry.message_id or 0] & seeing & roles.keys(), "mention"
        elif entry.action == "conversation.created":
            told, kind = people[conversation.team_id] if conversation.holder_id is None else set(), "team"
        else:
            told = {conversation.holder_id} & roles.keys()
            kind = "assigned" if entry.action == "conversation.assigned" else "mine"
        for agent_id in sorted(told - {doer}):
            found[Notice(agent_id, kind, entry.conversation_id)] = None
    return list(found)


def _of_the_house(entry: Entry, roles: Mapping[int, str]) -> tuple[set[int], str]:
    """Who is told of what is about no conversation: the number, or a sign-in that somebody should look at."""
    if entry.action in _OF_NUMBER:
        return {agent for agent, role in roles.items() if role in _OF_NUMBER[entry.action]}, "alert"
    if entry.action in _OF_ADMINS and entry.subject is not None:
        return {agent for agent, role in roles.items() if role == Role.ADMIN}, _OF_ADMINS[entry.action]
    if entry.action == "session.unfamiliar":
        return {int((entry.subject or "agent:0").removeprefix("agent:"))} & roles.keys(), "sign_in"
    return set(), ""


async def _mentioned(tx: Tx, entries: Iterable[Entry]) -> defaultdict[int, set[int]]:
    """Whom each note mentions."""
    notes = {entry.message_id for entry in entries if entry.action == "message.noted" and entry.message_id is not None}
    people: defaultdict[int, set[int]] = defaultdict(set)
    for message_id, agent_id in await fetch(tx, _MENTIONS, {"ids": sorted(notes)}) if notes else ():
        people[message_id].add(agent_id)
    return people


async def _endangered(tx: Tx, entries: Sequence[Entry]) -> set[int]:
    """The conversations about which the bot called because of danger, or of somebody who guesses."""
    ids = {entry.conversation_id for entry in entries if entry.action == "bot.alerted" and entry.conversation_id}
    return {row[0] for row in await fetch(tx, _ENDANGERED, {"ids": sorted(ids)})} if ids else set()
