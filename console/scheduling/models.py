"""A message that waits for its moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text, true
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base

WAITS = ("waiting", "held")
"""The states in which it can still be changed or cancelled."""
_WAITING, _HELD = text("state = 'waiting'"), text("state = 'held'")


class ScheduledMessage(Base):
    """What becomes of the thread's row `message_id`, which holds the words. Ended rows stay: they are its history.

    Its author is an agent or a program. `template_id` is None for a text. `on_reply` and `on_payment` are whether an
    answer, or money that comes in, cancels it. `inbound_count` and `balance_minor` are the conversation's as its author
    saw them. `reason` says why it did not leave, in a word; `field` what is missing or wrong then.
    """

    __tablename__ = "scheduled_message"
    __table_args__ = (
        Index(
            "ix_scheduled_message_waiting",
            "due_at",
            "conversation_id",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_scheduled_message_held", "due_at", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_token.id"))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("message_template.id"))
    due_at: Mapped[datetime]
    on_reply: Mapped[bool] = mapped_column(default=True, server_default=true())
    on_payment: Mapped[bool] = mapped_column(default=True, server_default=true())
    inbound_count: Mapped[int]
    balance_minor: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10))  # waiting | held | sent | cancelled
    reason: Mapped[str | None] = mapped_column(Text)
    field: Mapped[str | None] = mapped_column(String(80))
    sent_id: Mapped[int | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
