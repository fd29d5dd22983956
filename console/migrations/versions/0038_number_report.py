"""What the Cloud API says about our number, and since when its quality is what it is."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from console.audit import instant
from console.db import Json, UTCDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHANNELS = sa.table("channel", sa.column("id", KEY), sa.column("quality_since", UTCDateTime()))
HISTORY = sa.table(
    "audit_entry",
    *(sa.column(name) for name in ("id", "at_us", "action", "subject", "old", "new")),
)


def upgrade() -> None:
    """The history knows since when the quality is what it is."""
    op.create_table(
        "number_report",
        sa.Column("channel_id", KEY, autoincrement=False, nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=True),
        sa.Column("status", sa.String(32), nullable=True),
        sa.Column("name_status", sa.String(32), nullable=True),
        sa.Column("can_send", sa.String(32), nullable=True),
        sa.Column("throughput", sa.String(32), nullable=True),
        sa.Column("token_valid", sa.Boolean(), nullable=True),
        sa.Column("token_expires_at", UTCDateTime(), nullable=True),
        sa.Column("profile", Json(), nullable=False),
        sa.Column("failed_at", UTCDateTime(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("warned_at", UTCDateTime(), nullable=True),
        sa.Column("bad_signature_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_number_report_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_number_report")),
    )
    op.add_column("channel", sa.Column("quality_since", UTCDateTime(), nullable=True))
    for (number,) in op.get_bind().execute(sa.select(CHANNELS.c.id)).all():
        since = _since(f"channel:{number}")
        if since is not None:
            at = instant(since)
            op.execute(sa.update(CHANNELS).where(CHANNELS.c.id == number).values(quality_since=at))


def _since(subject: str) -> int | None:
    told = sa.select(HISTORY.c.at_us, HISTORY.c.old, HISTORY.c.new).where(
        HISTORY.c.action == "channel.updated", HISTORY.c.subject == subject
    )
    for at_us, old, new in op.get_bind().execute(told.order_by(HISTORY.c.id.desc())):
        before, after = json.loads(old or "{}"), json.loads(new or "{}")
        if "quality" in after and after["quality"] != before.get("quality"):
            return int(at_us)
    return None


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("channel") as table:
        table.drop_column("quality_since")
    op.drop_table("number_report")
