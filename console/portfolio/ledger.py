"""Money that came in: payments, the invoices they paid, the links they were asked for with, and what providers said."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class PaymentState(StrEnum):
    """What became of a payment somebody reported."""

    APPLIED = "applied"
    PARKED = "parked"  # kept for a person: unknown account, another currency, an amount that cannot be
    REVERSED = "reversed"  # all of it refunded or charged back: what it paid is owed again
    DISMISSED = "dismissed"  # was parked; a person looked, and it stays out of the books


class Payment(Base):
    """A payment as one source reported it, once (`source`, `external_id`). `unapplied_minor` is what exceeded the debt.

    A parked one moves nothing; `why` says what a person must look at, and `needs_look` that nobody has. What applied
    allocations hold, what is unapplied and what is reversed add up to the amount.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_payment_account", "account_id", "paid_at", "id"),
        Index("ix_payment_look", "id", sqlite_where=text("needs_look"), postgresql_where=text("needs_look")),
        Index(
            "ix_payment_receipt",
            "id",
            sqlite_where=text("receipt_due"),
            postgresql_where=text("receipt_due"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    source: Mapped[str] = mapped_column(String(24))  # api | import | mercadopago | stripe | signed | manual
    external_id: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))  # of what was reported: the same id with other contents is refused
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    account_named: Mapped[str | None] = mapped_column(Text)  # as reported, where it is none of ours
    link_id: Mapped[int | None] = mapped_column(ForeignKey("payment_link.id"))
    invoice_number: Mapped[str | None] = mapped_column(Text)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    unapplied_minor: Mapped[int] = mapped_column(default=0)
    reversed_minor: Mapped[int] = mapped_column(default=0)
    method: Mapped[str | None] = mapped_column(Text)
    paid_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    why: Mapped[str | None] = mapped_column(String(32))
    received_at: Mapped[datetime]
    reversed_at: Mapped[datetime | None]
    needs_look: Mapped[bool] = mapped_column(default=False)
    resolved_by_id: Mapped[int | None]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None] = mapped_column(String(12))  # assigned | applied | returned | dismissed | seen
    note: Mapped[str | None] = mapped_column(Text)  # why, in the words of whoever resolved it
    receipt_due: Mapped[bool] = mapped_column(default=False)
    receipt_message_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)


class PaymentReversal(Base):
    """Money that went back, as a provider reported it; it may arrive before the payment it speaks of.

    One row for all refunds of a payment (their sum only grows) and one for each chargeback (`stage` open, won, lost).
    """

    __tablename__ = "payment_reversal"
    __table_args__ = (UniqueConstraint("source", "external_id", "reference"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    source: Mapped[str] = mapped_column(String(24))
    external_id: Mapped[str] = mapped_column(Text)  # the payment's
    reference: Mapped[str] = mapped_column(Text)  # "refunds", or the chargeback's own id
    stage: Mapped[str] = mapped_column(String(8))
    amount_minor: Mapped[int]
    reported_at: Mapped[datetime]


class Allocation(Base):
    """How much of a payment pays which invoice now. What was taken back whole keeps its row and has `reversed_at`."""

    __tablename__ = "payment_allocation"
    __table_args__ = (
        UniqueConstraint("payment_id", "invoice_id"),
        Index("ix_payment_allocation_invoice", "invoice_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"))
    amount_minor: Mapped[int]
    reversed_at: Mapped[datetime | None]


class PaymentLink(Base):
    """A link somebody was given to pay with: our intent, to which every event of a provider is bound.

    `token` (128 bits) is what our own address carries. What the provider reports must match amount and currency.
    """

    __tablename__ = "payment_link"
    __table_args__ = (
        UniqueConstraint("token"),
        Index("ix_payment_link_account", "account_id", "id"),
        Index(
            "uq_payment_link_reference",
            "provider",
            "provider_ref",
            unique=True,
            sqlite_where=text("provider_ref IS NOT NULL"),
            postgresql_where=text("provider_ref IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    provider: Mapped[str] = mapped_column(String(16))
    provider_ref: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))  # making | open | paid | expired | cancelled | failed
    made_by_kind: Mapped[str] = mapped_column(String(8))
    made_by_id: Mapped[int | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)  # why the provider made none, in a few words
    version: Mapped[int] = mapped_column(default=1)


class PaymentNotice(Base):
    """What a payment provider told us, as it came, its signature checked: kept before anything is made of it."""

    __tablename__ = "payment_notice"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index(
            "ix_payment_notice_due",
            "due_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_payment_notice_look", "id", sqlite_where=text("needs_look"), postgresql_where=text("needs_look")),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)  # what the signature vouches for, where it isn't the payload
    payload: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]
    needs_look: Mapped[bool] = mapped_column(default=False)  # nothing was made of it, and a person should know
