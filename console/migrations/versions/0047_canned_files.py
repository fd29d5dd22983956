"""Canned texts may carry files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import BigKey, UTCDateTime

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None has any by now."""
    op.create_table(
        "canned_file",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("canned_id", BigKey, sa.ForeignKey("canned_text.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size", BigKey, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_canned_file_canned_id", "canned_file", ["canned_id"])
    op.create_index("ix_canned_file_sha256", "canned_file", ["sha256"])


def downgrade() -> None:
    """They are forgotten; the sweep takes the files."""
    op.drop_table("canned_file")
