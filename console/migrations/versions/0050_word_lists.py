"""Phrases that are looked for in what agents write are the business's to choose, by country."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nothing is changed of what is shipped."""
    op.create_table(
        "phrase_choice",
        sa.Column("country", sa.String(3), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("stems", sa.String(160), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_by", KEY, nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["agent.id"], name=op.f("fk_phrase_choice_changed_by")),
        sa.PrimaryKeyConstraint("country", "kind", "stems", name=op.f("pk_phrase_choice")),
    )


def downgrade() -> None:
    """The shipped lists alone."""
    op.drop_table("phrase_choice")
