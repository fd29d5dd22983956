"""Consent with its proof: a line for each time it was given or taken back; the stops we knew of become lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KNOWN = (
    "INSERT INTO consent_record (contact_id, channel, purpose, state, how, said_at, recorded_at, by_kind, by_name)"
    " SELECT id, 'whatsapp', '{purpose}', 'withdrawn', 'earlier', {column}, {column}, 'system', 'Al Día'"
    " FROM contact WHERE {column} IS NOT NULL ORDER BY id"
)


def upgrade() -> None:
    """Add their table, and what contacts had stopped before."""
    op.create_table(
        "consent_record",
        sa.Column("id", KEY, nullable=False),
        sa.Column("contact_id", KEY, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("by_kind", sa.String(16), nullable=False),
        sa.Column("by_id", KEY, nullable=True),
        sa.Column("by_name", sa.Text(), nullable=True),
        sa.Column("conversation_id", KEY, nullable=True),
        sa.Column("message_id", KEY, nullable=True),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("version", sa.String(40), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("mime_type", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_consent_record_contact_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_consent_record_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_consent_record_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_record")),
    )
    op.create_index("ix_consent_record_contact", "consent_record", ["contact_id", "id"])
    op.create_index(op.f("ix_consent_record_sha256"), "consent_record", ["sha256"])
    for purpose, column in (
        ("collection", "opted_out_at"),
        ("marketing", "opted_out_at"),
        ("marketing", "marketing_stopped_at"),
    ):
        op.execute(_KNOWN.format(purpose=purpose, column=column))


def downgrade() -> None:
    """Take it away."""
    op.drop_table("consent_record")
