"""What the application may do in PostgreSQL when it does not own its tables: everything but change the history.

Triggers refuse such changes on both databases; only an owner may take triggers away. So the owner migrates, and the
console serves under another role.
"""

from __future__ import annotations

import re

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
APPEND_ONLY = ("audit_entry", "audit_seal", "audit_stamp")
MOVING = "audit_head"
READ_ONLY = "alembic_version"


async def grant_to(url: str, role: str) -> None:
    """Give `role`, which exists, what the console needs. Again changes nothing; do it after each migration.

    Raises ValueError for what is no plain role name. `url` signs in as the owner of the tables.
    """
    if not _NAME.fullmatch(role):
        raise ValueError("a role's name has lower-case letters, digits and underscores only")
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            for statement in _statements(role):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


def _statements(role: str) -> list[str]:
    kept = [*APPEND_ONLY, MOVING, READ_ONLY]
    return [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {name} FROM {role}" for name in kept),
        *(f"GRANT INSERT ON {name} TO {role}" for name in APPEND_ONLY),
        f"GRANT UPDATE ON {MOVING} TO {role}",
    ]
