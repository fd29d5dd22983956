"""A request that a person made about their own data."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Kind(StrEnum):
    """What is asked for (in Latin America: derechos ARCO)."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"


class RequestState(StrEnum):
    """What became of it."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


class PrivacyRequest(Base):
    """One request. `due_on` is the last day to answer, by the law of their country; `reason` is why it was refused.

    It holds nothing of the person but the number of their contact: the row outlives the data.
    """

    __tablename__ = "privacy_request"
    __table_args__ = (
        Index(
            "uq_privacy_request_open",
            "contact_id",
            "kind",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_privacy_request_state", "state", "due_on", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None]  # what the person wrote: the evidence
    country: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(8), default=RequestState.OPEN)
    asked_on: Mapped[date]
    due_on: Mapped[date]
    noted_by: Mapped[int | None]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)
