"""The noun of the targets: how long something may take, for one team and account state."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey

EVERY_STATE = ""
"""Stands where an account state would: what holds for people in any state that has nothing of its own."""


class Kind(StrEnum):
    """What a target is about: a person's first answer since it opened, every later one, or the end of the matter."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"


class Target(Base):
    """Minutes of business time until a warning and until it is late. `team_id` is hours.COMPANY for every team."""

    __tablename__ = "target"

    team_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    account_state: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    warns_minutes: Mapped[int]
    due_minutes: Mapped[int]
    updated_at: Mapped[datetime]
