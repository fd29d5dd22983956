"""What somebody carries: in hundredths of a conversation, so that what waits for the debtor may cost less."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec
from sqlalchemy import case, func, select

from console.agents import Agent, AgentTeam, Role
from console.db import Tx
from console.inbox.models import Conversation
from console.routing.models import AgentAvailability, Presence, RoutingRule

WHOLE = 100
"""What a conversation costs that waits for us."""


class Carrier(msgspec.Struct, kw_only=True):
    """Somebody who may be given conversations: what they carry and may carry, in hundredths of one."""

    agent_id: int
    name: str
    load: int
    capacity: int
    served_at: datetime | None

    @property
    def has_room(self) -> bool:
        """Whether one more that waits for us still fits."""
        return self.load + WHOLE <= self.capacity

    @property
    def share(self) -> float:
        """How full they are, from 0."""
        return self.load / self.capacity if self.capacity else float("inf")


async def carriers(tx: Tx, rule: RoutingRule, *, lock: bool = False) -> list[Carrier]:
    """The available people of a team who take what its queue gives, with what they carry.

    With `lock` their availability stays as it is until `tx` ends, in the order of their ids, so that two who give out
    to the same person wait for each other and count what the other gave.
    """
    wanted = (
        select(AgentAvailability, Agent.name, Agent.role)
        .join(Agent, Agent.id == AgentAvailability.agent_id)
        .join(AgentTeam, AgentTeam.agent_id == Agent.id)
        .where(
            AgentTeam.team_id == rule.team_id,
            AgentAvailability.state == Presence.AVAILABLE,
            Agent.disabled_at.is_(None),
            Agent.role != Role.BOT,
        )
        .order_by(AgentAvailability.agent_id)
    )
    if lock:
        wanted = wanted.with_for_update(of=AgentAvailability).execution_options(populate_existing=True)
    found = [
        (stands, name, capacity)
        for stands, name, role in await tx.execute(wanted)
        if (capacity := capacity_of(stands.capacity, role, rule)) > 0
    ]
    loads = await loads_of(tx, [stands.agent_id for stands, _, _ in found], rule)
    return [
        Carrier(
            agent_id=stands.agent_id,
            name=name,
            load=loads.get(stands.agent_id, 0),
            capacity=capacity * WHOLE,
            served_at=stands.served_at,
        )
        for stands, name, capacity in found
    ]


def capacity_of(own: int | None, role: str, rule: RoutingRule) -> int:
    """How many conversations somebody carries: what is said of them, else the team's number; who leads, none."""
    if own is not None:
        return own
    return rule.capacity if role == Role.AGENT else 0


async def loads_of(tx: Tx, agent_ids: Collection[int], rule: RoutingRule) -> dict[int, int]:
    """What each carries now, in hundredths. What is snoozed or resolved costs nothing."""
    if not agent_ids:
        return {}
    cost = case((Conversation.waiting_since.is_not(None), WHOLE), else_=rule.answered_weight)
    rows = await tx.execute(
        select(Conversation.holder_id, func.sum(cost))
        .where(Conversation.holder_id.in_(agent_ids), Conversation.status == "open")
        .group_by(Conversation.holder_id)
    )
    return {holder: int(load) for holder, load in rows if holder is not None}


def next_carrier(rule: RoutingRule, among: Iterable[Carrier]) -> Carrier | None:
    """Whose turn it is by the rule of the team; of equals, who was served longest ago."""
    free = [carrier for carrier in among if carrier.has_room]
    if not free:
        return None
    if rule.serving == "least_busy":
        return min(free, key=lambda one: (one.share, *_turn(one)))
    return min(free, key=_turn)


def _turn(carrier: Carrier) -> tuple[float, int]:
    return (carrier.served_at.timestamp() if carrier.served_at else 0.0, carrier.agent_id)
