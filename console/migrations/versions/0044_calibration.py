"""A drawn conversation may be reviewed by several people apart from each other, who then agree."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One seat for each of them."""
    op.create_table(
        "quality_calibration",
        sa.Column("pick_id", KEY, autoincrement=False, nullable=False),
        sa.Column("form_version", KEY, nullable=False),
        sa.Column("opened_by", KEY, nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("agreed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["pick_id"], ["quality_pick.id"], name=op.f("fk_quality_calibration_pick_id")),
        sa.ForeignKeyConstraint(
            ["form_version"], ["quality_form.version"], name=op.f("fk_quality_calibration_form_version")
        ),
        sa.ForeignKeyConstraint(["opened_by"], ["agent.id"], name=op.f("fk_quality_calibration_opened_by")),
        sa.PrimaryKeyConstraint("pick_id", name=op.f("pk_quality_calibration")),
    )
    op.create_index(op.f("ix_quality_calibration_agreed_at"), "quality_calibration", ["agreed_at"])
    op.create_table(
        "quality_seat",
        sa.Column("pick_id", KEY, nullable=False),
        sa.Column("reviewer_id", KEY, nullable=False),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("score", KEY, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["pick_id"], ["quality_calibration.pick_id"], name=op.f("fk_quality_seat_pick_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["agent.id"], name=op.f("fk_quality_seat_reviewer_id")),
        sa.PrimaryKeyConstraint("pick_id", "reviewer_id", name=op.f("pk_quality_seat")),
    )
    op.create_index(op.f("ix_quality_seat_reviewer_id"), "quality_seat", ["reviewer_id"])


def downgrade() -> None:
    """One review by one person; what was agreed stays."""
    op.drop_table("quality_seat")
    op.drop_table("quality_calibration")
