"""Databases for the tests: migrated once a session, then copied for each test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.engine import make_url

from console.migrations import migrate

Result = TypeVar("Result")


class PostgresCopies:
    """Copies of one migrated database on the server at `url`, whose user may create databases."""

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        # Several runs, and several processes of one run, may share a server.
        self._prefix = f"aldia_test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{os.getpid()}"
        self._numbers = itertools.count(1)
        # A connection costs the server a process, which two orders for each test need not.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="databases")
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection[Any] | None = None

    def prepare(self) -> None:
        """Make and migrate the database that the others are copies of."""
        self._say(f'CREATE DATABASE "{self._prefix}"')
        apart(migrate(self._url_of(self._prefix)))

    def drop(self) -> None:
        """Remove what `prepare` made."""
        self._say(f'DROP DATABASE IF EXISTS "{self._prefix}" WITH (FORCE)')
        self.hang_up()

    def hang_up(self) -> None:
        """Leave the server as it is; for whose server is gone before the end."""
        self._thread.submit(self._runner.run, self._hang_up()).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    @contextlib.contextmanager
    def one(self) -> Iterator[str]:
        """The URL of a fresh copy, which is dropped at the end even if somebody is still connected."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{self._prefix}" STRATEGY file_copy')
        try:
            yield self._url_of(name)
        finally:
            self._say(f'DROP DATABASE "{name}" WITH (FORCE)')

    @property
    def master(self) -> str:
        """The URL of what the others are copies of."""
        return self._url_of(self._prefix)

    def _url_of(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)

    def _say(self, sql: str) -> None:
        # A browser test keeps its own thread's event loop running throughout.
        self._thread.submit(self._runner.run, self._order(sql)).result()

    async def _order(self, sql: str) -> None:
        if self._connection is None or not await _lives(self._connection):
            plain = self._server.set(drivername="postgresql").render_as_string(hide_password=False)
            self._connection = await asyncpg.connect(plain)
        await self._connection.execute(sql)

    async def _hang_up(self) -> None:
        if self._connection is not None and await _lives(self._connection):
            await self._connection.close()


async def _lives(connection: asyncpg.Connection[Any]) -> bool:
    """Whether anybody is there still: between two orders nobody hears that a test has stopped or killed the server."""
    try:
        await connection.execute("SELECT 1")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
        return False
    return True


class SqliteCopies:
    """Copies of one migrated SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._master = folder / "migrated.db"

    def prepare(self) -> None:
        """Make and migrate the file that the others are copies of."""
        apart(migrate(f"sqlite+aiosqlite:///{self._master}"))

    def one(self, folder: Path) -> str:
        """The URL of a fresh copy in `folder`."""
        return f"sqlite+aiosqlite:///{shutil.copyfile(self._master, folder / 'aldia.db')}"


def apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread of its own: a browser test keeps this thread's event loop running throughout."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
