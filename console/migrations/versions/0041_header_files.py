"""A file may be brought for the header of a template: such a one does not wait in the composer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What waits by now is for a message of its own."""
    op.add_column("staged_file", sa.Column("for_header", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """It waits in the composer again."""
    op.drop_column("staged_file", "for_header")
