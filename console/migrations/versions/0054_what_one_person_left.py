"""Indexes by which what one person left is found: erasing them reads no table from end to end."""

from __future__ import annotations

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_media_sha256": ("media", "sha256"),
    "ix_media_upload_sha256": ("media_upload", "sha256"),
    "ix_draft_conversation_id": ("draft", "conversation_id"),
    "ix_dispute_conversation_id": ("dispute", "conversation_id"),
    "ix_review_task_conversation_id": ("review_task", "conversation_id"),
    "ix_debtor_correction_debtor_id": ("debtor_correction", "debtor_id"),
    "ix_webhook_delivery_entry_id": ("webhook_delivery", "entry_id"),
    "ix_webhook_delivery_about": ("webhook_delivery", "lane"),
    "ix_search_spelling_word": ("search_spelling", "word"),
}


def upgrade() -> None:
    """None is on a table that a delivery writes to, media apart: one row an attachment."""
    for name, (table, column) in INDEXES.items():
        op.create_index(name, table, [column])


def downgrade() -> None:
    """As it was."""
    for name, (table, _column) in INDEXES.items():
        op.drop_index(name, table_name=table)
