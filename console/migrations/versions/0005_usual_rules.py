"""The usual rules of a portfolio, until the business decides its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

USUAL = {
    "id": 1,
    "first_edge": 30,
    "second_edge": 60,
    "overdue_tolerance_minor": 0,
    "promise_tolerance_bp": 0,
    "promise_grace_days": 1,
    "promise_within_days": 30,
    "plan_max_instalments": 12,
    "plan_min_instalment_minor": 0,
    "plan_min_down_payment_bp": 0,
    "plan_first_within_days": 30,
    "plan_grace_days": 3,
    "dispute_answer_days": 15,
    "asks_reason": True,
    "version": 1,
}


def upgrade() -> None:
    """Write the one row."""
    op.bulk_insert(sa.table("portfolio_rules", *(sa.column(name) for name in USUAL)), [USUAL])


def downgrade() -> None:
    """Forget it."""
    op.execute("DELETE FROM portfolio_rules")
