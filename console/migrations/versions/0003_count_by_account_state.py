"""Conversations are counted by account state too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the counters anew from what they count: their key has one column more."""
    op.drop_table("view_count")
    op.create_table(
        "view_count",
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("account_state", sa.String(length=8), server_default="", nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "holder_id", "status", "account_state", name=op.f("pk_view_count")),
    )
    op.execute(
        "INSERT INTO view_count (team_id, holder_id, status, account_state, n) "
        "SELECT team_id, COALESCE(holder_id, 0), status, '', COUNT(*) FROM conversation "
        "GROUP BY team_id, COALESCE(holder_id, 0), status",
    )


def downgrade() -> None:
    """Back to counters without the account state."""
    op.drop_table("view_count")
    op.create_table(
        "view_count",
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "holder_id", "status", name=op.f("pk_view_count")),
    )
    op.execute(
        "INSERT INTO view_count (team_id, holder_id, status, n) "
        "SELECT team_id, COALESCE(holder_id, 0), status, COUNT(*) FROM conversation "
        "GROUP BY team_id, COALESCE(holder_id, 0), status",
    )
