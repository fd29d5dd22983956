"""Letters about sign-ins from where nobody had signed in before, and the link with which an owner disowns one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """Nobody is told of what was before."""
    op.create_table(
        "sign_in_letter",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("is_new_browser", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("signed_in_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_sign_in_letter_agent_id"),
        sa.ForeignKeyConstraint(["about_id"], ["agent.id"], name="fk_sign_in_letter_about_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_letter"),
    )
    op.create_index("ix_sign_in_letter_due_at", "sign_in_letter", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_index("ix_sign_in_letter_about_id", "sign_in_letter", ["about_id", "created_at"])


def downgrade() -> None:
    """What waits is not sent."""
    op.drop_table("sign_in_letter")
