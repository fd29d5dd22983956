"""Templates whose header shows a picture, a video or a document, with the file that Meta reviews them by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import BigKey, UTCDateTime

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What there is has words in its header, or none."""
    op.add_column("template_draft", sa.Column("header_format", sa.String(12), server_default="TEXT", nullable=False))
    op.create_table(
        "template_file",
        sa.Column("draft_id", BigKey, sa.ForeignKey("template_draft.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size", BigKey, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("by_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_template_file_sha256", "template_file", ["sha256"])


def downgrade() -> None:
    """The samples are forgotten; the sweep takes the files."""
    op.drop_table("template_file")
    op.drop_column("template_draft", "header_format")
