"""The facts of the reports, which follow the history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from console.db import BigKey, UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KINDS: dict[type, Any] = {int: BigKey, str: sa.Text(), date: sa.Date(), datetime: UTCDateTime(), bool: sa.Boolean()}
# Table: its key, its columns (a question mark: may be empty), its indexes.
TABLES: dict[str, tuple[list[str], dict[str, type | tuple[type, None]], list[list[str]]]] = {
    "report_cursor": (
        ["id"],
        {"id": int, "entry_id": int, "zone": str, "next_close_at": (datetime, None), "read_at": (datetime, None)},
        [],
    ),
    "report_talk": (
        ["day", "conversation_id", "hour", "author", "agent_id"],
        {"day": date, "conversation_id": int, "hour": int, "author": str, "agent_id": int, "n": int},
        [],
    ),
    "report_answer": (
        ["message_id"],
        {
            "message_id": int,
            "day": date,
            "hour": int,
            "conversation_id": int,
            "agent_id": int,
            "is_first": bool,
            "asked_at": datetime,
            "answered_at": datetime,
            "calendar_s": int,
            "business_s": int,
        },
        [["day"], ["conversation_id"]],
    ),
    "report_spell": (
        ["message_id"],
        {
            "message_id": int,
            "day": date,
            "hour": int,
            "conversation_id": int,
            "sequence": int,
            "agent_id": int,
            "opened_at": datetime,
            "closed_at": datetime,
            "calendar_s": int,
            "business_s": int,
            "by_bot": bool,
            "by_person": bool,
        },
        [["day"], ["conversation_id", "sequence"]],
    ),
    "report_template": (
        ["message_id"],
        {
            "message_id": int,
            "day": date,
            "hour": int,
            "conversation_id": int,
            "agent_id": int,
            "template": str,
            "sent_at": datetime,
            "replied": bool,
        },
        [["day"], ["conversation_id", "sent_at"]],
    ),
    "report_fate": (
        ["message_id"],
        {
            "message_id": int,
            "day": date,
            "conversation_id": int,
            "agent_id": int,
            "status": str,
            "error_code": (int, None),
            "charged": (str, None),
        },
        [["day"]],
    ),
    "report_recovery": (
        ["payment_id"],
        {
            "payment_id": int,
            "day": date,
            "hour": int,
            "account_id": int,
            "conversation_id": (int, None),
            "state": str,
            "agent_id": int,
            "template": (str, None),
        },
        [["day"]],
    ),
    "report_account": (
        ["account_id"],
        {"account_id": int, "state": str, "balance_minor": int, "status": str},
        [],
    ),
    "report_month": (
        ["closed_on", "account_id"],
        {"closed_on": date, "account_id": int, "state": str, "balance_minor": int, "status": str},
        [],
    ),
    "report_rate": (["category"], {"category": str, "price_micro": int, "version": int, "updated_at": datetime}, []),
    "report_subscriber": (
        ["agent_id"],
        {"agent_id": int, "told_on": (date, None), "claimed_until": (datetime, None), "created_at": datetime},
        [],
    ),
}


def upgrade() -> None:
    """Make them, empty: the background work fills them from the history."""
    for table, (key, columns, indexes) in TABLES.items():
        op.create_table(
            table,
            *(
                sa.Column(
                    name,
                    _KINDS[kind[0] if isinstance(kind, tuple) else kind],
                    nullable=isinstance(kind, tuple),
                    autoincrement=False,
                )
                for name, kind in columns.items()
            ),
            sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        )
        for each in indexes:
            op.create_index(f"ix_{table}_{each[0].removesuffix('_id')}", table, each)


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)
