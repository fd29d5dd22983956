"""Files brought to be sent, and what WhatsApp calls those it has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    """Two tables of their own; nothing that exists changes."""
    op.create_table(
        "staged_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("author_kind", sa.String(8), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("voice", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], "fk_staged_file_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staged_file"),
    )
    op.create_index("ix_staged_file_author", "staged_file", ["conversation_id", "author_kind", "author_id"])
    op.create_index("ix_staged_file_sha256", "staged_file", ["sha256"])
    op.create_table(
        "media_upload",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("wire_id", sa.Text(), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("claim", sa.String(36), nullable=True),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], "fk_media_upload_channel_id"),
        sa.PrimaryKeyConstraint("channel_id", "sha256", "mime_type", name="pk_media_upload"),
    )
    op.create_index(
        "ix_media_upload_due",
        "media_upload",
        ["due_at"],
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )


def downgrade() -> None:
    """Files that wait to be sent are forgotten; messages keep theirs."""
    op.drop_table("media_upload")
    op.drop_table("staged_file")
