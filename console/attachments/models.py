"""Files on their way out: brought and not yet sent, and what WhatsApp calls the ones it has."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class StagedFile(Base):
    """A file brought for a conversation by one author, checked and kept; `message_id` once it was sent.

    `for_header`: it is for the header of a template, and does not wait in the composer.
    """

    __tablename__ = "staged_file"
    __table_args__ = (
        Index("ix_staged_file_author", "conversation_id", "author_kind", "author_id"),
        Index("ix_staged_file_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    author_kind: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))  # image | video | audio | document | sticker
    mime_type: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    voice: Mapped[bool] = mapped_column(default=False)
    for_header: Mapped[bool] = mapped_column(default=False)
    message_id: Mapped[int | None]
    created_at: Mapped[datetime]


class Upload(Base):
    """A file at WhatsApp's, for as long as it keeps it: many messages may point to one. Claimed as a lease."""

    __tablename__ = "media_upload"
    __table_args__ = (
        Index(
            "ix_media_upload_due",
            "due_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_media_upload_sha256", "sha256"),
    )

    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    mime_type: Mapped[str] = mapped_column(Text, primary_key=True)
    filename: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8))  # pending | done
    wire_id: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]  # when it began to be needed: it is not tried for ever
    due_at: Mapped[datetime | None]
    claim: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None]
