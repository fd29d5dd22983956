"""Evidence packs that people ask for on screen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "evidence_pack",
        sa.Column("id", KEY, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("conversation_id", KEY, nullable=True),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("conversations", Json(), nullable=False),
        sa.Column("accounts", Json(), nullable=False),
        sa.Column("asked_by", KEY, nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", KEY, nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("size", KEY, nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("ready_at", UTCDateTime(), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["agent.id"], name="fk_evidence_pack_asked_by"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_pack"),
    )
    op.create_index("ix_evidence_pack_asked_by", "evidence_pack", ["asked_by", "id"])
    op.create_index("ix_evidence_pack_state", "evidence_pack", ["state", "id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("evidence_pack")
