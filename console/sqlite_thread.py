"""SQLite without hops: a whole unit of work on one thread of its own, on a driver that answers at once.

The driver for event loops hands every statement to a thread and back, which costs more than most statements do. Here
the unit itself goes to the thread. It is written like any other, but may wait for nothing besides its database.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import StaticPool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]


class AtOnce(SQLiteDialect_pysqlite):
    """Python's own driver, declared fit for asynchronous sessions: what never waits need not be awaited."""

    driver = "at_once"
    is_async = True
    supports_statement_cache = True


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """What SQLAlchemy asks of a driver for event loops after each statement; here nothing is left to do."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:  # noqa: ANN401 as its base
        return super().cursor(factory)


registry.register("sqlite.at_once", __name__, AtOnce.__name__)


class SqliteThread:
    """One thread with one connection. Units of work wait their turn for it."""

    def __init__(self, url: str, name: str) -> None:
        at_once = make_url(url).set(drivername="sqlite+at_once")
        self.engine: AsyncEngine = create_async_engine(
            at_once, poolclass=StaticPool, connect_args={"factory": _Connection}
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, unit: Work[T]) -> T:
        """What `unit` returns, given a session. A cancelled caller still waits for its end: it cannot be stopped."""
        running = asyncio.get_running_loop().run_in_executor(self._thread, _finish, self._sessions, unit)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def close(self) -> None:
        """Give the connection back, on the thread that it belongs to."""

        async def close(_tx: AsyncSession) -> None:
            await self.engine.dispose()

        await self.run(close)
        self._thread.shutdown()


def _finish(sessions: async_sessionmaker[AsyncSession], unit: Work[T]) -> T:
    """Run a coroutine to its end without an event loop."""

    async def with_session() -> T:
        tx = sessions()
        try:
            return await unit(tx)
        finally:
            await tx.close()

    going = with_session()
    try:
        going.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    going.close()
    raise RuntimeError("a unit of work on SQLite's thread waited for something else than its database")
