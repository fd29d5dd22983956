"""Up to when a billing system has been read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class BillingCursor(Base):
    """Of one system (`odoo`): what changed before `since` is known."""

    __tablename__ = "billing_cursor"

    system: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime]
