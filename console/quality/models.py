"""The nouns of quality: what a review asks, which conversations were drawn for one, and what it found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class QualityForm(Base):
    """One version of what a review asks, and of what is drawn. Rows never change: a score keeps its form.

    `criteria` are scoring.Criterion as JSON, in the order of the form; the newest version is in force.
    """

    __tablename__ = "quality_form"

    version: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    per_week: Mapped[int]  # conversations of each agent
    rest_weeks: Mapped[int] = mapped_column(default=8)  # before the same conversation may be drawn for the agent again
    criteria: Mapped[list[Any]]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]


class QualityDraw(Base):
    """That an agent's week was drawn: the row is the claim, so nobody draws it twice.

    Whoever has `seed` and the history can draw it again (drawing.draw); `found` is how many there were to draw from.
    """

    __tablename__ = "quality_draw"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    week_on: Mapped[date] = mapped_column(primary_key=True)  # its Monday, in the business's zone
    seed: Mapped[str] = mapped_column(String(32))
    form_version: Mapped[int] = mapped_column(ForeignKey("quality_form.version"))
    found: Mapped[int]
    created_at: Mapped[datetime]


class QualityPick(Base):
    """A conversation drawn for review, at most once a week for each agent who worked on it.

    `message_id` is the agent's last message of that week: the thread is shown around it.
    """

    __tablename__ = "quality_pick"
    __table_args__ = (
        UniqueConstraint("agent_id", "conversation_id", "week_on"),
        Index("ix_quality_pick_conversation", "conversation_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    week_on: Mapped[date]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int]
    created_at: Mapped[datetime]


class QualityFlag(Base):
    """Words of a message of the agent that a reviewer is to look at (flagging), as they were found at the draw."""

    __tablename__ = "quality_flag"

    pick_id: Mapped[int] = mapped_column(ForeignKey("quality_pick.id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    words: Mapped[str] = mapped_column(Text)


class QualityReview(Base):
    """What a review found. `marks` are 2, 1, 0 or None by the key of each criterion, `score` is from 0 to 100.

    `answer` is what the agent had to say to it: once.
    """

    __tablename__ = "quality_review"
    __table_args__ = (UniqueConstraint("pick_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    pick_id: Mapped[int] = mapped_column(ForeignKey("quality_pick.id"))
    form_version: Mapped[int] = mapped_column(ForeignKey("quality_form.version"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    marks: Mapped[dict[str, Any]]
    score: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]


class QualityCalibration(Base):
    """A drawn conversation that several people review apart from each other, to agree on one review afterwards.

    All of them with `form_version`. What they agree on is the QualityReview of the pick: until then there is none.
    """

    __tablename__ = "quality_calibration"

    pick_id: Mapped[int] = mapped_column(ForeignKey("quality_pick.id"), primary_key=True, autoincrement=False)
    form_version: Mapped[int] = mapped_column(ForeignKey("quality_form.version"))
    opened_by: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    opened_at: Mapped[datetime]
    agreed_at: Mapped[datetime | None] = mapped_column(index=True)


class QualitySeat(Base):
    """One person's own review in a calibration; empty until they send it, and shown to nobody else until all have."""

    __tablename__ = "quality_seat"

    pick_id: Mapped[int] = mapped_column(ForeignKey("quality_calibration.pick_id"), primary_key=True)
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True, index=True)
    marks: Mapped[dict[str, Any] | None]
    score: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
