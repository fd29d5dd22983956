"""The noun of retention: the one rule of the house."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class RetentionRule(Base):
    """Months after which a closed matter loses its files, and everything personal; None keeps them. One row, id 1."""

    __tablename__ = "retention_rule"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    media_months: Mapped[int | None]
    everything_months: Mapped[int | None]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
