"""Retention: how long closed matters are kept. At first for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One rule, that keeps everything."""
    table = op.create_table(
        "retention_rule",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("media_months", sa.Integer(), nullable=True),
        sa.Column("everything_months", sa.Integer(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
    )
    op.execute(sa.insert(table).values(id=1, updated_at=sa.func.current_timestamp(), version=1))


def downgrade() -> None:
    """Everything is kept."""
    op.drop_table("retention_rule")
