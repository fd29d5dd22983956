"""Time-outs: how long a sign-in holds without use, and in any case, where the business asks for less than usual."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

COLUMNS = ("idle_minutes", "absolute_minutes")


def upgrade() -> None:
    """The usual holds until somebody says otherwise."""
    for name in COLUMNS:
        op.add_column("sign_in_rules", sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite")))


def downgrade() -> None:
    """The usual holds."""
    with op.batch_alter_table("sign_in_rules") as batch:
        for name in COLUMNS:
            batch.drop_column(name)
