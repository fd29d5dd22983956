"""Seals of the history, which can only grow as it does, and how far each keeper of copies has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NO = "the history cannot be changed"


def upgrade() -> None:
    """Add the tables, and guards like those of the entries."""
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_seal"),
        sa.UniqueConstraint("last_id", name="uq_audit_seal_last_id"),
    )
    keepers = op.create_table(
        "seal_keeper",
        sa.Column("place", sa.String(16), nullable=False),
        sa.Column("seal_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("place", name="pk_seal_keeper"),
    )
    op.bulk_insert(keepers, [{"place": place, "seal_id": 0, "at": None} for place in ("sealing", "file", "mail")])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER audit_seal_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_history()",
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_seal_no_{verb.lower()} BEFORE {verb} ON audit_seal "
            f"BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
        )


def downgrade() -> None:
    """The history is never given up."""
    raise NotImplementedError("the history is never given up")
