"""A copy of PostgreSQL as its own tools write it, and the way back: in one transaction, judged before it counts.

pg_restore by itself cannot do that. It commits before anybody has looked, and it fails where the schema has grown since
the copy was made: a table of a later release holds on to those that are to be replaced.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO, Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from console.db import Base, Tx

LOCK_SECONDS = 10
GOODBYE_SECONDS = 3.0
"""How long a process that has just ended may still be seen by the server."""
_COPY = re.compile(rb'COPY "?(\w+)"?\."?(\w+)"? \((.+)\) FROM stdin;\n')
_RIGHT = re.compile(rb'(?:GRANT|REVOKE) .+ (?:TO|FROM) "?(\w+)"?(?: WITH GRANT OPTION)?;\n')
# Orders to psql, and a setting that older servers do not know.
_NOT_FOR_US = (b"\\restrict ", b"\\unrestrict ", b"SET transaction_timeout ")
_PIECE = 256 * 1024
# Who holds an advisory lock is ourselves, who are to be the only one.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'aldia'"
    " AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
)
# Ours, and whatever a later release hung on them.
_OURS = text(
    "WITH RECURSIVE ours AS ("
    " SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    " AND c.relname = ANY(:names)"
    " UNION SELECT k.conrelid FROM pg_constraint k JOIN ours ON k.confrelid = ours.oid AND k.contype = 'f')"
    " SELECT oid::regclass::text FROM ours"
)


class Unusable(Exception):  # noqa: N818 read aloud by the command line
    """The copy cannot be made or read; the text says why and how to mend it."""


def dump(url: str, to: Path) -> None:
    """Write a consistent copy of the database to `to`, while it is used."""
    done = subprocess.run(  # noqa: S603 our own arguments
        [_tool("pg_dump"), "--no-password", "--format=custom", f"--file={to}"],
        env=os.environ | _libpq(make_url(url)),
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise Unusable(f"pg_dump no pudo: {_why(done.stderr)}")


async def put_back(url: str, copy: Path, judge: Callable[[Tx], Awaitable[None]]) -> None:
    """Replace what is there by the copy, in one transaction that `judge` ends by raising. Nobody else may be at it.

    Rights that the copy gives to roles that are not here are left out.
    """
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await _alone(connection)
            async with connection.begin():
                await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
                await _replace(connection, copy)
                await connection.execute(text("RESET search_path"))
                async with AsyncSession(bind=connection, expire_on_commit=False) as tx:
                    await judge(tx)
                    await tx.flush()
    except (DBAPIError, asyncpg.PostgresError) as refused:
        if "LockNotAvailable" in f"{type(refused).__name__} {refused}":
            raise Unusable("Alguien usa las tablas todavía: detenga aldia serve y aldia work.") from refused
        raise Unusable(f"PostgreSQL no aceptó la copia, y todo quedó como estaba: {_why(str(refused))}") from refused
    finally:
        await engine.dispose()


async def _alone(connection: AsyncConnection) -> None:
    """A process that serves meanwhile would send again what was waiting when the copy was made."""
    others, end = 1, asyncio.get_running_loop().time() + GOODBYE_SECONDS
    while others:
        others = await connection.scalar(_OTHERS) or 0
        await connection.rollback()
        if others and asyncio.get_running_loop().time() > end:
            raise Unusable("Al Día sigue en marcha en esta base de datos: detenga aldia serve y aldia work.")
        await asyncio.sleep(0.1 if others else 0)


async def _replace(connection: AsyncConnection, copy: Path) -> None:
    # Every table must be known: only then is it replaced.
    from console import app  # noqa: F401, PLC0415 heavy, and its rooms bring their tables

    roles = {name.encode() for name in await connection.scalars(text("SELECT rolname FROM pg_roles"))} | {b"PUBLIC"}
    ours = (await connection.scalars(_OURS, {"names": ["alembic_version", *Base.metadata.tables]})).all()
    if ours:
        await connection.execute(text(f"DROP TABLE {', '.join(ours)} CASCADE"))
    server: asyncpg.Connection[Any] = (await connection.get_raw_connection()).driver_connection
    command = [_tool("pg_restore"), "--clean", "--if-exists", "--no-owner", "--file=-", str(copy)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:  # noqa: ASYNC220, S603 nobody else waits
        assert tool.stdout is not None  # noqa: S101 as asked
        assert tool.stderr is not None  # noqa: S101 as asked
        await _replay(server, tool.stdout, roles)
        said = tool.stderr.read().decode(errors="replace")
    if tool.returncode:
        raise Unusable(f"pg_restore no pudo: {_why(said)}")


async def _replay(server: asyncpg.Connection[Any], script: IO[bytes], roles: set[bytes]) -> None:
    """Say to the server what the script says; rows go as they are, some at a time."""
    statements: list[bytes] = []
    for line in script:
        rows, right = _COPY.fullmatch(line), _RIGHT.fullmatch(line)
        if rows is not None:
            await _say(server, statements)
            columns = [name.strip().strip('"') for name in rows[3].decode().split(",")]
            await server.copy_to_table(
                rows[2].decode(), schema_name=rows[1].decode(), columns=columns, source=_rows(script), format="text"
            )
        elif not line.startswith(_NOT_FOR_US) and (right is None or right[1] in roles):
            statements.append(line)
    await _say(server, statements)


async def _say(server: asyncpg.Connection[Any], statements: list[bytes]) -> None:
    # The driver trips over an answer to remarks alone.
    if any(line.strip() and not line.startswith(b"--") for line in statements):
        await server.execute(b"".join(statements).decode())
    statements.clear()


async def _rows(script: IO[bytes]) -> AsyncIterator[bytes]:
    for piece in _pieces(script):
        yield piece


def _pieces(script: IO[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for line in script:
        if line == b"\\.\n":
            break
        piece += line
        if len(piece) > _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _tool(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise Unusable(f"Falta {name}: instale las herramientas de cliente de PostgreSQL en esta máquina.")
    return program


def _why(said: str) -> str:
    """The line that names the trouble; pg_restore adds the order it was at, and drivers the statement."""
    lines = [line for line in said.strip().splitlines() if line.strip()] or ["sin explicación"]
    return next((line for line in lines if "error:" in line), lines[0])[:300]


def _libpq(url: URL) -> dict[str, str]:
    """The connection for PostgreSQL's own tools, in the environment: other users can read a command line."""
    host = url.host or url.query.get("host")
    named = {
        "PGHOST": host if isinstance(host, str) else None,
        "PGPORT": str(url.port or url.query.get("port") or 5432),
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
    }
    return {name: value for name, value in named.items() if value}
