"""The noun of stepping in: a whisper, which only the two it is between ever see.

It is no message: no door that shows, sends, searches, streams or exports messages knows of it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Whispered(Base):
    """What somebody who leads says to whoever holds a conversation. `sequence` is where in the thread it stands."""

    __tablename__ = "whisper"
    __table_args__ = (
        UniqueConstraint("author_id", "client_key"),
        Index("ix_whisper_conversation", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    author_name: Mapped[str] = mapped_column(Text)
    to_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    to_name: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    client_key: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
