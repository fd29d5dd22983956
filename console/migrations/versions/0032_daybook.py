"""The daybook of the reports: each day kept whole, by team and agent, while nothing of it changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """No day is kept yet: the background work keeps them, the newest first."""
    op.create_table(
        "report_page",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("team_id", KEY, autoincrement=False, nullable=False),
        sa.Column("agent_id", KEY, autoincrement=False, nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "team_id", "agent_id", name=op.f("pk_report_page")),
    )
    op.create_table(
        "report_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_report_day")),
    )
    op.create_index("ix_report_talk_conversation", "report_talk", ["conversation_id"])
    # What was queued and sent between two looks had not been counted: in another zone, all is counted anew.
    op.execute(sa.text("UPDATE report_cursor SET zone = ''"))


def downgrade() -> None:
    """The facts are all there is."""
    op.drop_index("ix_report_talk_conversation", table_name="report_talk")
    op.drop_table("report_day")
    op.drop_table("report_page")
