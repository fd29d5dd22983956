"""Our number on WhatsApp: its health, its approved templates, and what Meta said about it that is not a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Channel(Base):
    """One WhatsApp Business number. While `paused_at` is set nothing leaves; `slow_until` only delays."""

    __tablename__ = "channel"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    phone_number_id: Mapped[str] = mapped_column(Text, unique=True)
    business_account_id: Mapped[str] = mapped_column(Text)
    display_phone_number: Mapped[str | None] = mapped_column(Text)
    verified_name: Mapped[str | None] = mapped_column(Text)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))  # where new conversations go
    quality: Mapped[str | None] = mapped_column(String(16))
    quality_since: Mapped[datetime | None]
    messaging_limit: Mapped[str | None] = mapped_column(String(32))
    paused_at: Mapped[datetime | None]
    paused_kind: Mapped[str | None] = mapped_column(String(16))  # policy | token | payment | configuration | person
    paused_reason: Mapped[str | None] = mapped_column(Text)
    slow_until: Mapped[datetime | None]
    # What console.inbox.pulse finds wrong with the line, and since when: stuck | silent.
    trouble: Mapped[str | None] = mapped_column(String(16))
    trouble_since: Mapped[datetime | None]
    # Theoretical arrival time of the next send (generic cell rate algorithm), shared by every sender.
    paced_until: Mapped[datetime | None]
    templates_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Line(msgspec.Struct, frozen=True):
    """A channel as those need it who only receive: its id, and the team that new conversations go to."""

    id: int
    team_id: int


class MessageTemplate(Base):
    """A text approved by Meta (formerly HSM): the only thing that may leave outside the service window."""

    __tablename__ = "message_template"
    __table_args__ = (UniqueConstraint("channel_id", "name", "language"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    meta_id: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(32))
    quality: Mapped[str | None] = mapped_column(String(16))
    parameter_format: Mapped[str] = mapped_column(String(16), default="POSITIONAL")
    components: Mapped[list[Any]]
    updated_at: Mapped[datetime]


class ChannelEvent(Base):
    """A webhook field other than `messages`, kept whole. `digest` makes a repeated delivery one row."""

    __tablename__ = "channel_event"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))
    field: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    received_at: Mapped[datetime]


class DeadLetter(Base):
    """A signed delivery, or a part of one, that could not be understood. Kept whole, shown to an admin, replayable."""

    __tablename__ = "dead_letter"
    __table_args__ = (Index("ix_dead_letter_open", "resolved_at", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)  # base64: the bytes may be no text at all
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int] = mapped_column()
    received_at: Mapped[datetime]
    seen_times: Mapped[int] = mapped_column(default=1)
    replays: Mapped[int] = mapped_column(default=0)
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None]
