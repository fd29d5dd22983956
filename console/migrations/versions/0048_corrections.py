"""What people had corrected of their data, so that no file puts the old value back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HOLDING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "debtor_correction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("debtor_id", KEY, nullable=False),
        sa.Column("request_id", KEY, nullable=False),
        sa.Column("field", sa.String(12), nullable=False),
        sa.Column("was", sa.Text(), nullable=True),
        sa.Column("became", sa.Text(), nullable=True),
        sa.Column("corrected_at", UTCDateTime(), nullable=False),
        sa.Column("corrected_by", KEY, nullable=True),
        sa.Column("contested_at", UTCDateTime(), nullable=True),
        sa.Column("batch_id", KEY, nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"], name=op.f("fk_debtor_correction_debtor_id")),
        sa.ForeignKeyConstraint(["request_id"], ["privacy_request.id"], name=op.f("fk_debtor_correction_request_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_debtor_correction_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debtor_correction")),
    )
    op.create_index(
        "ix_debtor_correction_holding",
        "debtor_correction",
        ["debtor_id"],
        sqlite_where=_HOLDING,
        postgresql_where=_HOLDING,
    )
    op.create_index("ix_debtor_correction_request", "debtor_correction", ["request_id"])
    op.create_index(op.f("ix_debtor_correction_batch_id"), "debtor_correction", ["batch_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("debtor_correction")
