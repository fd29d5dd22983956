"""A conversation rests some weeks before it may be drawn for review again; it used to rest for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONCE, WEEKLY = "uq_quality_pick_agent_id_conversation_id", "uq_quality_pick_agent_id_conversation_id_week_on"


def upgrade() -> None:
    """Eight weeks."""
    op.add_column("quality_form", sa.Column("rest_weeks", KEY, server_default="8", nullable=False))
    with op.batch_alter_table("quality_pick") as table:
        table.drop_constraint(ONCE, type_="unique")
        table.create_unique_constraint(WEEKLY, ["agent_id", "conversation_id", "week_on"])


def downgrade() -> None:
    """For ever; refused by the database where a conversation has been drawn twice."""
    with op.batch_alter_table("quality_pick") as table:
        table.drop_constraint(WEEKLY, type_="unique")
        table.create_unique_constraint(ONCE, ["agent_id", "conversation_id"])
    with op.batch_alter_table("quality_form") as table:
        table.drop_column("rest_weeks")
