"""The nouns of the queue: what each team decided about it, and how each person stands to it now.

The queue itself is no table: it is every open conversation that nobody holds, so nothing can be in it twice or be
forgotten outside of it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class Serving(StrEnum):
    """How a team's queue is given out. OFF: nobody is given anything, people take it themselves."""

    OFF = "off"
    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"


class Order(StrEnum):
    """Who is served first: who waits longest, who owes most overdue, or who has most points."""

    WAITING = "waiting"
    AMOUNT = "amount"
    SCORE = "score"


class RoutingRule(Base):
    """What one team decided. A team without a row has not decided anything: `routing.rules.USUAL` says what holds.

    `capacity` is how many conversations a person of the team carries, unless theirs is said apart;
    `answered_weight` is what one costs that waits for the debtor, in percent of one that waits for us.
    """

    __tablename__ = "routing_rule"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True, autoincrement=False)
    serving: Mapped[str] = mapped_column(String(16))
    order_by: Mapped[str] = mapped_column(String(16))
    owner_first: Mapped[bool]
    first_reply_takes: Mapped[bool]
    keeps_hours: Mapped[bool]
    capacity: Mapped[int]
    answered_weight: Mapped[int]
    away_minutes: Mapped[int]
    return_minutes: Mapped[int]
    points: Mapped[dict[str, Any]]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class Presence(StrEnum):
    """How somebody stands to new work. What they hold already stays theirs."""

    AVAILABLE = "available"
    PAUSED = "paused"
    AWAY = "away"


class AgentAvailability(Base):
    """How one person stands to the queue now, and since when.

    `by_itself`: nobody said they were away, their screens fell silent; the first screen that is back undoes it.
    `reached_at` is the last sign of life of any of their screens, `served_at` when the queue last gave them something.
    """

    __tablename__ = "agent_availability"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    by_itself: Mapped[bool]
    reached_at: Mapped[datetime | None]
    served_at: Mapped[datetime | None]
    capacity: Mapped[int | None]
