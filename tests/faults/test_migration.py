"""Row D2: a migration killed midway, again and again, and run again each time, ends where one undisturbed does."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from console import migrations, schema
from console.db import Database
from tests.patience import eventually

BEFORE = "0004"
"""A schema whose next steps change the table of conversations."""
STATEMENTS = 199
"""Each run dies before this statement of its own: somewhere within a step, whose lengths have nothing to do with it.

More than the longest step has, or no run would get over that: 152 on SQLite, where 0049 makes a table anew."""
MOST_RUNS = 40
DYING = """
import asyncio, os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from console import schema

left = int(sys.argv[2])

@event.listens_for(Engine, "before_cursor_execute")
def die(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(schema.migrate(sys.argv[1]))
"""


def migrate_until_it_is_through(url: str) -> int:
    """Migrate with kill -9, until a run passes untouched; how many died."""
    for deaths in range(MOST_RUNS):
        ran = subprocess.run(
            [sys.executable, "-c", DYING, url, str(STATEMENTS)], capture_output=True, text=True, timeout=60, check=False
        )
        if ran.returncode == 0:
            return deaths
        assert ran.returncode == -signal.SIGKILL, ran.stderr
    raise AssertionError("a migration that is killed never gets any further")


def test_row_d2_on_sqlite_a_killed_migration_is_taken_up_where_it_was(tmp_path: Path, sqlite_database_url: str) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'killed.db'}"

    assert migrate_until_it_is_through(url) > 1

    assert _schema_of_sqlite(url) == _schema_of_sqlite(sqlite_database_url)


def _schema_of_sqlite(url: str) -> set[tuple[str, str]]:
    engine = create_engine(url.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        # A table that was copied names its constraints in whatever order.
        shape = {(name, " ".join(sorted(sql.replace(",", " ").split()))) for name, sql in found}
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    return shape | {("version", version)}


async def test_row_d2_on_postgresql_a_killed_migration_is_taken_up_where_it_was(
    postgres_url: str, postgres_database_url: str
) -> None:
    async with _database_of(postgres_url, "killed") as killed:
        assert await asyncio.to_thread(migrate_until_it_is_through, killed) > 1

        assert await _schema_of_postgres(killed) == await _schema_of_postgres(postgres_database_url)


async def _schema_of_postgres(url: str) -> set[tuple[object, ...]]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            columns = await connection.execute(
                text(
                    "SELECT table_name, column_name, data_type, is_nullable, column_default"
                    " FROM information_schema.columns WHERE table_schema = 'public'"
                )
            )
            found: set[tuple[object, ...]] = {tuple(row) for row in columns}
            for kind in (
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
                "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
                (
                    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                    " WHERE connamespace = 'public'::regnamespace"
                ),
                "SELECT 'version', version_num FROM alembic_version",
            ):
                found |= {tuple(row) for row in await connection.execute(text(kind))}
            return found
    finally:
        await engine.dispose()


@asynccontextmanager
async def _database_of(server_url: str, name: str) -> AsyncIterator[str]:
    """The URL of an empty database on the tests' server, gone at the end."""
    name = f"aldia_{name}_{os.getpid()}"
    server = make_url(server_url)
    connection = await asyncpg.connect(server.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()


async def test_row_d2_a_migration_that_waits_for_a_table_lets_the_traffic_behind_it_through(postgres_url: str) -> None:
    async with _database_of(postgres_url, "busy") as url:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrations.configuration(sync), BEFORE))
            await connection.commit()
        async with engine.connect() as reader, engine.connect() as traffic:
            await reader.execute(text("SELECT count(*) FROM conversation"))  # and its transaction stays open
            migrating = asyncio.create_task(schema.migrate(url))

            async def stands_behind() -> bool:
                asked = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
                return bool(await traffic.scalar(asked))

            await eventually(stands_behind, within=30)
            async with asyncio.timeout(migrations.LOCK_SECONDS * 3):
                assert await traffic.scalar(text("SELECT count(*) FROM conversation")) == 0
            assert not migrating.done()
            await traffic.rollback()
            await reader.rollback()
            await migrating
        await engine.dispose()
        database = Database(url)
        assert await schema.is_ready(database)
        await database.close()
