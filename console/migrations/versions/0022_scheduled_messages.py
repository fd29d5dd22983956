"""Messages that leave later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """A table of its own; nothing that exists changes."""
    op.create_table(
        "scheduled_message",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("inbound_count", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sent_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], "fk_scheduled_message_message_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], "fk_scheduled_message_conversation_id"),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], "fk_scheduled_message_agent_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_scheduled_message"),
    )
    op.create_index(
        "ix_scheduled_message_waiting",
        "scheduled_message",
        ["due_at", "conversation_id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """What waits is forgotten."""
    op.drop_table("scheduled_message")
