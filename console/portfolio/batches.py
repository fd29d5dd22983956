"""A file being imported: what it is, how its columns are read, what is wrong in it, and what it would change.

What a file would change is kept in rows of its own (`import_account` and the others) until somebody confirms it; then a
few statements over whole sets move it in place. The rows stay as evidence of what each line did, and for the way back.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey, Sentence


class BatchState(StrEnum):
    """Where an import stands. What is asked for is done by whoever claims it; a claim that lapsed is taken over."""

    UPLOADED = "uploaded"  # its columns are to be named
    WAITING = "waiting"  # to be read and compared
    READY = "ready"  # compared: to be confirmed, if nothing is wrong
    CONFIRMED = "confirmed"  # to be put in place
    COMMITTED = "committed"
    UNDOING = "undoing"  # asked to be taken back
    UNDONE = "undone"
    FAILED = "failed"  # could not be read or put in place; `why` says it
    DISCARDED = "discarded"


class ImportBatch(Base):
    """One file, or the way back of one (`undoes_id`). `done` of `total` is the bar that moves.

    `expected_id` is the last import of this creditor when it was compared: another one since makes it stale.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        Index("ix_import_batch_creditor", "creditor_id", "committed_at"),
        Index(
            "ix_import_batch_asked",
            "id",
            sqlite_where=text("state IN ('waiting', 'confirmed', 'undoing')"),
            postgresql_where=text("state IN ('waiting', 'confirmed', 'undoing')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    creditor_id: Mapped[int] = mapped_column(ForeignKey("creditor.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"))
    file_name: Mapped[str] = mapped_column(Text)
    path: Mapped[str | None] = mapped_column(Text)  # where it waits; None once it is gone
    size: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    look: Mapped[dict[str, Any] | None]  # what the file looks like: kind, header, first lines
    signature: Mapped[str | None] = mapped_column(String(64))
    options: Mapped[dict[str, Any] | None]  # columns named, date of the data, whether it is the whole portfolio
    state: Mapped[str] = mapped_column(String(10))
    why: Mapped[str | None] = mapped_column(Sentence)
    counts: Mapped[dict[str, Any] | None]
    digest: Mapped[str | None] = mapped_column(String(64))
    as_of: Mapped[datetime | None]
    expected_id: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    made_by_kind: Mapped[str] = mapped_column(String(8))
    made_by_id: Mapped[int | None]
    made_by_name: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime]
    committed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    linked_at: Mapped[datetime | None]  # whoever wrote while it was put in place has been joined to their debt
    version: Mapped[int] = mapped_column(default=1)


class ImportMapping(Base):
    """How the columns of files with one header were named last time."""

    __tablename__ = "import_mapping"

    signature: Mapped[str] = mapped_column(String(64), primary_key=True)
    columns: Mapped[dict[str, Any]]
    used_at: Mapped[datetime]


class ImportProblem(Base):
    """What is wrong in one cell. `hint` is the value where it is nobody's personal data."""

    __tablename__ = "import_problem"
    __table_args__ = (Index("ix_import_problem_batch", "batch_id", "row"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    row: Mapped[int]
    column: Mapped[str | None] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Sentence)
    hint: Mapped[str | None] = mapped_column(Text)


class ImportDebtor(Base):
    """A debtor who is new (`place` stands for the id to be) or changes (`debtor_id`). `before` is the way back."""

    __tablename__ = "import_debtor"
    __table_args__ = (Index("ix_import_debtor_batch", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    kind: Mapped[str] = mapped_column(String(8))  # new | changed | removed
    place: Mapped[int | None]
    debtor_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    document_type: Mapped[str | None] = mapped_column(String(8))
    document_number: Mapped[str | None] = mapped_column(String(24))
    birth_year: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(String(40))
    before: Mapped[dict[str, Any] | None]


class ImportAccount(Base):
    """What an account will be. `row` is the first line that names it; `version` is the one it was compared with."""

    __tablename__ = "import_account"
    __table_args__ = (Index("ix_import_account_batch", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    kind: Mapped[str] = mapped_column(String(8))  # new | changed | closed | removed
    row: Mapped[int | None]
    external_id: Mapped[str] = mapped_column(Text)
    place: Mapped[int | None]
    account_id: Mapped[int | None]
    version: Mapped[int | None]
    debtor_place: Mapped[int | None]
    debtor_id: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3))
    product: Mapped[str | None] = mapped_column(Text)
    phones: Mapped[list[Any] | None]
    status: Mapped[str] = mapped_column(String(8))
    statement_digest: Mapped[str | None] = mapped_column(String(64))
    stated_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(8))
    balance_minor: Mapped[int]
    overdue_minor: Mapped[int]
    oldest_due_on: Mapped[date | None]
    next_change_at: Mapped[datetime | None]
    moves_phones: Mapped[bool] = mapped_column(default=False)  # names other numbers than before, or none
    statement: Mapped[dict[str, Any] | None]  # what the file says of it: the evidence
    before: Mapped[dict[str, Any] | None]


class ImportInvoice(Base):
    """What an invoice will be. Of a new account, `account_place`; `before` is the way back."""

    __tablename__ = "import_invoice"
    __table_args__ = (Index("ix_import_invoice_batch", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    kind: Mapped[str] = mapped_column(String(8))  # new | changed | removed
    account_place: Mapped[int | None]
    account_id: Mapped[int | None]
    invoice_id: Mapped[int | None]
    version: Mapped[int | None]
    number: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date]
    amount_minor: Mapped[int]
    stated_minor: Mapped[int]
    balance_minor: Mapped[int]
    before: Mapped[dict[str, Any] | None]


class ImportPoint(Base):
    """A number that the file names for a debtor."""

    __tablename__ = "import_point"
    __table_args__ = (Index("ix_import_point_batch", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    debtor_place: Mapped[int | None]
    debtor_id: Mapped[int | None]
    phone: Mapped[str] = mapped_column(Text)
    match_key: Mapped[str] = mapped_column(Text)


class ImportConsent(Base):
    """What the file says somebody allowed or refused at a number, where that is news. Of a new account, its place."""

    __tablename__ = "import_consent"
    __table_args__ = (Index("ix_import_consent_batch", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    account_place: Mapped[int | None]
    account_id: Mapped[int | None]
    row: Mapped[int]
    phone: Mapped[str] = mapped_column(Text)
    match_key: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    how: Mapped[str] = mapped_column(String(16))
    said_at: Mapped[datetime]
    shown: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
