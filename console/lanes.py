"""The fast lanes: units of work on a connection kept for them, whose statements go straight to the driver.

A unit is written like any other. What it does through its session joins the same transaction, and only then does a
session cost anything. A unit may wait for nothing besides its database: on SQLite it has a thread of its own, where
no statement needs the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from console.drivers import Driver, PostgresDriver, SqliteDriver

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]


class Lane(Protocol):
    """Where units of work take place."""

    async def run(self, unit: Work[T]) -> T:
        """What `unit` returns, once it is committed; whatever it raises, nothing of it stays."""

    async def close(self) -> None:
        """Give the connections back."""


class _Track(Protocol):
    """One connection of a lane, and how a transaction begins and ends on it."""

    connection: AsyncConnection
    tx: AsyncSession
    """Serves one unit after the other: closed, it is as good as new."""

    async def begin(self) -> None: ...

    async def commit(self) -> None: ...

    async def roll_back(self) -> None: ...


def _session(connection: AsyncConnection, driver: Driver) -> AsyncSession:
    return AsyncSession(connection, expire_on_commit=False, info={"driver": driver})


async def _settled(track: _Track, unit: Work[T]) -> T:
    tx = track.tx
    try:
        await track.begin()
        try:
            result = await unit(tx)
            await track.commit()
        except BaseException:
            await track.roll_back()
            raise
    finally:
        if tx.in_transaction() or tx.identity_map or tx.new:
            await tx.close()
        tx.info.pop("history", None)  # what console.audit noted of a unit that failed
    return result


class _SqliteTrack:
    def __init__(self, connection: AsyncConnection, raw: Any, begin: str) -> None:  # noqa: ANN401
        self.connection = connection
        self.tx = _session(connection, SqliteDriver(raw, connection.dialect))
        self._raw = raw
        self._begin = begin

    async def begin(self) -> None:
        self._raw.execute(self._begin)

    async def commit(self) -> None:
        self._raw.commit()

    async def roll_back(self) -> None:
        self._raw.rollback()


class SqliteLane:
    """One thread with one connection. Units of work wait their turn for it."""

    def __init__(self, engine: AsyncEngine, begin: str, name: str) -> None:
        self._engine = engine
        self._begin = begin
        self._track: _SqliteTrack | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, unit: Work[T]) -> T:
        """What `unit` returns. A cancelled caller still waits for its end: it cannot be stopped."""
        running = asyncio.get_running_loop().run_in_executor(self._thread, _finish, self._settle, unit)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def _settle(self, unit: Work[T]) -> T:
        if self._track is None:
            connection = await self._engine.connect()
            raw = (await connection.get_raw_connection()).driver_connection
            self._track = _SqliteTrack(connection, raw, self._begin)
        return await _settled(self._track, unit)

    async def _leave(self, _nothing: object) -> None:
        if self._track is not None:
            await self._track.connection.close()
        await self._engine.dispose()

    async def close(self) -> None:
        """Give the connection back, on the thread that it belongs to."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _finish, self._leave, None)
        self._thread.shutdown()


def _finish(work: Callable[[Any], Awaitable[T]], given: object) -> T:
    """Run a coroutine to its end without an event loop."""
    going = work(given).__await__()
    try:
        next(going)
    except StopIteration as done:
        found: T = done.value
        return found
    going.close()
    raise RuntimeError("a unit of work on SQLite's thread waited for something else than its database")


class _PostgresTrack:
    def __init__(self, connection: AsyncConnection, raw: asyncpg.Connection[Any], begin: str) -> None:
        self.connection = connection
        self.tx = _session(connection, PostgresDriver(raw, connection.dialect))
        self._raw = raw
        self._begin = begin

    async def begin(self) -> None:
        if self._begin:
            await self._raw.execute(self._begin)

    async def commit(self) -> None:
        if self._begin:
            await self._raw.execute("COMMIT")

    async def roll_back(self) -> None:
        if self._begin and not self._raw.is_closed():
            # The reason is on its way to whoever asked; a server that is gone has rolled back by itself.
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._raw.execute("ROLLBACK")

    async def give_up(self) -> None:
        """Let the pool forget it."""
        await self.connection.invalidate()
        await self.connection.close()

    @property
    def is_fit(self) -> bool:
        """Whether the next unit may have it."""
        return not self._raw.is_closed() and not self._raw.is_in_transaction()


class PostgresLane:
    """A few connections, opened while all others are busy, each with one unit of work at a time.

    `begin` is empty for units that only read: their statements need no transaction around them.
    """

    def __init__(self, engine: AsyncEngine, begin: str, *, connections: int = 3) -> None:
        # The transaction is begun by us: to SQLAlchemy each statement stands alone.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._begin = begin
        self._room = asyncio.Semaphore(connections)
        self._idle: list[_PostgresTrack] = []

    async def run(self, unit: Work[T]) -> T:
        """What `unit` returns."""
        async with self._room:
            track = await self._take()
            try:
                return await _settled(track, unit)
            finally:
                if track.is_fit:
                    self._idle.append(track)
                else:
                    await track.give_up()

    async def _take(self) -> _PostgresTrack:
        while self._idle:
            track = self._idle.pop()
            if track.is_fit:
                return track
            await track.give_up()
        connection = await self._engine.connect()
        raw: Any = (await connection.get_raw_connection()).driver_connection
        return _PostgresTrack(connection, raw, self._begin)

    async def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            await self._idle.pop().connection.close()
