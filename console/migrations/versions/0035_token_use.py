"""API tokens: who made one, when it was last used, and until when it holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MAKER = "fk_api_token_made_by"


def upgrade() -> None:
    """Those made before were made at the command line, and hold until they are revoked."""
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("made_by", KEY, nullable=True))
        table.add_column(sa.Column("used_at", UTCDateTime(), nullable=True))
        table.add_column(sa.Column("expires_at", UTCDateTime(), nullable=True))
        table.create_foreign_key(op.f(MAKER), "agent", ["made_by"], ["id"])


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("api_token") as table:
        table.drop_constraint(op.f(MAKER), type_="foreignkey")
        for name in ("made_by", "used_at", "expires_at"):
            table.drop_column(name)
