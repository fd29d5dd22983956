"""Quality: what a review asks, the weekly samples, and the reviews."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What collections reviews look at the world over (identification, right party, tone, disclosure, next step).
CRITERIA = [
    ("identification", "Identificación", "Dijo quién es y de qué empresa escribe.", 20),
    ("right_party", "Titular", "Confirmó que habla con la persona titular antes de hablar de la deuda.", 25),
    ("tone", "Trato", "Respetuoso, claro y sin presionar.", 20),
    ("disclosure", "Información", "Dijo montos y plazos correctos, y no dio datos a terceros.", 20),
    ("next_step", "Siguiente paso", "Cerró con un acuerdo, una fecha o lo que sigue.", 15),
]


def upgrade() -> None:
    """Their tables, and the usual form."""
    form = op.create_table(
        "quality_form",
        sa.Column("version", KEY, autoincrement=False, nullable=False),
        sa.Column("per_week", KEY, nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_quality_form")),
    )
    usual = [dict(zip(("key", "label", "guide", "weight"), one, strict=True)) for one in CRITERIA]
    op.execute(
        sa.insert(form).values(
            version=1, per_week=3, criteria=json.dumps(usual), created_at=sa.func.current_timestamp()
        )
    )
    op.create_table(
        "quality_draw",
        sa.Column("agent_id", KEY, nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(32), nullable=False),
        sa.Column("form_version", KEY, nullable=False),
        sa.Column("found", KEY, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_quality_draw_agent_id")),
        sa.ForeignKeyConstraint(["form_version"], ["quality_form.version"], name=op.f("fk_quality_draw_form_version")),
        sa.PrimaryKeyConstraint("agent_id", "week_on", name=op.f("pk_quality_draw")),
    )
    op.create_table(
        "quality_pick",
        sa.Column("id", KEY, nullable=False),
        sa.Column("agent_id", KEY, nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_quality_pick_agent_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_quality_pick_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_pick")),
        sa.UniqueConstraint("agent_id", "conversation_id", name=op.f("uq_quality_pick_agent_id_conversation_id")),
    )
    op.create_index("ix_quality_pick_conversation", "quality_pick", ["conversation_id"])
    op.create_table(
        "quality_review",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pick_id", KEY, nullable=False),
        sa.Column("form_version", KEY, nullable=False),
        sa.Column("reviewer_id", KEY, nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("score", KEY, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["pick_id"], ["quality_pick.id"], name=op.f("fk_quality_review_pick_id")),
        sa.ForeignKeyConstraint(
            ["form_version"], ["quality_form.version"], name=op.f("fk_quality_review_form_version")
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["agent.id"], name=op.f("fk_quality_review_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_review")),
        sa.UniqueConstraint("pick_id", name=op.f("uq_quality_review_pick_id")),
    )


def downgrade() -> None:
    """Nobody is reviewed."""
    for table in ("quality_review", "quality_pick", "quality_draw", "quality_form"):
        op.drop_table(table)
