"""The schema's history, and how a database is brought to the newest form."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

HERE = Path(__file__).parent
# Any constant will do, as long as every host uses the same one.
_ADVISORY_LOCK = 4_125_030_151
LOCK_NOT_AVAILABLE = "55P03"


LOCK_SECONDS, LOCK_TRIES, LET_THROUGH = 3, 20, 1.0
"""How long a step waits for a table that somebody uses: all traffic stands behind it meanwhile. Then that goes first."""


async def migrate(url: str) -> bool:
    """Bring the database at `url` to the newest schema. Safe to run twice, from two hosts at once, and after kill -9.

    False for a database of a later release, which serves beside this one for a while: it is left as it is.
    Each step is one transaction. Raises what the database says when a table is in use after LOCK_TRIES tries.
    """
    engine = create_async_engine(url)
    is_postgres = engine.dialect.name == "postgresql"
    if not is_postgres:
        _begin_for_ddl(engine)
    try:
        async with engine.connect() as connection:
            if is_postgres:
                await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
                await connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
                await connection.commit()
            is_ours = await _upgrade_beside_traffic(connection)
            if is_postgres:
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
    finally:
        await engine.dispose()
    return is_ours


def _begin_for_ddl(engine: AsyncEngine) -> None:
    """Python's driver begins transactions for rows alone: a table that was made would stay when the rest fails."""

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: object) -> None:  # noqa: ANN401 the driver's
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _upgrade_beside_traffic(connection: AsyncConnection) -> bool:
    for tries in itertools.count(1):
        try:
            is_ours = await connection.run_sync(_upgrade)
            await connection.commit()
        except DBAPIError as failure:
            await connection.rollback()
            if tries == LOCK_TRIES or getattr(failure.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            await asyncio.sleep(LET_THROUGH)
        else:
            return is_ours
    raise AssertionError("counting has no end")


def configuration(connection: Connection | None = None, **attributes: Any) -> Config:  # noqa: ANN401
    """Alembic's configuration, with no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes.update(attributes, connection=connection)
    return config


def heads_of(connection: Connection) -> tuple[str, ...]:
    """The steps a database has come to."""
    return MigrationContext.configure(connection).get_current_heads()


def is_newer(script: ScriptDirectory, head: str) -> bool:
    """Whether a step is one that this release has never heard of."""
    try:
        script.get_revision(head)
    except CommandError:
        return True
    return False


def _upgrade(connection: Connection) -> bool:
    script, heads = ScriptDirectory.from_config(configuration()), heads_of(connection)
    # Looking began a transaction; each step is to have one of its own.
    connection.rollback()
    if any(is_newer(script, head) for head in heads):
        return False
    command.upgrade(configuration(connection), "head")
    return True
