"""First answers began at what was said before the conversation was resolved: they are counted anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The facts of a zone that is no zone are forgotten and read from the history again (console.reports.follow)."""
    op.execute(sa.text("UPDATE report_cursor SET zone = ''"))


def downgrade() -> None:
    """Counted anew, the old way."""
    op.execute(sa.text("UPDATE report_cursor SET zone = ''"))
