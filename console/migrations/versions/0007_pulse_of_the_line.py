"""What is wrong with the line, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is wrong until somebody looks."""
    op.add_column("channel", sa.Column("trouble", sa.String(length=16), nullable=True))
    op.add_column("channel", sa.Column("trouble_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Look at the telephone instead."""
    op.drop_column("channel", "trouble_since")
    op.drop_column("channel", "trouble")
