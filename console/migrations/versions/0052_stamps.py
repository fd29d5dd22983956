"""Seals are stamped by a time-stamping authority (RFC 3161); what it said is kept beside them, and cannot be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_NO = "the history cannot be changed"


def upgrade() -> None:
    """Seals that are there are stamped later: the newest first."""
    op.create_table(
        "audit_stamp",
        sa.Column("seal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("authority", sa.String(200), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("accuracy_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["audit_seal.id"], name="fk_audit_stamp_seal_id"),
        sa.PrimaryKeyConstraint("seal_id", name="pk_audit_stamp"),
    )
    op.add_column("seal_keeper", sa.Column("trouble", sa.String(24), nullable=True))
    op.execute("INSERT INTO seal_keeper (place, seal_id) VALUES ('authority', 0)")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER audit_stamp_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_stamp "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_history()",
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_stamp_no_{verb.lower()} BEFORE {verb} ON audit_stamp "
            f"BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
        )


def downgrade() -> None:
    """The history is never given up."""
    raise NotImplementedError("the history is never given up")
