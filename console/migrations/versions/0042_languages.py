"""People choose the language of their screens; a browser keeps the one that was signed in with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has chosen."""
    op.add_column("agent", sa.Column("language", sa.String(8)))
    op.add_column("sign_in_session", sa.Column("language", sa.String(8)))


def downgrade() -> None:
    """Everybody reads Spanish again."""
    op.drop_column("sign_in_session", "language")
    op.drop_column("agent", "language")
