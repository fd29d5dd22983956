"""Telling other programs: who wants to be told, and each event for each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "webhook_subscription",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", Json(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("cursor", BIG, nullable=False),
        sa.Column("failing_since", UTCDateTime(), nullable=True),
        sa.Column("made_by", BIG, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["agent.id"], name=op.f("fk_webhook_subscription_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscription")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subscription_id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("last_status", BIG, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["webhook_subscription.id"], name=op.f("fk_webhook_delivery_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("subscription_id", "entry_id", name=op.f("uq_webhook_delivery_subscription_id_entry_id")),
    )
    for name, columns in (("lane", ["subscription_id", "lane", "id"]), ("due", ["due_at", "id"])):
        waiting = sa.text("state = 'waiting'")
        op.create_index(
            f"ix_webhook_delivery_{name}",
            "webhook_delivery",
            columns,
            sqlite_where=waiting,
            postgresql_where=waiting,
        )


def downgrade() -> None:
    """Forget who was to be told, and of what."""
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_subscription")
