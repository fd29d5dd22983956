"""The noun: a list under a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class SavedView(Base):
    """A list that somebody saved: for themselves, or (`team_id`) for everybody of a team.

    `view` and `filters` are as an address names them. `name_key` is the name without accents and capitals: nobody has
    two of one name, and no team.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        Index(
            "uq_saved_view_own",
            "owner_id",
            "name_key",
            unique=True,
            sqlite_where=text("team_id IS NULL"),
            postgresql_where=text("team_id IS NULL"),
        ),
        Index(
            "uq_saved_view_team",
            "team_id",
            "name_key",
            unique=True,
            sqlite_where=text("team_id IS NOT NULL"),
            postgresql_where=text("team_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    view: Mapped[str] = mapped_column(String(24))
    filters: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
