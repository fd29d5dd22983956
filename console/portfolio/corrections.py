"""What a person had corrected of their data: what stood before, what stands, whether a source contests it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Field(StrEnum):
    """What can be corrected."""

    NAME = "name"
    DOCUMENT = "document"
    BIRTH = "birth_year"
    PHONE = "phone"


class Correction(Base):
    """One corrected field of a debtor, by a privacy request. It holds until the source says the new value itself.

    `was` and `became` are as comparisons have them (a document is its kind and number, a phone E.164);
    `contested_at` is when a source last brought the old value, by the import `batch_id` where it was a file.
    """

    __tablename__ = "debtor_correction"
    __table_args__ = (
        Index(
            "ix_debtor_correction_holding",
            "debtor_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_debtor_correction_debtor_id", "debtor_id"),
        Index("ix_debtor_correction_request", "request_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    debtor_id: Mapped[int] = mapped_column(ForeignKey("debtor.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("privacy_request.id"))
    field: Mapped[str] = mapped_column(String(12))
    was: Mapped[str | None] = mapped_column(Text)
    became: Mapped[str | None] = mapped_column(Text)
    corrected_at: Mapped[datetime]
    corrected_by: Mapped[int | None]
    contested_at: Mapped[datetime | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"), index=True)
    ended_at: Mapped[datetime | None]
