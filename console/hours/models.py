"""The nouns of business hours: a week, and days that are unlike their week."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey

COMPANY = 0
"""Stands where a team's id would: what holds for every team that has nothing of its own."""


class WorkingWeek(Base):
    """The week of a team, or of the company (`team_id` COMPANY): for each day from Monday its [begin, end] in minutes.

    Minutes count from local midnight; an end past 1,440 lies on the next day. `zone` and `country` (two letters, whose
    public holidays are closed where `keeps_holidays`) stand on the company's row alone.
    """

    __tablename__ = "working_week"

    team_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    days: Mapped[list[Any]]
    keeps_holidays: Mapped[bool] = mapped_column(default=True)
    zone: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(String(2))
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]


class SpecialDay(Base):
    """A day unlike its week: closed (`intervals` empty) or open at other hours, for one team or the company."""

    __tablename__ = "special_day"
    __table_args__ = (UniqueConstraint("team_id", "day"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    team_id: Mapped[int]
    day: Mapped[date] = mapped_column(Date)
    intervals: Mapped[list[Any]]
    name: Mapped[str] = mapped_column(Text)
