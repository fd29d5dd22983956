"""One deed on many conversations, as a job of the server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "bulk_job",
        sa.Column("id", BIG, nullable=False),
        sa.Column("made_by", BIG, nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("details", Json(), nullable=False),
        sa.Column("undoes_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in ("total", "after", "changed", "same", "refused")),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["agent.id"], name=op.f("fk_bulk_job_made_by")),
        sa.ForeignKeyConstraint(["undoes_id"], ["bulk_job.id"], name=op.f("fk_bulk_job_undoes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_job")),
    )
    op.create_index("ix_bulk_job_maker", "bulk_job", ["made_by", "id"])
    _partial("ix_bulk_job_at_work", "id", "state IN ('checking', 'running')")
    _partial("uq_bulk_job_undoes", "undoes_id", "undoes_id IS NOT NULL", unique=True)
    op.create_table(
        "bulk_row",
        sa.Column("job_id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("was", Json(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_job.id"], name=op.f("fk_bulk_row_job_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_bulk_row_conversation_id")),
        sa.PrimaryKeyConstraint("job_id", "conversation_id", name=op.f("pk_bulk_row")),
    )
    op.create_index("ix_bulk_row_verdict", "bulk_row", ["job_id", "verdict", "conversation_id"])


def _partial(name: str, column: str, condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, "bulk_job", [column], unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Forget what was asked for; what was done stays."""
    op.drop_table("bulk_row")
    op.drop_table("bulk_job")
