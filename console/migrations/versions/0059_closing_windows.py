"""Which windows are about to close is found by their end alone: by their status SQLite read all that are open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The new index first: whoever serves meanwhile finds one of them."""
    only = sa.text("window_closes_at IS NOT NULL")
    columns = ["window_closes_at", "status", "team_id", "holder_id", "id"]
    op.create_index("ix_conversation_closing", "conversation", columns, sqlite_where=only, postgresql_where=only)
    op.drop_index("ix_conversation_window", "conversation")


def downgrade() -> None:
    """As it was: of the open ones alone."""
    only = sa.text("status = 'open'")
    columns = ["window_closes_at", "team_id", "holder_id", "id"]
    op.create_index("ix_conversation_window", "conversation", columns, sqlite_where=only, postgresql_where=only)
    op.drop_index("ix_conversation_closing", "conversation")
