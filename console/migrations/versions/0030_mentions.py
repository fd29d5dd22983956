"""Mentions: who is named in which note, and what each has not seen of it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from console.db import Json

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHOICES = sa.table("notification_choice", sa.column("agent_id", WHOLE), sa.column("kinds", Json()))


def upgrade() -> None:
    """Nobody was mentioned yet. Who chose what to be told of is told of mentions too, until they say otherwise."""
    op.create_table(
        "mention",
        sa.Column("message_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("agent_id", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_mention_message_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_mention_agent_id")),
        sa.PrimaryKeyConstraint("message_id", "agent_id", name=op.f("pk_mention")),
    )
    op.create_index(op.f("ix_mention_agent_id"), "mention", ["agent_id"])
    op.add_column("read_mark", sa.Column("mentioned", WHOLE, server_default="0", nullable=False))
    for name, columns, where in (
        ("ix_read_mark_mentioned", ["agent_id", "conversation_id"], "mentioned > 0"),
        ("ix_read_mark_unseen_mention", ["agent_id", "conversation_id"], "mentioned > sequence"),
    ):
        condition = sa.text(where)
        op.create_index(name, "read_mark", columns, sqlite_where=condition, postgresql_where=condition)
    _tell(lambda kinds: [*kinds, "mention"])


def downgrade() -> None:
    """Nobody is mentioned any more; the notes say what they said."""
    _tell(lambda kinds: [kind for kind in kinds if kind != "mention"])
    op.drop_index("ix_read_mark_unseen_mention", table_name="read_mark")
    op.drop_index("ix_read_mark_mentioned", table_name="read_mark")
    with op.batch_alter_table("read_mark") as batch:
        batch.drop_column("mentioned")
    op.drop_table("mention")


def _tell(change: Callable[[list[str]], list[str]]) -> None:
    rows = op.get_bind().execute(sa.select(CHOICES.c.agent_id, CHOICES.c.kinds)).all()
    for agent_id, kinds in rows:
        op.execute(sa.update(CHOICES).where(CHOICES.c.agent_id == agent_id).values(kinds=change(kinds)))
