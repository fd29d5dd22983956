"""Giving out the queue: to whoever's turn it is, and to whoever asks for the next one.

Locks are taken in this order: the team's rule, the availability of people by id, conversations (those that somebody
holds at the moment are passed over, never waited for), counters, the history's head. So no two processes give out one
team's queue at once, two teams that share a person count what the other gave, and nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.hours.reading import hours_of
from console.inbox import assign
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.routing import rules, waiting
from console.routing.availability import standing_of
from console.routing.load import WHOLE, Carrier, capacity_of, carriers, loads_of, next_carrier
from console.routing.models import AgentAvailability, RoutingRule, Serving
from console.routing.waiting import Place

QUEUE = Actor(kind="system", name="La cola")
AT_ONCE = 50
"""Conversations given out in one transaction: the writers that wait behind it wait little."""
LOOKED_BACK = 60
"""Rows of a thread that are looked at for who spoke last with the person."""
NOT_BACK_WITHIN = timedelta(minutes=10)
"""Whoever let go of a conversation is not given the same one again at once."""


async def drain(tx: Tx, team_id: int, *, moment: datetime, zone: ZoneInfo, limit: int = AT_ONCE) -> int:
    """Give out what waits in a team's queue to its available people by its rule; say how many were given.

    Records "conversation.assigned" for each, with the reason in the thread. 0 when nothing waits, nobody has room, it
    is out of hours, or another process is at it already.
    """
    held = select(RoutingRule).where(RoutingRule.team_id == team_id).with_for_update(skip_locked=True)
    rule = (await tx.scalars(held)).one_or_none()
    if rule is None or not await _is_time(tx, rule, moment):
        return 0
    people = await carriers(tx, rule, lock=True)
    room = sum((one.capacity - one.load) // WHOLE for one in people if one.has_room)
    if room <= 0:
        return 0
    places = await waiting.places(tx, rule, moment=moment, zone=zone, limit=min(limit, room))
    conversations = await _take(tx, places)
    traces = await _traces(tx, conversations.values(), moment) if conversations else {}
    given = 0
    for place in places:
        conversation = conversations.get(place.conversation_id)
        if conversation is None:
            continue
        trace = traces.get(conversation.id, _NOBODY)
        chosen = _choose(rule, people, trace)
        if chosen is None:
            continue
        # A moment apart, so that those served in one go keep their turn.
        chosen.served_at = moment + timedelta(microseconds=given)
        await _serve(tx, conversation, chosen, why=place.why)
        given += 1
    return given


async def could_give(tx: Tx, team_id: int, *, moment: datetime) -> bool:
    """Whether `drain` would find somebody with room: asked on a read-only view, before anything is locked."""
    rule = await rules.rule_of(tx, team_id)
    return await _is_time(tx, rule, moment) and any(one.has_room for one in await carriers(tx, rule))


async def _is_time(tx: Tx, rule: RoutingRule, moment: datetime) -> bool:
    """Whether anything is given out at `moment`: out of hours people may still take what they like."""
    if rule.serving == Serving.OFF:
        return False
    return not rule.keeps_hours or (await hours_of(tx, rule.team_id)).is_open(moment)


async def take_next(tx: Tx, viewer: Viewer, *, moment: datetime, zone: ZoneInfo) -> Conversation:
    """Give the viewer the next conversation of their teams' queues, each in its own order, the longest wait first.

    Refuses: 409 "at_capacity" when they carry all they may; 404 "queue_empty" when nobody waits.
    """
    standing = await standing_of(tx, viewer.id, lock=True)
    teams = await waiting.teams_with_a_queue(tx)
    mine = teams & viewer.team_ids or (teams if viewer.sees_all else set())
    by_team = await rules.rules_of(tx, mine)
    passed: set[int] = set()
    while heads := await _heads(tx, by_team, moment, zone, passed):
        rule, place = heads[0]
        await _require_room(tx, viewer, standing, rule)
        conversations = await _take(tx, [place])
        if conversation := conversations.get(place.conversation_id):
            await assign.give(tx, conversation, by=viewer, to_id=viewer.id, to_name=viewer.name, what=place.why)
            standing.served_at = moment
            return conversation
        # Somebody is at it at this very moment.
        passed.add(place.conversation_id)
    raise Refused(404, Words("Nadie espera en la cola."), code="queue_empty")


async def _heads(
    tx: Tx, by_team: dict[int, RoutingRule], moment: datetime, zone: ZoneInfo, passed: Collection[int]
) -> Sequence[tuple[RoutingRule, Place]]:
    """The first of each queue, who waits longest before the others."""
    heads = [
        (rule, place)
        for rule in by_team.values()
        for place in await waiting.places(tx, rule, moment=moment, zone=zone, limit=1, but=passed)
    ]
    return sorted(heads, key=lambda head: head[1].waiting_since or moment)


async def _require_room(tx: Tx, viewer: Viewer, standing: AgentAvailability, rule: RoutingRule) -> None:
    capacity = capacity_of(standing.capacity, viewer.role, rule)
    if capacity == 0:
        return  # who leads is given nothing, and may take what they like
    load = (await loads_of(tx, [viewer.id], rule)).get(viewer.id, 0)
    if load + WHOLE > capacity * WHOLE:
        text = Words(
            "Ya lleva las {capacity} conversaciones que le tocan: resuelva o posponga alguna antes de tomar otra.",
            capacity=capacity,
        )
        raise Refused(409, text, code="at_capacity")


async def _take(tx: Tx, places: Sequence[Place]) -> dict[int, Conversation]:
    """Those of `places` that still wait, held until `tx` ends; who is being written to or taken now is passed over."""
    ids = [place.conversation_id for place in places]
    found = (
        select(Conversation)
        .where(Conversation.id.in_(ids), waiting.in_queue())
        .order_by(Conversation.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return {conversation.id: conversation for conversation in await tx.scalars(found)}


class _Trace(NamedTuple):
    """Who of us last answered somebody, and who let go of them a moment ago."""

    owner: int | None = None
    let_go: int | None = None


_NOBODY = _Trace()


async def _traces(tx: Tx, conversations: Collection[Conversation], moment: datetime) -> dict[int, _Trace]:
    """Who spoke last with each, from the newest rows of their threads."""
    rows = await tx.execute(
        select(
            Message.conversation_id, Message.author_id, Message.kind, Message.direction, Message.content,
            Message.created_at,
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Message.conversation_id.in_([conversation.id for conversation in conversations]),
            Message.sequence > Conversation.last_sequence - LOOKED_BACK,
            Message.author_kind == "agent",
        )
        .order_by(Message.conversation_id, Message.sequence)
    )  # fmt: skip
    traces: dict[int, _Trace] = {}
    for number, author, kind, direction, content, at in rows:
        before = traces.get(number, _NOBODY)
        if direction == "out":
            traces[number] = before._replace(owner=author)
        elif kind == "event" and (content or {}).get("action") in {"released", "transferred"}:
            traces[number] = before._replace(let_go=author if moment - at < NOT_BACK_WITHIN else None)
    return traces


def _choose(rule: RoutingRule, people: Sequence[Carrier], trace: _Trace) -> Carrier | None:
    among = [one for one in people if one.agent_id != trace.let_go]
    if rule.owner_first:
        owner = next((one for one in among if one.agent_id == trace.owner and one.has_room), None)
        if owner is not None:
            return owner
    return next_carrier(rule, among)


async def _serve(tx: Tx, conversation: Conversation, to: Carrier, *, why: str) -> None:
    await assign.give(tx, conversation, by=QUEUE, to_id=to.agent_id, to_name=to.name, what=why)
    to.load += WHOLE
    standing = await tx.get_one(AgentAvailability, to.agent_id)
    standing.served_at = to.served_at
