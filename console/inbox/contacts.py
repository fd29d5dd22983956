"""People: a contact, the addresses WhatsApp knows them by, and doubts about who is who."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Contact(Base):
    """A person reachable on WhatsApp. `profile_name` and `username` are what they call themselves, never a key."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    profile_name: Mapped[str | None] = mapped_column(Text)
    username: Mapped[str | None] = mapped_column(Text)
    # The newest phone address exactly as Meta gave it: what replies are sent to, never rewritten.
    wa_id: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(Text)
    unreachable_at: Mapped[datetime | None]
    blocked_us_at: Mapped[datetime | None]
    marketing_stopped_at: Mapped[datetime | None]
    # Asked not to be written to, or is not whom we look for: honoured by everybody; a supervisor may lift it.
    opted_out_at: Mapped[datetime | None]
    wrong_number_at: Mapped[datetime | None]
    # Until then nobody starts a conversation about the debt (a promise runs, a claim is looked at).
    outreach_paused_until: Mapped[datetime | None]
    # A number or identity that changed may be another person: nothing about a debt until confirmed again.
    identity_doubt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Alias(Base):
    """One address of a contact on one of our numbers: a phone (`wa_id`), a BSUID or a parent BSUID, verbatim.

    `match_key` is only for finding the same person under another spelling (Mexico's 521, Brazil's ninth digit).
    """

    __tablename__ = "alias"
    __table_args__ = (
        UniqueConstraint("value", "kind", "channel_id"),
        Index("ix_alias_match", "match_key", "channel_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    kind: Mapped[str] = mapped_column(String(8))  # phone | bsuid | parent
    value: Mapped[str] = mapped_column(Text)
    match_key: Mapped[str | None] = mapped_column(Text)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    created_at: Mapped[datetime]


class ReviewTask(Base):
    """A doubt only a person may settle: two contacts that may be one, or a number that changed hands."""

    __tablename__ = "review_task"
    __table_args__ = (
        Index("ix_review_task_open", "resolved_at", "id"),
        Index("ix_review_task_conversation_id", "conversation_id"),
        UniqueConstraint("kind", "digest"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))  # alias_conflict | number_changed | user_id_changed | device_changed
    digest: Mapped[str] = mapped_column(String(64))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    other_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    conversation_id: Mapped[int | None]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None]
    resolution: Mapped[str | None] = mapped_column(String(32))
