"""What each agent is told of, the browsers that are told, and how far the history was read for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notification_choice",
        sa.Column("agent_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kinds", Json(), nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", WHOLE, nullable=True),
        sa.Column("quiet_to", WHOLE, nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_notification_choice_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_notification_choice")),
    )
    op.create_table(
        "push_subscription",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("agent_id", WHOLE, nullable=False),
        sa.Column("session_id", WHOLE, nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("failures", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_push_subscription_agent_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sign_in_session.id"], name=op.f("fk_push_subscription_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscription_endpoint")),
    )
    op.create_index("ix_push_subscription_agent_id", "push_subscription", ["agent_id"])
    op.create_index("ix_push_subscription_session_id", "push_subscription", ["session_id"])
    op.create_table(
        "notification_place",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("entry_id", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_place")),
    )
    # Nobody is told of what happened before.
    op.execute("INSERT INTO notification_place (id, entry_id) SELECT 1, COALESCE(MAX(entry_id), 0) FROM audit_head")


def downgrade() -> None:
    op.drop_table("notification_place")
    op.drop_table("push_subscription")
    op.drop_table("notification_choice")
