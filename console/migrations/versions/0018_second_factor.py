"""Second factors, codes on paper, and which roles need them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import BigKey, Json, UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has one, nobody needs one."""
    op.create_table(
        "second_factor",
        sa.Column("agent_id", BigKey, sa.ForeignKey("agent.id", name="fk_second_factor_agent_id"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", BigKey, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("agent_id", name="pk_second_factor"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("agent_id", BigKey, sa.ForeignKey("agent.id", name="fk_recovery_code_agent_id"), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.UniqueConstraint("code_hash", name="uq_recovery_code_code_hash"),
    )
    op.create_index("ix_recovery_code_agent_id", "recovery_code", ["agent_id"])
    op.create_table(
        "sign_in_rules",
        sa.Column("id", BigKey, autoincrement=False, nullable=False),
        sa.Column("factor_roles", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_rules"),
    )


def downgrade() -> None:
    """Drop them: whoever had one signs in with the password alone."""
    for table in ("sign_in_rules", "recovery_code", "second_factor"):
        op.drop_table(table)
