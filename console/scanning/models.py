"""The noun of scanning: a file by the hash of its bytes, and the verdict on it."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class Verdict(enum.StrEnum):
    """What is known of a file."""

    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"


class ScannedFile(Base):
    """One verdict for the same bytes, wherever and however often they hang. Claimed as a lease."""

    __tablename__ = "scanned_file"
    __table_args__ = (
        Index(
            "ix_scanned_file_due",
            "due_at",
            sqlite_where=text("verdict = 'waiting'"),
            postgresql_where=text("verdict = 'waiting'"),
        ),
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(8))
    signature: Mapped[str | None] = mapped_column(Text)  # what was found, by the scanner's name for it
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    scanned_at: Mapped[datetime | None]
