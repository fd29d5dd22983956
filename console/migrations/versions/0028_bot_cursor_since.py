"""Since when the bot listens: what was written before is none of its business."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A bot that has listened already listens since now: it takes up nothing of the day it was upgraded on."""
    op.add_column("bot_cursor", sa.Column("since", UTCDateTime(), nullable=True))
    cursor = sa.table("bot_cursor", sa.column("since", UTCDateTime()), sa.column("position", sa.BigInteger()))
    op.execute(cursor.update().where(cursor.c.position.is_not(None)).values(since=sa.func.current_timestamp()))


def downgrade() -> None:
    """It takes up the whole of the last hours."""
    with op.batch_alter_table("bot_cursor") as batch:
        batch.drop_column("since")
