"""Roles of the business's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALIVE = sa.text("retired_at IS NULL")


def upgrade() -> None:
    """Everybody keeps the built-in role they have. SQLite takes the new column with its key, and copies no table."""
    op.create_table(
        "own_role",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base", sa.String(16), nullable=False),
        sa.Column("deeds", Json(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("retired_at", UTCDateTime(), nullable=True),
        sa.Column("version", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_role")),
    )
    op.create_index(
        op.f("uq_own_role_name"), "own_role", ["name"], unique=True, sqlite_where=ALIVE, postgresql_where=ALIVE
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE agent ADD COLUMN own_role_id INTEGER CONSTRAINT fk_agent_own_role_id REFERENCES own_role (id)"
        )
    else:
        op.add_column("agent", sa.Column("own_role_id", KEY, nullable=True))
        op.create_foreign_key(op.f("fk_agent_own_role_id"), "agent", "own_role", ["own_role_id"], ["id"])
    op.create_index(op.f("ix_agent_own_role_id"), "agent", ["own_role_id"])


def downgrade() -> None:
    """Whoever holds one has its base from now on."""
    op.drop_index(op.f("ix_agent_own_role_id"), table_name="agent")
    with op.batch_alter_table("agent") as table:
        table.drop_constraint(op.f("fk_agent_own_role_id"), type_="foreignkey")
        table.drop_column("own_role_id")
    op.drop_table("own_role")
