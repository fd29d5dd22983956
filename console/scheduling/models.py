"""A message that waits for its moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class ScheduledMessage(Base):
    """What becomes of the thread's row `message_id`, which holds the words. Ended rows stay: they are its history.

    `inbound_count` and `balance_minor` are the conversation's as its author saw them.
    """

    __tablename__ = "scheduled_message"
    __table_args__ = (
        Index(
            "ix_scheduled_message_waiting",
            "due_at",
            "conversation_id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    due_at: Mapped[datetime]
    inbound_count: Mapped[int]
    balance_minor: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10))  # waiting | sent | cancelled
    reason: Mapped[str | None] = mapped_column(Text)
    sent_id: Mapped[int | None]
    ended_at: Mapped[datetime | None]
