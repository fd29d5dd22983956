"""Rules of the queue by team, and how each person stands to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two tables; nothing changes for teams without a rule and for people nothing was heard of."""
    op.create_table(
        "routing_rule",
        sa.Column("team_id", _number(), autoincrement=False, nullable=False),
        sa.Column("serving", sa.String(length=16), nullable=False),
        sa.Column("order_by", sa.String(length=16), nullable=False),
        sa.Column("owner_first", sa.Boolean(), nullable=False),
        sa.Column("first_reply_takes", sa.Boolean(), nullable=False),
        sa.Column("keeps_hours", sa.Boolean(), nullable=False),
        sa.Column("capacity", _number(), nullable=False),
        sa.Column("answered_weight", _number(), nullable=False),
        sa.Column("away_minutes", _number(), nullable=False),
        sa.Column("return_minutes", _number(), nullable=False),
        sa.Column("points", Json(), nullable=False),
        sa.Column("version", _number(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_routing_rule_team_id")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_routing_rule")),
    )
    op.create_table(
        "agent_availability",
        sa.Column("agent_id", _number(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.Column("by_itself", sa.Boolean(), nullable=False),
        sa.Column("reached_at", UTCDateTime(), nullable=True),
        sa.Column("served_at", UTCDateTime(), nullable=True),
        sa.Column("capacity", _number(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_availability_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_availability")),
    )


def downgrade() -> None:
    """As if nobody had decided anything."""
    op.drop_table("agent_availability")
    op.drop_table("routing_rule")
