"""What the migrations make is what the models say: whoever writes the next one finds nothing but their own change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import console
from console.db import Base, Database

ROOT = Path(console.__file__).parent


def test_every_module_with_a_table_is_known_to_the_migrations() -> None:
    written = (ROOT / "migrations" / "env.py").read_text(encoding="utf-8")
    known = set(re.findall(r"^import (console\.\S+)", written, re.MULTILINE))
    tables = {
        ".".join(("console", *path.relative_to(ROOT).with_suffix("").parts))
        for path in ROOT.rglob("*.py")
        if re.search(r"^class \w+\(Base\):$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert tables - known == set()


async def test_a_revision_that_is_generated_now_is_empty(database: Database) -> None:
    def ours(_item: object, name: str | None, kind: str, is_in_database: bool, _other: object) -> bool:
        # The index of words is made by hand for each database, and no model describes it (migration 0007).
        return not (is_in_database and kind in {"table", "index"} and "words" in str(name) and "search" in str(name))

    def differences(session: Any) -> list[Any]:
        options = {"compare_type": False, "include_object": ours}
        context = MigrationContext.configure(session.connection(), opts=options)
        return list(compare_metadata(context, Base.metadata))

    async with database.reading() as tx:
        found = await tx.run_sync(differences)
    assert not found, "\n".join(map(str, found))
