"""Consent that files of debts bring, kept by number until somebody writes from there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _said() -> list[sa.Column[object]]:
    """What a file says of one number, in both tables."""
    return [
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
    ]


def upgrade() -> None:
    """Files that came before said nothing of it."""
    op.create_table(
        "import_consent",
        sa.Column("id", KEY, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("account_place", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        *_said(),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name="fk_import_consent_batch_id"),
        sa.PrimaryKeyConstraint("id", name="pk_import_consent"),
    )
    op.create_index("ix_import_consent_batch", "import_consent", ["batch_id", "id"])
    op.create_table(
        "imported_consent",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        *_said(),
        sa.Column("stated_at", UTCDateTime(), nullable=False),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("why", sa.String(32), nullable=True),
        sa.Column("noted_at", UTCDateTime(), nullable=True),
        sa.Column("consent_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_imported_consent_account_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name="fk_imported_consent_batch_id"),
        sa.ForeignKeyConstraint(["replaced_by"], ["import_batch.id"], name="fk_imported_consent_replaced_by"),
        sa.ForeignKeyConstraint(["consent_id"], ["consent_record.id"], name="fk_imported_consent_consent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imported_consent"),
    )
    key = ["account_id", "match_key", "channel", "purpose"]
    _index("uq_imported_consent_holding", key, "replaced_by IS NULL", unique=True)
    op.create_index("ix_imported_consent_account_id", "imported_consent", ["account_id"])
    op.create_index("ix_imported_consent_batch_id", "imported_consent", ["batch_id"])
    _index("ix_imported_consent_replaced_by", ["replaced_by"], "replaced_by IS NOT NULL")
    _index("ix_imported_consent_consent_id", ["consent_id"], "consent_id IS NOT NULL")


def _index(name: str, columns: list[str], when: str, *, unique: bool = False) -> None:
    only = sa.text(when)
    op.create_index(name, "imported_consent", columns, unique=unique, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """What was noted of people stays with them; what waited goes."""
    op.drop_table("imported_consent")
    op.drop_table("import_consent")
