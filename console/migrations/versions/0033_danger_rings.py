"""Danger rings by itself: who wanted the bot's alerts goes on being told of danger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever has chosen "alert" has chosen "danger" as well: nobody stops hearing of it unasked."""
    op.execute(_kinds('"alert"', '"danger","alert"'))


def downgrade() -> None:
    """One kind for both."""
    op.execute(_kinds('"danger",', ""))
    op.execute(_kinds(',"danger"', ""))


def _kinds(old: str, new: str) -> sa.Update:
    # JSON as it is written: text, without blanks.
    choice = sa.table("notification_choice", sa.column("kinds", sa.Text()))
    return choice.update().where(choice.c.kinds.contains(old)).values(kinds=sa.func.replace(choice.c.kinds, old, new))
