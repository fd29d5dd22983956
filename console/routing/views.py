"""What screens show of the queue: one's own state, and who can be handed a conversation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import select

from console.agents import Agent, AgentTeam, Role, Team
from console.db import Database, Tx
from console.inbox.models import Conversation
from console.languages.words import Words
from console.routing import availability, rules
from console.routing.load import WHOLE, capacity_of, loads_of
from console.routing.models import AgentAvailability, Presence
from console.routing.pauses import PAUSES

LABELS = {Presence.AVAILABLE: Words("Disponible"), Presence.PAUSED: Words("En pausa"), Presence.AWAY: Words("Ausente")}


class OwnState(msgspec.Struct, kw_only=True):
    """How somebody stands to the queue, in words; `until` is when a pause should end."""

    state: str
    label: str
    reason: str | None
    since: datetime
    until: datetime | None

    @property
    def pauses(self) -> list[tuple[str, str]]:
        """The reasons one may give for a pause, as a form sends them and in words."""
        return [(f"paused:{pause.code}", pause.label) for pause in PAUSES.values() if not pause.is_forced]


def shown(standing: AgentAvailability) -> OwnState:
    """A state in words."""
    pause = PAUSES.get(standing.reason or "")
    return OwnState(
        state=standing.state,
        label=pause.label if pause else LABELS[Presence(standing.state)],
        reason=standing.reason,
        since=standing.since,
        until=standing.until,
    )


async def own_state(tx: Tx, agent_id: int) -> OwnState:
    """How `agent_id` stands to the queue now."""
    return shown(await availability.standing_of(tx, agent_id))


async def note_here(db: Database, agent_ids: Collection[int], moment: datetime) -> None:
    """Note that these people have a screen open."""
    async with db.transaction() as tx:
        await availability.reached(tx, agent_ids, moment=moment)


class Receiver(msgspec.Struct, kw_only=True):
    """Somebody a conversation can be handed to, with their state and what they carry of what they may."""

    agent_id: int
    name: str
    state: OwnState
    load: int
    capacity: int


async def receivers(tx: Tx, conversation: Conversation) -> list[Receiver]:
    """The people of the conversation's team but its holder, those who are available first."""
    rule = await rules.rule_of(tx, conversation.team_id)
    people = (
        await tx.execute(
            select(Agent.id, Agent.name, Agent.role)
            .join(AgentTeam, AgentTeam.agent_id == Agent.id)
            .where(
                AgentTeam.team_id == conversation.team_id,
                Agent.disabled_at.is_(None),
                Agent.role != Role.BOT,
                Agent.id != (conversation.holder_id or 0),
            )
            .order_by(Agent.name)
        )
    ).all()
    numbers = [person.id for person in people]
    loads = await loads_of(tx, numbers, rule)
    standings = await availability.standings_of(tx, numbers)
    found = [
        Receiver(
            agent_id=number,
            name=name,
            state=shown(standings[number]),
            load=loads.get(number, 0) // WHOLE,
            capacity=capacity_of(standings[number].capacity, role, rule),
        )
        for number, name, role in people
    ]
    return sorted(found, key=lambda one: one.state.state != Presence.AVAILABLE)


async def teams(tx: Tx) -> list[tuple[int, str]]:
    """All teams, by name: any of them may be the one to hand a matter to."""
    return [(number, name) for number, name in await tx.execute(select(Team.id, Team.name).order_by(Team.name))]
