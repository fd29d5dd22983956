"""A phrase may mean several things: what people said it meant is a list, in a column wide enough for all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What one label said, a list of one says: both are written alike."""
    op.add_column("bot_step", sa.Column("labels", sa.Text()))
    op.execute("UPDATE bot_step SET labels = label WHERE label IS NOT NULL")
    op.drop_column("bot_step", "label")


def downgrade() -> None:
    """The main label is kept: it comes first."""
    op.add_column("bot_step", sa.Column("label", sa.String(24)))
    first = "length(labels) - length(ltrim(labels, 'abcdefghijklmnopqrstuvwxyz_'))"
    op.execute(f"UPDATE bot_step SET label = substr(labels, 1, {first}) WHERE labels IS NOT NULL")
    op.drop_column("bot_step", "labels")
