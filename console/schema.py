"""Whether the database has the tables this program expects."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from console import migrations
from console.db import Database, Tx
from console.settings import Settings


async def migrate(url: str) -> bool:
    """Bring the database at `url` to the newest schema; on SQLite one process at a time, the others wait for it.

    False for a database of a later release, which is left as it is.
    """
    path = make_url(url).database
    if not url.startswith("sqlite") or not path or path == ":memory:":
        return await migrations.migrate(url)
    with locked(Path(f"{path}.migrating"), wait=True):
        return await migrations.migrate(url)


def lock_of(settings: Settings) -> Path:
    """The file that a serving process holds beside an SQLite database."""
    return Path(f"{make_url(settings.database_url).database}.lock")


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock on `path`, which the system lets go of even after kill -9; BlockingIOError when not to wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


async def is_ready(db: Database) -> bool:
    """Whether everything this program needs was migrated. A newer schema is fine: releases only add at first."""
    async with db.reading() as tx:
        heads = await _heads(tx)
    script = ScriptDirectory.from_config(migrations.configuration())
    return bool(heads) and all(head in script.get_heads() or migrations.is_newer(script, head) for head in heads)


async def is_newest(tx: Tx) -> bool:
    """Whether there is nothing left to migrate."""
    return set(await _heads(tx)) == set(ScriptDirectory.from_config(migrations.configuration()).get_heads())


async def _heads(tx: Tx) -> tuple[str, ...]:
    connection = await tx.connection()
    return await connection.run_sync(migrations.heads_of)
