"""Targets: how soon people are to be answered, and the clocks of each conversation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import UTCDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLOCKS = (
    "opened_at",
    "answered_at",
    "answer_warns_at",
    "answer_due_at",
    "answer_tells_at",
    "resolution_warns_at",
    "resolution_due_at",
    "resolution_tells_at",
)
RUNS = ("answer", "resolution")
# Minutes of business time until the warning and until it is late; a working day is ten hours.
USUAL = {"first": (7, 10), "next": (10, 15), "resolution": (1200, 1800)}


def upgrade() -> None:
    """The usual targets for everybody, until the business says otherwise. Clocks begin with what comes next."""
    table = op.create_table(
        "target",
        sa.Column("team_id", KEY, autoincrement=False, nullable=False),
        sa.Column("account_state", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("warns_minutes", KEY, nullable=False),
        sa.Column("due_minutes", KEY, nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "account_state", "kind", name=op.f("pk_target")),
    )
    moment = sa.func.current_timestamp()
    for kind, (warns, due) in USUAL.items():
        op.execute(
            sa.insert(table).values(
                team_id=0, account_state="", kind=kind, warns_minutes=warns, due_minutes=due, updated_at=moment
            )
        )
    for name in CLOCKS:
        op.add_column("conversation", sa.Column(name, UTCDateTime(), nullable=True))
    for name in RUNS:
        runs = sa.text(f"{name}_due_at IS NOT NULL")
        columns = [f"{name}_warns_at", f"{name}_due_at", "team_id", "holder_id", "id"]
        op.create_index(
            f"ix_conversation_{name}_clock", "conversation", columns, sqlite_where=runs, postgresql_where=runs
        )
        tells = sa.text(f"{name}_tells_at IS NOT NULL")
        op.create_index(
            f"ix_conversation_{name}_tells",
            "conversation",
            [f"{name}_tells_at"],
            sqlite_where=tells,
            postgresql_where=tells,
        )


def downgrade() -> None:
    """Nobody is late."""
    for name in RUNS:
        op.drop_index(f"ix_conversation_{name}_tells", table_name="conversation")
        op.drop_index(f"ix_conversation_{name}_clock", table_name="conversation")
    with op.batch_alter_table("conversation") as batch:
        for name in CLOCKS:
            batch.drop_column(name)
    op.drop_table("target")
