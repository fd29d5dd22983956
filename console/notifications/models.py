"""Notifications' nouns: what an agent wants to be told, the browsers that are told, and how far we have read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class NotificationChoice(Base):
    """What an agent wants to be told of; without a row, everything, aloud, at any hour.

    `quiet_from` and `quiet_to` are minutes of the business's day, between which nothing rings; they may pass midnight.
    """

    __tablename__ = "notification_choice"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True, autoincrement=False)
    kinds: Mapped[list[Any]]
    sound: Mapped[bool] = mapped_column(default=True)
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]
    updated_at: Mapped[datetime]


class PushSubscription(Base):
    """A browser that is told even when it is closed. It ends with the sign-in session it was made in."""

    __tablename__ = "push_subscription"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sign_in_session.id"), index=True)
    endpoint: Mapped[str] = mapped_column(Text, unique=True)
    p256dh: Mapped[str] = mapped_column(Text)
    auth: Mapped[str] = mapped_column(Text)
    device: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)


class NotificationPlace(Base):
    """How far the history has been read for notifications: one row, moved by whoever reads on."""

    __tablename__ = "notification_place"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int]
