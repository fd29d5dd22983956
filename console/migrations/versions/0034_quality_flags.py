"""Quality: what a reviewer is to look at in the messages of a drawn conversation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "quality_flag",
        sa.Column("pick_id", KEY, nullable=False),
        sa.Column("message_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pick_id"], ["quality_pick.id"], name=op.f("fk_quality_flag_pick_id")),
        sa.PrimaryKeyConstraint("pick_id", "message_id", "kind", name=op.f("pk_quality_flag")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("quality_flag")
