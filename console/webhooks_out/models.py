"""The nouns: who wants to be told of what, and each event that is to be told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey, Sentence
from console.languages.words import Words

WAITING = "state = 'waiting'"


class SubscriptionState(StrEnum):
    """Whether it is told."""

    ACTIVE = "active"
    DISABLED = "disabled"  # by somebody, or because nobody answered for days: nothing is lost, it waits
    REMOVED = "removed"


ERASED = "{}"
NOT_TAKEN = Words("No aceptó ninguna llamada en tres días.")
"""The body of a delivery whose person was erased: it is never sent again."""


class DeliveryState(StrEnum):
    """Where one event stands for one subscription."""

    WAITING = "waiting"
    TAKEN = "taken"
    GIVEN_UP = "given_up"


class WebhookSubscription(Base):
    """An address that is told of events of some types, as far as `scopes` (those of API tokens) allow.

    `cursor` is the history entry up to which its events are set out. `secret` signs what is sent.
    """

    __tablename__ = "webhook_subscription"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[Any]]
    scopes: Mapped[list[Any]]
    secret: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    why: Mapped[str | None] = mapped_column(Text)
    cursor: Mapped[int]
    failing_since: Mapped[datetime | None]
    made_by: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class WebhookDelivery(Base):
    """One event for one subscription. `entry_id` is the event's id: it is the same whenever it comes again.

    `lane` is what it is in order with: a conversation, or what else it is about. `body` is sent as it stands.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("subscription_id", "entry_id"),
        Index("ix_webhook_delivery_entry_id", "entry_id"),
        Index("ix_webhook_delivery_about", "lane"),
        Index(
            "ix_webhook_delivery_lane",
            "subscription_id",
            "lane",
            "id",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        Index("ix_webhook_delivery_due", "due_at", "id", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("webhook_subscription.id"))
    entry_id: Mapped[int]
    lane: Mapped[str] = mapped_column(String(32))
    type: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Sentence)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
