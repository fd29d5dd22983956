"""The fast lanes: units of work on a connection kept for them, whose statements go straight to the driver.

A unit is written like any other. What it does through its session joins the same transaction, and only then does a
session cost anything. A unit may wait for nothing besides its database: on SQLite no statement of it needs the event
loop, and short units are done on the loop itself, where none waits for a thread or for the interpreter.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from console.drivers import Driver, PostgresDriver, SqliteDriver

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]

LOCK_SECONDS = 5.0
"""How long another process may have SQLite's lock before a unit of work gives up."""
SLOW_COMMIT = 0.002
"""Seconds. A thread costs a busy loop more than that: it comes back when the loop lets go of the interpreter."""
COMMITS_ASIDE = 50
"""How many commits a thread waits for after one that was slow, before the disk is tried again from the loop."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.02
_KIND = 0xFF  # the rest of an error code of SQLite's says more of the same


class Lane(Protocol):
    """Where units of work take place."""

    async def run(self, unit: Work[T], *, lengthy: bool = False) -> T:
        """What `unit` returns, once it is committed; whatever it raises, nothing of it stays.

        `lengthy`: it may take more than a few milliseconds, which others should not have to wait for.
        """

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


def _session(connection: AsyncConnection, driver: Driver, known: Mapping[str, Any]) -> AsyncSession:
    return AsyncSession(connection, expire_on_commit=False, info={"driver": driver, **known})


async def _settled(track: _Track, unit: Work[T]) -> T:
    await track.begin()
    return await _ended(track, unit)


async def _ended(track: _Track, unit: Work[T]) -> T:
    """The rest of a unit of work whose transaction has begun."""
    tx = track.tx
    try:
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
    def __init__(self, connection: AsyncConnection, raw: sqlite3.Connection, begin: str, tx: AsyncSession) -> None:
        self.connection = connection
        self.tx = tx
        self._raw = raw
        self._begin = begin

    async def begin(self) -> None:
        self._raw.execute(self._begin)

    async def commit(self) -> None:
        self._raw.commit()

    async def roll_back(self) -> None:
        self._raw.rollback()


class _PatientTrack(_SqliteTrack):
    """The same on the event loop, which must wait for nobody else's lock and for no slow disk."""

    def __init__(self, plain: _SqliteTrack, aside: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        super().__init__(plain.connection, plain._raw, plain._begin, plain.tx)  # noqa: SLF001 one connection, two ways
        self._aside = aside
        self._left_aside = 0

    async def begin(self) -> None:
        asked, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            try:
                self._raw.execute(self._begin)
            except sqlite3.OperationalError as failure:
                is_busy = failure.sqlite_errorcode & _KIND == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() - asked > LOCK_SECONDS:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    async def commit(self) -> None:
        """Here where the disk answers at once, as it mostly does; after one that was slow, the next ones aside."""
        if self._left_aside:
            self._left_aside -= 1
            await self._aside(self._raw.commit)
            return
        begun = time.monotonic()
        self._raw.commit()
        if time.monotonic() - begun > SLOW_COMMIT:
            self._left_aside = COMMITS_ASIDE


async def _opened(engine: AsyncEngine, begin: str, known: Mapping[str, Any]) -> _SqliteTrack:
    connection = await engine.connect()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    return _SqliteTrack(connection, raw, begin, _session(connection, SqliteDriver(raw, connection.dialect), known))


class SqliteReadLane:
    """One connection. Units are done where they are asked for: readers wait for nobody, and nobody has to wait long."""

    def __init__(self, engine: AsyncEngine, known: Mapping[str, Any]) -> None:
        self._engine = engine
        self._known = known
        self._track: _SqliteTrack | None = None

    async def run(self, unit: Work[T], *, lengthy: bool = False) -> T:  # noqa: ARG002 what takes long reads elsewhere
        """What `unit` returns."""
        return _finish(self._settle(unit))

    async def _settle(self, unit: Work[T]) -> T:
        if self._track is None:
            self._track = await _opened(self._engine, "BEGIN DEFERRED", self._known)
        return await _settled(self._track, unit)

    async def close(self) -> None:
        """Give the connection back."""
        if self._track is not None:
            await self._track.connection.close()
        await self._engine.dispose()


class SqliteWriteLane:
    """One connection, for one unit of work at a time: who asks sees to that (console.db).

    Lengthy units go to a thread, and so does COMMIT while the disk is slow: the loop meanwhile shows what was written
    before. The connection itself waits for no lock (PRAGMA busy_timeout=0).
    """

    def __init__(self, engine: AsyncEngine, known: Mapping[str, Any]) -> None:
        self._engine = engine
        self._known = known
        self._plain: _SqliteTrack | None = None
        self._patient: _PatientTrack
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")

    async def run(self, unit: Work[T], *, lengthy: bool = False) -> T:
        """What `unit` returns. A cancelled caller still waits for what a thread has begun: it cannot be stopped."""
        if self._plain is None:
            self._plain = await _opened(self._engine, "BEGIN IMMEDIATE", self._known)
            self._patient = _PatientTrack(self._plain, self._aside)
        await self._patient.begin()
        if lengthy:
            return await self._aside(partial(_finish, _ended(self._plain, unit)))
        return await _ended(self._patient, partial(_at_once, unit))

    async def _aside(self, work: Callable[[], T]) -> T:
        running: asyncio.Future[T] = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def close(self) -> None:
        """Give the connection back."""
        if self._plain is not None:
            await self._plain.connection.close()
        await self._engine.dispose()
        self._thread.shutdown()


async def _at_once(unit: Work[T], tx: AsyncSession) -> T:
    return _finish(unit(tx))


def _finish(work: Awaitable[T]) -> T:
    """What `work`, which waits for nothing but its database, comes to. Raises RuntimeError if it waits all the same."""
    going = work.__await__()
    try:
        next(going)
    except StopIteration as done:
        found: T = done.value
        return found
    going.close()
    raise RuntimeError("a unit of work of SQLite's lane waited for something else than its database")


# A server that is gone has rolled back by itself.
_GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class _PostgresTrack:
    def __init__(
        self, connection: AsyncConnection, raw: asyncpg.Connection[Any], begin: str, known: Mapping[str, Any]
    ) -> None:
        self.connection = connection
        self.tx = _session(connection, PostgresDriver(raw, connection.dialect), known)
        self._raw = raw
        self._begin = begin
        self.fell = False
        """Whether it fell in the middle of a question: it does not know yet that it is closed."""

    async def begin(self) -> None:
        if self._begin:
            await self._raw.execute(self._begin)

    async def commit(self) -> None:
        if self._begin:
            await self._raw.execute("COMMIT")

    async def roll_back(self) -> None:
        if self._begin and not self._raw.is_closed():
            # The reason is on its way to whoever asked.
            with contextlib.suppress(*_GONE):
                await self._raw.execute("ROLLBACK")

    async def give_up(self) -> None:
        """Let the pool forget it."""
        await self.connection.invalidate()
        await self.connection.close()

    @property
    def is_fit(self) -> bool:
        """Whether the next unit may have it."""
        return not (self.fell or self._raw.is_closed() or self._raw.is_in_transaction())


class PostgresLane:
    """A few connections, opened while all others are busy, each with one unit of work at a time.

    `begin` is empty for units that only read: their statements need no transaction around them.
    """

    def __init__(self, engine: AsyncEngine, begin: str, known: Mapping[str, Any], *, connections: int = 3) -> None:
        # The transaction is begun by us: to SQLAlchemy each statement stands alone.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._begin = begin
        self._known = known
        self._room = asyncio.Semaphore(connections)
        self._idle: list[_PostgresTrack] = []

    async def run(self, unit: Work[T], *, lengthy: bool = False) -> T:  # noqa: ARG002 the server does the work
        """What `unit` returns."""
        async with self._room:
            track = await self._take()
            try:
                return await _settled(track, unit)
            except (asyncpg.InternalClientError, OSError):
                track.fell = True
                raise
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
        return _PostgresTrack(connection, raw, self._begin, self._known)

    async def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            await self._idle.pop().connection.close()
