"""The nouns: a job, and what became of each of its conversations."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey, Sentence


class JobState(StrEnum):
    """Where a job stands."""

    CHECKING = "checking"  # every row is rehearsed: done, looked at and taken back in one transaction
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"  # what was done before stays


AT_WORK = (JobState.CHECKING, JobState.RUNNING)


class Verdict(StrEnum):
    """What became, or would become, of one conversation."""

    CHANGED = "changed"
    SAME = "same"  # it was so already
    REFUSED = "refused"


class BulkJob(Base):
    """A deed on many conversations, and how far it has come. Its maker's rights at each step are what counts.

    `details` are what the deed needs. `client_key` names the request of the program that asked, `request` is the digest
    of what it asked. `undoes_id`: it takes back what that job changed. `why`: what ended it early.
    """

    __tablename__ = "bulk_job"
    __table_args__ = (
        Index("ix_bulk_job_maker", "made_by", "id"),
        Index("uq_bulk_job_client_key", "client_key", unique=True),
        Index(
            "ix_bulk_job_at_work",
            "id",
            sqlite_where=text("state IN ('checking', 'running')"),
            postgresql_where=text("state IN ('checking', 'running')"),
        ),
        # Two who take the same job back do it once.
        Index(
            "uq_bulk_job_undoes",
            "undoes_id",
            unique=True,
            sqlite_where=text("undoes_id IS NOT NULL"),
            postgresql_where=text("undoes_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_key: Mapped[str | None] = mapped_column(String(64))
    request: Mapped[str | None] = mapped_column(String(64))
    made_by: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    deed: Mapped[str] = mapped_column(String(16))
    details: Mapped[dict[str, Any]]
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_job.id"))
    state: Mapped[str] = mapped_column(String(10))
    total: Mapped[int]
    after: Mapped[int] = mapped_column(default=0)  # rows up to this conversation are rehearsed, or done
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    why: Mapped[str | None] = mapped_column(Sentence)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def done(self) -> int:
        """Rows that are rehearsed, or done."""
        return self.changed + self.same + self.refused


class BulkRow(Base):
    """One conversation of a job. `verdict` is of the rehearsal until the row is done (`is_done`); `was` undoes it."""

    __tablename__ = "bulk_row"
    __table_args__ = (Index("ix_bulk_row_verdict", "job_id", "verdict", "conversation_id"),)

    job_id: Mapped[int] = mapped_column(ForeignKey("bulk_job.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    verdict: Mapped[str | None] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(Sentence)
    is_done: Mapped[bool] = mapped_column(default=False)
    was: Mapped[dict[str, Any] | None]
