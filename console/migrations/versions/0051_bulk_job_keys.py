"""A job on many conversations has the key of the program that asked for it, which asks for it once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What people asked for on the screens has none."""
    op.add_column("bulk_job", sa.Column("client_key", sa.String(64), nullable=True))
    op.add_column("bulk_job", sa.Column("request", sa.String(64), nullable=True))
    op.create_index("uq_bulk_job_client_key", "bulk_job", ["client_key"], unique=True)


def downgrade() -> None:
    """Keys are forgotten."""
    op.drop_index("uq_bulk_job_client_key", "bulk_job")
    op.drop_column("bulk_job", "request")
    op.drop_column("bulk_job", "client_key")
