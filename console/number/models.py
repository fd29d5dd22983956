"""The noun: what the Cloud API last said about our number, beside what a channel itself must know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class NumberReport(Base):
    """What was said when we last asked, and what went wrong since (one row for each channel).

    `failure` is in words, and None once asking went well again. A token without `token_expires_at` never expires, when
    `token_valid` is known at all. `bad_signature_at` is exact to the minute. Profile: `integrations.whatsapp.account`.
    """

    __tablename__ = "number_report"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime | None]
    status: Mapped[str | None] = mapped_column(String(32))
    name_status: Mapped[str | None] = mapped_column(String(32))
    can_send: Mapped[str | None] = mapped_column(String(32))
    throughput: Mapped[str | None] = mapped_column(String(32))
    token_valid: Mapped[bool | None]
    token_expires_at: Mapped[datetime | None]
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
    warned_at: Mapped[datetime | None]
    bad_signature_at: Mapped[datetime | None]
