"""The portfolio's nouns: creditor, debtor, the numbers they are reached at, accounts, invoices and the rules in force.

Money is whole numbers of the currency's smallest unit. Days are the debtor's; instants are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Creditor(Base):
    """Whom the money is owed to. The first is the business itself; a collection agency has several."""

    __tablename__ = "creditor"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime]


class Debtor(Base):
    """A person or company that owes. One row per document; without one, per account that named them.

    `document_number` is normalised (no dots, no hyphens, upper case). `timezone` decides when their day begins.
    """

    __tablename__ = "debtor"
    __table_args__ = (
        Index(
            "uq_debtor_document",
            "document_number",
            "document_type",
            unique=True,
            sqlite_where=text("document_number IS NOT NULL"),
            postgresql_where=text("document_number IS NOT NULL"),
        ),
        Index("ix_debtor_name", "name_key", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)  # without accents and in lower case: what a search compares
    document_type: Mapped[str | None] = mapped_column(String(8))  # DNI, CE, RUC, RFC, CURP, RUT, CC, NIT, CUIT, ...
    document_number: Mapped[str | None] = mapped_column(String(24))
    birth_year: Mapped[int | None]  # known to the person and to the creditor: half of what the right party is asked
    country: Mapped[str] = mapped_column(String(2))
    timezone: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class PointState(StrEnum):
    """Whether a number may be used for a debtor."""

    ACTIVE = "active"
    WRONG = "wrong"  # whoever answers there is somebody else: never again about this debtor
    RETIRED = "retired"  # the creditor no longer names it


class ContactPoint(Base):
    """A number the creditor gave for a debtor, and the contact that writes from it, once somebody does.

    A number shared by two debtors has a row for each. `match_key` meets the spellings of WhatsApp and of files.
    """

    __tablename__ = "contact_point"
    __table_args__ = (
        UniqueConstraint("debtor_id", "match_key"),
        Index("ix_contact_point_match", "match_key"),
        Index(
            "ix_contact_point_contact",
            "contact_id",
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    debtor_id: Mapped[int] = mapped_column(ForeignKey("debtor.id"))
    phone: Mapped[str] = mapped_column(Text)  # E.164
    match_key: Mapped[str] = mapped_column(Text)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    state: Mapped[str] = mapped_column(String(8), default=PointState.ACTIVE)
    source: Mapped[str] = mapped_column(Text)  # where the number came from: evidence
    verified_at: Mapped[datetime | None]  # the right party answered here
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Account(Base):
    """One debt, as the creditor knows it. What lists and tags show is kept here and always follows the invoices.

    `state` is the account-state tag (see `states`); `next_change_at` is the local midnight at which it, or what is
    overdue, changes by itself. `overdue_minor` leaves out what is in dispute, `balance_minor` does not.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("creditor_id", "external_id"),
        Index("ix_account_debtor", "debtor_id"),
        Index("ix_account_team", "team_id", "state", "overdue_minor", "id"),
        Index(
            "ix_account_days",
            "team_id",
            "state",
            "oldest_due_on",
            "id",
            sqlite_where=text("oldest_due_on IS NOT NULL"),
            postgresql_where=text("oldest_due_on IS NOT NULL"),
        ),
        Index(
            "ix_account_next_change",
            "next_change_at",
            sqlite_where=text("next_change_at IS NOT NULL"),
            postgresql_where=text("next_change_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    creditor_id: Mapped[int] = mapped_column(ForeignKey("creditor.id"))
    external_id: Mapped[str] = mapped_column(Text)
    debtor_id: Mapped[int] = mapped_column(ForeignKey("debtor.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    currency: Mapped[str] = mapped_column(String(3))
    product: Mapped[str | None] = mapped_column(Text)
    phones: Mapped[list[Any] | None]  # as the creditor last named them for this debt, in E.164
    status: Mapped[str] = mapped_column(String(8), default="open")  # open | closed (no longer in the portfolio)
    state: Mapped[str] = mapped_column(String(8))
    balance_minor: Mapped[int] = mapped_column(default=0)
    overdue_minor: Mapped[int] = mapped_column(default=0)
    oldest_due_on: Mapped[date | None]  # of what is overdue: days past due are counted from it
    next_change_at: Mapped[datetime | None]
    statement_digest: Mapped[str | None] = mapped_column(String(64))
    stated_at: Mapped[datetime | None]  # what the creditor last said holds as of this instant
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Invoice(Base):
    """An amount due on a day.

    `stated_minor` is the balance as the creditor last stated it, `balance_minor` what is left of it after the payments
    that statement could not know.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("account_id", "number"),
        Index(
            "ix_invoice_unpaid",
            "account_id",
            "due_on",
            sqlite_where=text("balance_minor > 0"),
            postgresql_where=text("balance_minor > 0"),
        ),
        Index("ix_invoice_number", "number"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date]
    amount_minor: Mapped[int]
    stated_minor: Mapped[int]
    balance_minor: Mapped[int]
    disputed: Mapped[bool] = mapped_column(default=False)  # an open dispute freezes the collection of it
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class PortfolioRules(Base):
    """What the business decides about its portfolio: one row. Changing the edges moves every account.

    Percentages are in basis points: 500 is 5 %.
    """

    __tablename__ = "portfolio_rules"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_edge: Mapped[int] = mapped_column(default=30)
    second_edge: Mapped[int] = mapped_column(default=60)
    # What is left of an invoice and too little to be called overdue, in the smallest unit.
    overdue_tolerance_minor: Mapped[int] = mapped_column(default=0)
    promise_tolerance_bp: Mapped[int] = mapped_column(default=0)
    promise_grace_days: Mapped[int] = mapped_column(default=1)
    promise_within_days: Mapped[int] = mapped_column(default=30)
    plan_max_instalments: Mapped[int] = mapped_column(default=12)
    plan_min_instalment_minor: Mapped[int] = mapped_column(default=0)
    plan_min_down_payment_bp: Mapped[int] = mapped_column(default=0)
    plan_first_within_days: Mapped[int] = mapped_column(default=30)
    plan_grace_days: Mapped[int] = mapped_column(default=3)
    dispute_answer_days: Mapped[int] = mapped_column(default=15)
    asks_reason: Mapped[bool] = mapped_column(default=True)  # Colombia, Ley 2300: why somebody did not pay is not asked
    updated_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
