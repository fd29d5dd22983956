"""What the floor shows, as its templates take it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.routing.views import OwnState


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What of the floor somebody looks at: a team (None: all of theirs), which people, and whether all of them."""

    team: int | None = None
    show: str = "attention"
    every: bool = False


class AgentLine(msgspec.Struct, kw_only=True):
    """One person: how they stand, what they carry, who waits for them. `bars`: a mark for each conversation.

    `warns_at` and `due_at` are the earliest of those that wait; None: no target holds for any of them.
    """

    agent_id: int
    name: str
    initials: str
    state: OwnState
    is_overdue: bool
    open: int
    waiting: int
    late: int
    oldest: datetime | None
    warns_at: datetime | None
    due_at: datetime | None
    load: int
    capacity: int
    bars: list[str]


class QueueLine(msgspec.Struct, kw_only=True):
    """One team: who waits in its queue and since when, who waits at all, and how many people could take one.

    `warns_at` and `due_at` as in AgentLine.
    """

    team_id: int
    name: str
    unassigned: int
    waiting: int
    late: int
    oldest: datetime | None
    warns_at: datetime | None
    due_at: datetime | None
    free: int


class BotLine(msgspec.Struct, kw_only=True):
    """A conversation that the bot has, since when, and why a person is needed if one is."""

    conversation_id: int
    name: str
    since: datetime
    reason: str | None


class Floor(msgspec.Struct, kw_only=True):
    """All that the page shows but the alerts."""

    asked: Asked
    teams: list[tuple[int, str]]
    open: int
    waiting: int
    soon: int
    late: int
    unassigned: int
    available: int
    people: int
    with_bot: int
    queues: list[QueueLine]
    bot: list[BotLine]
    agents: list[AgentLine]
    found: int
    by_show: dict[str, int]
