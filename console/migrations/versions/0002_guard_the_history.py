"""The history can only grow: its first head, and triggers that refuse to change or remove an entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NO = "the history cannot be changed"


def upgrade() -> None:
    """Put the head in place and the guards around the entries."""
    head = sa.table("audit_head", *(sa.column(name) for name in ("id", "entry_id", "hash", "mac")))
    op.bulk_insert(head, [{"id": 1, "entry_id": 0, "hash": "0" * 64, "mac": "0" * 64}])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """The history is never given up."""
    raise NotImplementedError("the history is never given up")


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{verb.lower()} BEFORE {verb} ON audit_entry "
            f"BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
        )
    op.execute(
        f"CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
    )
    op.execute(
        "CREATE TRIGGER audit_head_only_grows BEFORE UPDATE ON audit_head "
        f"WHEN NEW.entry_id <= OLD.entry_id BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_to_change_the_history() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_NO}'; END $$",
    )
    op.execute(
        "CREATE TRIGGER audit_entry_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_history()",
    )
    op.execute(
        "CREATE TRIGGER audit_head_guard BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_history()",
    )
    op.execute(
        "CREATE TRIGGER audit_head_only_grows BEFORE UPDATE ON audit_head FOR EACH ROW "
        "WHEN (NEW.entry_id <= OLD.entry_id) EXECUTE FUNCTION refuse_to_change_the_history()",
    )
