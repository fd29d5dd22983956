"""Ready texts under `/`, and how often each agent uses them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned_text",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("owner_id", WHOLE, nullable=True),
        sa.Column("team_id", WHOLE, nullable=True),
        sa.Column("used", WHOLE, nullable=False),
        sa.Column("retired_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["agent.id"], name=op.f("fk_canned_text_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_canned_text_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_text")),
    )
    op.create_index("uq_canned_text_name", "canned_text", ["name_key", "scope"], unique=True)
    op.create_table(
        "canned_use",
        sa.Column("agent_id", WHOLE, nullable=False),
        sa.Column("canned_id", WHOLE, nullable=False),
        sa.Column("n", WHOLE, nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_canned_use_agent_id")),
        sa.ForeignKeyConstraint(["canned_id"], ["canned_text.id"], name=op.f("fk_canned_use_canned_id")),
        sa.PrimaryKeyConstraint("agent_id", "canned_id", name=op.f("pk_canned_use")),
    )


def downgrade() -> None:
    op.drop_table("canned_use")
    op.drop_table("canned_text")
