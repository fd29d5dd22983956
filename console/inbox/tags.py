"""Free tags: short words a team puts on its conversations, beside the account state, which nobody types."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Tag(Base):
    """A tag: its words, colour, what it means, and the team it belongs to (None: everybody's)."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text, unique=True)  # lower case, without accents: two spellings are one tag
    colour: Mapped[str] = mapped_column(String(12))
    description: Mapped[str | None] = mapped_column(Text)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    used: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ConversationTag(Base):
    """That a conversation has a tag."""

    __tablename__ = "conversation_tag"
    __table_args__ = (Index("ix_conversation_tag_conversation", "conversation_id"),)

    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    by_id: Mapped[int | None]
    at: Mapped[datetime]
