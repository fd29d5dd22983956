"""What a debtor and the business agreed or disagree on: promises to pay, payment plans, disputes."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class PromiseState(StrEnum):
    """What became of a promise to pay."""

    OPEN = "open"
    KEPT = "kept"
    PARTIAL = "partial"  # something came, too little, and the day of grace has passed
    BROKEN = "broken"
    REPLACED = "replaced"  # by a later promise about the same account
    CANCELLED = "cancelled"  # written by mistake, or the debt went away


class Promise(Base):
    """A promise to pay (PDP): amount and day of one account, and the message that proves it. One open per account.

    `settles_at` is the end of `due_on` plus the days of grace, at the debtor's; `paid_minor` is what came since it was
    made. A promise is kept the moment payments reach it.
    """

    __tablename__ = "promise"
    __table_args__ = (
        Index(
            "uq_promise_open",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_promise_due",
            "settles_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_promise_reminder",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        Index("ix_promise_account", "account_id", "id"),
        Index("ix_promise_conversation", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None]  # what the debtor wrote: the evidence
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), default=PromiseState.OPEN)
    paid_minor: Mapped[int] = mapped_column(default=0)
    made_by_kind: Mapped[str] = mapped_column(String(8))  # agent | bot
    made_by_id: Mapped[int | None]
    made_at: Mapped[datetime]
    settles_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    replaced_by: Mapped[int | None]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class PlanState(StrEnum):
    """Where a payment plan stands."""

    PROPOSED = "proposed"  # told to the debtor, not accepted yet: changes nothing
    ACTIVE = "active"
    COMPLETED = "completed"
    BROKEN = "broken"  # an instalment was not paid within the days of grace
    CANCELLED = "cancelled"


class Plan(Base):
    """A payment plan of one account (convenio): what is paid, in how many instalments, and how it was accepted."""

    __tablename__ = "payment_plan"
    __table_args__ = (
        Index(
            "uq_payment_plan_active",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_payment_plan_account", "account_id", "id"),
        Index(
            "ix_payment_plan_due",
            "breaks_at",
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    accepted_message_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10))
    total_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    made_by_kind: Mapped[str] = mapped_column(String(8))
    made_by_id: Mapped[int | None]
    made_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    breaks_at: Mapped[datetime | None]  # when the oldest unpaid instalment has used up its grace
    version: Mapped[int] = mapped_column(default=1)


class Instalment(Base):
    """One payment of a plan. Number 0 is the down payment."""

    __tablename__ = "plan_instalment"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("payment_plan.id"))
    number: Mapped[int]
    due_on: Mapped[date]
    amount_minor: Mapped[int]
    paid_minor: Mapped[int] = mapped_column(default=0)
    paid_at: Mapped[datetime | None]


class DisputeState(StrEnum):
    """How a dispute ended, or that it has not."""

    OPEN = "open"
    UPHELD = "upheld"  # the debtor was right
    REJECTED = "rejected"
    PARTIAL = "partial"
    WITHDRAWN = "withdrawn"


class Dispute(Base):
    """The debtor contests an invoice, or the whole account (`invoice_id` None): that debt is not collected."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_account", "account_id", "id"),
        Index("ix_dispute_conversation_id", "conversation_id"),
        Index(
            "ix_dispute_deadline",
            "answer_by",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None]
    category: Mapped[str] = mapped_column(String(24))  # not_mine | amount | already_paid | service | fraud | other
    state: Mapped[str] = mapped_column(String(10), default=DisputeState.OPEN)
    words: Mapped[str | None] = mapped_column(Text)
    opened_by_id: Mapped[int | None]
    opened_by_kind: Mapped[str] = mapped_column(String(8))
    opened_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    resolution: Mapped[str | None] = mapped_column(Text)
    resolved_by_id: Mapped[int | None]
    resolved_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
