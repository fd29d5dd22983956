"""What a malware scanner said of each file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import BigKey, UTCDateTime

revision = "0058"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of files that came before nothing is known: where a scanner is connected, they are scanned then."""
    op.create_table(
        "scanned_file",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("attempts", BigKey, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("scanned_at", UTCDateTime(), nullable=True),
    )
    when = sa.text("verdict = 'waiting'")
    op.create_index("ix_scanned_file_due", "scanned_file", ["due_at"], sqlite_where=when, postgresql_where=when)


def downgrade() -> None:
    """The release before knows no scanner."""
    op.drop_table("scanned_file")
