"""Reasons: what somebody typed stands beside the history, where it can be erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add their table. What the history holds already stays in it: nothing there is ever changed."""
    op.create_table(
        "reason",
        sa.Column("id", KEY, nullable=False),
        sa.Column("conversation_id", KEY, nullable=True),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_reason_conversation_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_reason_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason")),
    )
    op.create_index(op.f("ix_reason_conversation_id"), "reason", ["conversation_id"])
    op.create_index(op.f("ix_reason_account_id"), "reason", ["account_id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("reason")
