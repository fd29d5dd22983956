"""Canned text's nouns: the texts, their files, and how often each agent has used them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class CannedText(Base):
    """A text ready to be put into the composer. `body` has the blanks of `console.texts.variables`.

    `owner_id` makes it one agent's own, else `team_id` one team's; with neither it is everybody's. `scope` says the
    same as one word ("all", "team:3", "agent:7"), so that the database keeps names apart.
    """

    __tablename__ = "canned_text"
    __table_args__ = (Index("uq_canned_text_name", "name_key", "scope", unique=True),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)  # lower case, without accents
    folder: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(String(32))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    used: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class CannedFile(Base):
    """A file that goes with a text: the house's own, checked as any upload is, and about nobody."""

    __tablename__ = "canned_file"
    __table_args__ = (Index("ix_canned_file_canned_id", "canned_id"), Index("ix_canned_file_sha256", "sha256"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    canned_id: Mapped[int] = mapped_column(ForeignKey("canned_text.id"))
    kind: Mapped[str] = mapped_column(String(16))
    mime_type: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class CannedUse(Base):
    """How often an agent has used a text: decides what is offered first, and is on nobody's record."""

    __tablename__ = "canned_use"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    canned_id: Mapped[int] = mapped_column(ForeignKey("canned_text.id"), primary_key=True)
    n: Mapped[int]
    last_at: Mapped[datetime]
