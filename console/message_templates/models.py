"""The nouns of templates we write: a draft, and each wording of it that was submitted to Meta."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class TemplateDraft(Base):
    """A template as it is written here. `body` and the rest hold variables as Meta writes them, `{{nombre}}`.

    `buttons` are {"type", "text"} with "url" or "phone_number"; `examples` the sample value of each variable.
    `state`: draft (may be written), submitting (the call is under way, or its answer was lost), submitted.
    """

    __tablename__ = "template_draft"
    __table_args__ = (UniqueConstraint("name", "language", name="uq_template_draft_name"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(Text, default="")  # for whom and when: for colleagues, never sent
    header_format: Mapped[str] = mapped_column(String(12), default="TEXT")  # or IMAGE, VIDEO, DOCUMENT, LOCATION
    header: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    footer: Mapped[str] = mapped_column(Text, default="")
    buttons: Mapped[list[Any]]
    examples: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    problem: Mapped[str | None] = mapped_column(Text)  # why Meta did not take it, as it said
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class TemplateFile(Base):
    """The file of a draft whose header shows one: the sample for Meta's review.

    `by_default`: it goes out as well, where whoever writes chooses no other.
    """

    __tablename__ = "template_file"
    __table_args__ = (Index("ix_template_file_sha256", "sha256"),)

    draft_id: Mapped[int] = mapped_column(ForeignKey("template_draft.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    mime_type: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    by_default: Mapped[bool]
    created_at: Mapped[datetime]


class TemplateSubmission(Base):
    """One wording of a draft that was submitted, and what Meta answered. Never changed after its outcome."""

    __tablename__ = "template_submission"
    __table_args__ = (UniqueConstraint("draft_id", "number", name="uq_template_submission_draft_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("template_draft.id"))
    number: Mapped[int]
    category: Mapped[str] = mapped_column(String(32))
    components: Mapped[list[Any]]
    edits: Mapped[str | None] = mapped_column(Text)  # Meta's id of the template that was edited
    outcome: Mapped[str] = mapped_column(String(12))  # asked | accepted | refused | unknown
    details: Mapped[str | None] = mapped_column(Text)
    by_id: Mapped[int]
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
