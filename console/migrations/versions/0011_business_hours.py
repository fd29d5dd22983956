"""Business hours: weeks, and days that are unlike them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The company's own week is made when the console starts: it knows the zone."""
    op.create_table(
        "working_week",
        sa.Column("team_id", KEY, autoincrement=False, nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("keeps_holidays", sa.Boolean(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("version", KEY, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_working_week")),
    )
    op.create_table(
        "special_day",
        sa.Column("id", KEY, nullable=False),
        sa.Column("team_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("intervals", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_day")),
        sa.UniqueConstraint("team_id", "day", name=op.f("uq_special_day_team_id_day")),
    )


def downgrade() -> None:
    """Always open."""
    op.drop_table("special_day")
    op.drop_table("working_week")
