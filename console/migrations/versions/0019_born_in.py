"""A file may say when somebody was born: half of what the right party is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("import_debtor", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("birth_year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("import_debtor", schema=None) as batch_op:
        batch_op.drop_column("birth_year")
