"""The connections that searches have to themselves, each with a limit of time: nobody who sends waits for one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from console.db import Tx
from console.engines import POSTGRES_OPTIONS, READER_PRAGMAS
from console.errors import Refused
from console.languages.words import Words

SECONDS = 2.0
"""What a search may take of the database, all its statements together on SQLite, each on PostgreSQL."""
AT_ONCE = 2
_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: about a millisecond."""


class Searcher:
    """Reading connections for searches alone, of one process."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = self._of_sqlite(url) if is_sqlite else self._of_postgres(url)
        self._read = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A read-only view for one search. Refuses 503 when it takes too long, or others search already."""
        try:
            async with self._read() as tx:
                yield tx
        except PoolTimeout as busy:
            raise _too_slow() from busy
        except DBAPIError as failure:
            if _is_over(failure):
                raise _too_slow() from failure
            raise

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()

    def _of_postgres(self, url: str) -> AsyncEngine:
        told = {"default_transaction_read_only": "on", "statement_timeout": str(int(self._seconds * 1000))}
        # What is asked for decides the plan: one made for any word walks all people for each that is found.
        told["plan_cache_mode"] = "force_custom_plan"
        # To compile a plan takes longer than a search may. What matches a word is kept as a map of the table: whole.
        told |= {"jit": "off", "work_mem": "16MB"}
        settings = {**POSTGRES_OPTIONS["server_settings"], **told, "application_name": "aldia search"}
        options = {**POSTGRES_OPTIONS, "server_settings": settings, "command_timeout": self._seconds + 1}
        how: dict[str, Any] = {"pool_size": AT_ONCE, "max_overflow": 0, "pool_timeout": self._seconds}
        return create_async_engine(url, pool_pre_ping=True, connect_args=options, **how)

    def _of_sqlite(self, url: str) -> AsyncEngine:
        engine = create_async_engine(url, pool_size=AT_ONCE, max_overflow=0, pool_timeout=self._seconds)

        @event.listens_for(engine.sync_engine, "connect")
        def on_connect(connection: Any, record: Any) -> None:  # noqa: ANN401
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in READER_PRAGMAS:
                cursor.execute(pragma)
            cursor.close()
            until = record.info["until"] = [time.monotonic() + self._seconds]
            connection.run_async(lambda raw: raw.set_progress_handler(lambda: time.monotonic() > until[0], _STEPS))

        @event.listens_for(engine.sync_engine, "checkout")
        def on_checkout(_connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401
            record.info["until"][0] = time.monotonic() + self._seconds

        @event.listens_for(engine.sync_engine, "begin")
        def on_begin(connection: Any) -> None:  # noqa: ANN401
            connection.exec_driver_sql("BEGIN DEFERRED")

        return engine


def _is_over(failure: DBAPIError) -> bool:
    return getattr(failure.orig, "sqlstate", None) == "57014" or "interrupted" in str(failure.orig)


def _too_slow() -> Refused:
    return Refused(
        503, Words("La búsqueda tarda demasiado. Escriba una palabra más, o vuelva a probar."), code="too_slow"
    )
