"""What waits to leave by mail about sign-ins, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class LetterKind(StrEnum):
    """What a letter says."""

    UNFAMILIAR = "unfamiliar"
    """To the owner: somebody signed in from a new browser or network. It bears the link."""
    DISOWNED = "disowned"
    """To administrators: the owner says it was not them."""


class SignInLetter(Base):
    """One letter to `agent_id` about a sign-in to the account of `about_id`. Written where it happened, sent later.

    `due_at` is when it is tried next; None once it left (`sent_at`) or is of no use any more. `used_at` is when its
    link was used.
    """

    __tablename__ = "sign_in_letter"
    __table_args__ = (
        Index(
            "ix_sign_in_letter_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_sign_in_letter_about_id", "about_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    about_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    address: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    is_new_browser: Mapped[bool]
    language: Mapped[str] = mapped_column(String(8))
    signed_in_at: Mapped[datetime]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
