"""Who may be mentioned in a conversation: whoever may see it."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from console.agents import Agent, AgentTeam, Role, Team
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation
from console.inbox.queries import initials
from console.render import fold

MOST = 500


class Colleague(msgspec.Struct, frozen=True):
    """Somebody who may be mentioned; `words` is what they are found by."""

    id: int
    name: str
    initials: str
    teams: str
    words: str


class Standing(msgspec.Struct, frozen=True):
    """Whose a conversation is about to be: who will see it follows from that."""

    team_id: int
    holder_id: int | None


async def who_see(tx: Tx, conversation: Conversation | Standing) -> dict[int, str]:
    """The names of those who may see `conversation`, by id. One query."""
    wanted = select(Agent.id, Agent.name).where(
        policy.seers(team_id=conversation.team_id, holder_id=conversation.holder_id),
        Agent.disabled_at.is_(None),
        Agent.role != Role.BOT,
    )
    found = await tx.execute(wanted.order_by(Agent.name, Agent.id).limit(MOST))
    return {row.id: row.name for row in found}


async def colleagues(tx: Tx, conversation: Conversation, *, of: int, going: Standing | None = None) -> list[Colleague]:
    """Whom the agent `of` may mention here, whoever holds the conversation first, then by name. Two or three queries.

    With a note that hands it on, `going`, those who will see it there as well. Who belongs to another team is nobody's
    to leaf through: those of them who will see it are not among these, and are told if they are named.
    """
    names = await who_see(tx, conversation)
    names.pop(of, None)
    if going is not None:
        there = await who_see(tx, going)
        names = {number: name for number, name in names.items() if number in there}
    found = await tx.execute(
        select(AgentTeam.agent_id, Team.name)
        .join(Team, Team.id == AgentTeam.team_id)
        .where(AgentTeam.agent_id.in_(names))
        .order_by(Team.name)
    )
    teams: dict[int, list[str]] = {}
    for number, team in found:
        teams.setdefault(number, []).append(team)
    first = going.holder_id if going is not None else conversation.holder_id
    order = sorted(names, key=lambda number: number != first)
    return [_colleague(number, names[number], ", ".join(teams.get(number, []))) for number in order]


def _colleague(number: int, name: str, teams: str) -> Colleague:
    return Colleague(number, name, initials(name), teams, fold(f"{name} {teams}"))
