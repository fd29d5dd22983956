"""Templates leave later as well; what cannot leave as it stands is held; programs schedule too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_WAITING = sa.text("state = 'waiting'")
_HELD = sa.text("state = 'held'")


def upgrade() -> None:
    """What waits already keeps its terms: any answer and any payment cancel it."""
    # SQLite makes the table anew for a column that may be empty from now on; the partial index is put back by hand.
    op.drop_index("ix_scheduled_message_waiting", "scheduled_message")
    with op.batch_alter_table("scheduled_message") as table:
        table.alter_column("agent_id", existing_type=sa.BigInteger(), nullable=True)
        table.add_column(sa.Column("token_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("template_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("on_reply", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("on_payment", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("field", sa.String(80), nullable=True))
        table.create_foreign_key("fk_scheduled_message_token_id", "api_token", ["token_id"], ["id"])
        table.create_foreign_key("fk_scheduled_message_template_id", "message_template", ["template_id"], ["id"])
    op.create_index(
        "ix_scheduled_message_waiting",
        "scheduled_message",
        ["due_at", "conversation_id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_scheduled_message_held", "scheduled_message", ["due_at"], sqlite_where=_HELD, postgresql_where=_HELD
    )
    op.create_index("ix_scheduled_message_conversation_id", "scheduled_message", ["conversation_id"])
    op.create_index("ix_scheduled_message_ended_at", "scheduled_message", ["ended_at"])


def downgrade() -> None:
    """Templates that wait, and what programs scheduled, are forgotten."""
    op.execute("DELETE FROM scheduled_message WHERE template_id IS NOT NULL OR agent_id IS NULL OR state = 'held'")
    for name in ("ended_at", "conversation_id", "held", "waiting"):
        op.drop_index(f"ix_scheduled_message_{name}", "scheduled_message")
    with op.batch_alter_table("scheduled_message") as table:
        table.drop_constraint("fk_scheduled_message_template_id", type_="foreignkey")
        table.drop_constraint("fk_scheduled_message_token_id", type_="foreignkey")
        for name in ("field", "on_payment", "on_reply", "template_id", "token_id"):
            table.drop_column(name)
        table.alter_column("agent_id", existing_type=sa.BigInteger(), nullable=False)
    op.create_index(
        "ix_scheduled_message_waiting",
        "scheduled_message",
        ["due_at", "conversation_id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
