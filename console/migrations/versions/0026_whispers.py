"""What supervisors say to whoever holds a conversation, apart from its messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One table."""
    op.create_table(
        "whisper",
        sa.Column("id", _number(), nullable=False),
        sa.Column("conversation_id", _number(), nullable=False),
        sa.Column("author_id", _number(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("to_id", _number(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("sequence", _number(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["agent.id"], name=op.f("fk_whisper_author_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_whisper_conversation_id")),
        sa.ForeignKeyConstraint(["to_id"], ["agent.id"], name=op.f("fk_whisper_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whisper")),
        sa.UniqueConstraint("author_id", "client_key", name=op.f("uq_whisper_author_id_client_key")),
    )
    op.create_index("ix_whisper_conversation", "whisper", ["conversation_id", "id"])


def downgrade() -> None:
    """As if nothing had been whispered."""
    op.drop_table("whisper")
