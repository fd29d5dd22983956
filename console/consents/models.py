"""The noun of consent: one line for each time somebody gave it or took it back. Lines are added, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class ConsentRecord(Base):
    """One line. `said_at` is when they said so, `recorded_at` when we noted it.

    `shown` is the text they were shown, `version` what the house calls that text, `reference` where the proof is kept
    outside (a contract, a form, a recording) and `sha256` a file of it that is kept here. `salt` keys the digest of
    these in the history; all but the version go when the person is erased.
    """

    __tablename__ = "consent_record"
    __table_args__ = (Index("ix_consent_record_contact", "contact_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    channel: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    how: Mapped[str] = mapped_column(String(16))
    said_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by_kind: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[int | None]
    by_name: Mapped[str | None] = mapped_column(Text)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    shown: Mapped[str | None] = mapped_column(Text)
    version: Mapped[str | None] = mapped_column(String(40))
    reference: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    file_name: Mapped[str | None] = mapped_column(Text)
    mime_type: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
