"""Consent as files of debts say it: kept by the number it was given for, until somebody writes from there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.consents import models as _models  # noqa: F401 columns that point there have no type before it is known
from console.db import Base, BigKey
from console.portfolio import batches as _batches  # noqa: F401 for the same reason
from console.portfolio import models as _accounts  # noqa: F401 for the same reason


class Outcome(StrEnum):
    """What became of it."""

    WAITING = "waiting"  # nobody has written from the number yet
    NOTED = "noted"  # it is a line of theirs now
    LEFT = "left"  # what they said otherwise holds: `why`


class ImportedConsent(Base):
    """What a file (`batch_id`, `row`) says somebody allowed or refused at a number, when it was given for a debt.

    Rows are added, never changed but for what became of them; the one that holds has no `replaced_by`, which names the
    import that said otherwise. `said_at` is the beginning of the day for a consent and the end of it for a refusal: of
    one day, the refusal is the later. `digest` is of what the file says, whenever it says it.
    """

    __tablename__ = "imported_consent"
    __table_args__ = (
        Index(
            "uq_imported_consent_holding",
            "account_id",
            "match_key",
            "channel",
            "purpose",
            unique=True,
            sqlite_where=text("replaced_by IS NULL"),
            postgresql_where=text("replaced_by IS NULL"),
        ),
        Index("ix_imported_consent_account_id", "account_id"),
        Index("ix_imported_consent_batch_id", "batch_id"),
        Index(
            "ix_imported_consent_replaced_by",
            "replaced_by",
            sqlite_where=text("replaced_by IS NOT NULL"),
            postgresql_where=text("replaced_by IS NOT NULL"),
        ),
        Index(
            "ix_imported_consent_consent_id",
            "consent_id",
            sqlite_where=text("consent_id IS NOT NULL"),
            postgresql_where=text("consent_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    row: Mapped[int]
    phone: Mapped[str] = mapped_column(Text)  # E.164
    match_key: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    how: Mapped[str] = mapped_column(String(16))
    said_at: Mapped[datetime]
    shown: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    stated_at: Mapped[datetime]
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"))
    outcome: Mapped[str] = mapped_column(String(8), default=Outcome.WAITING)
    why: Mapped[str | None] = mapped_column(String(32))
    noted_at: Mapped[datetime | None]
    consent_id: Mapped[int | None] = mapped_column(ForeignKey("consent_record.id"))
