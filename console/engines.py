"""How a process is connected to its database: the engines of SQLite and of PostgreSQL, and what each is told first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from console.lanes import Lane, PostgresLane, SqliteReadLane, SqliteWriteLane
from console.sqlite_thread import engine_at_once

# An idle transaction holds locks; a lost network must not hold a request (reliability.md F12, F16).
POSTGRES_OPTIONS: dict[str, Any] = {
    # No statement of ours takes a tenth of it; what takes longer waits for a network that swallows everything.
    "command_timeout": 5,
    "timeout": 5,
    "server_settings": {
        "application_name": "aldia",
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": "30000",
        "lock_timeout": "4000",
        "timezone": "UTC",
    },
}
WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # FULL: an acknowledged commit survives power loss; with group commit it costs next to nothing.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cache_size=-65536",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA temp_store=MEMORY",
)
READER_PRAGMAS = ("PRAGMA busy_timeout=5000", "PRAGMA query_only=1", "PRAGMA cache_size=-16384")


def of_postgres(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """A writer and a reader that cannot write, each with connections of its own: slow pages hold up no delivery."""
    told = POSTGRES_OPTIONS["server_settings"]
    reading = {**POSTGRES_OPTIONS, "server_settings": {**told, "default_transaction_read_only": "on"}}
    how: dict[str, Any] = {"pool_timeout": 5, "pool_pre_ping": True}
    writer = create_async_engine(url, pool_size=5, max_overflow=2, connect_args=dict(POSTGRES_OPTIONS), **how)
    reader = create_async_engine(url, pool_size=5, max_overflow=6, connect_args=reading, **how)
    return writer, reader


def of_sqlite(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """A writer with one connection, where every transaction begins IMMEDIATE, and readers that cannot write.

    Deferred transactions lose updates or fail at once when they turn into writers; only the writer checkpoints.
    """
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=30)
    reader = create_async_engine(url, pool_size=4, max_overflow=4, pool_timeout=5)
    _tame(writer, "BEGIN IMMEDIATE", WRITER_PRAGMAS)
    _tame(reader, "BEGIN DEFERRED", READER_PRAGMAS)
    return writer, reader


class Lanes(NamedTuple):
    """Where units of work of each kind take place."""

    write: Lane
    read: Lane
    snapshot: Lane
    """For what reads with many statements that must agree."""


def lanes_of_sqlite(url: str, known: Mapping[str, Any]) -> Lanes:
    """A second writer, which takes turns with the first, and a reader, each of whose units sees one state anyway.

    `known`: what their units of work know besides, in `Tx.info`.
    """
    writer, reader = engine_at_once(url), engine_at_once(url)
    # The lane asks for the lock again and again: SQLite would have the event loop sleep for it.
    _at_connecting(writer, (*WRITER_PRAGMAS, "PRAGMA busy_timeout=0"))
    _at_connecting(reader, READER_PRAGMAS)
    reading = SqliteReadLane(reader, known)
    return Lanes(SqliteWriteLane(writer, known), reading, reading)


def lanes_of_postgres(writer: AsyncEngine, reader: AsyncEngine, known: Mapping[str, Any]) -> Lanes:
    """Connections of the same pools; a lane for each kind, so that no page is in a delivery's way."""
    snapshot = PostgresLane(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", known)
    return Lanes(PostgresLane(writer, "BEGIN", known), PostgresLane(reader, "", known), snapshot)


def _tame(engine: AsyncEngine, begin: str, pragmas: Sequence[str]) -> None:
    _at_connecting(engine, pragmas)

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:  # noqa: ANN401
        connection.exec_driver_sql(begin)


def _at_connecting(engine: AsyncEngine, pragmas: Sequence[str]) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()
