"""How a conversation ended: the tree of dispositions (contact, result, detail) and what was chosen of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Disposition(Base):
    """A node of the tree (tipificación). Leaves are what an agent picks; what a pick needs and does is said here.

    `group` is CD (right party), CI (somebody else), NC (nobody) or AD (administrative). `needs` names what the form
    asks (promise, callback, dispute, date, amount); `effect` what is done besides (opt_out, wrong_number, dispute).
    """

    __tablename__ = "disposition"
    __table_args__ = (Index("ix_disposition_parent", "parent_id", "position"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("disposition.id"))
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(Text)
    group: Mapped[str] = mapped_column(String(2))
    right_party: Mapped[bool] = mapped_column(default=False)
    effective: Mapped[bool] = mapped_column(default=False)  # counts as a contact
    needs: Mapped[str | None] = mapped_column(String(16))
    effect: Mapped[str | None] = mapped_column(String(16))
    pause_days: Mapped[int] = mapped_column(default=0)
    tag_id: Mapped[int | None] = mapped_column(ForeignKey("tag.id"))
    next_action: Mapped[str | None] = mapped_column(Text)
    asks_reason: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Outcome(Base):
    """What an agent chose when resolving a conversation, and what it led to."""

    __tablename__ = "outcome"
    __table_args__ = (Index("ix_outcome_conversation", "conversation_id", "id"), Index("ix_outcome_at", "at"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    disposition_id: Mapped[int] = mapped_column(ForeignKey("disposition.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    promise_id: Mapped[int | None] = mapped_column(ForeignKey("promise.id"))
    dispute_id: Mapped[int | None] = mapped_column(ForeignKey("dispute.id"))
    reason: Mapped[str | None] = mapped_column(Text)  # only as volunteered, and not at all where a law forbids asking
    note: Mapped[str | None] = mapped_column(Text)
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[int | None]
    at: Mapped[datetime]
