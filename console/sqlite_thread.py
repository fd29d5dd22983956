"""SQLite without hops: a driver that answers at once, for units of work that are done in one piece.

The driver for event loops hands every statement to a thread and back, which costs more than most statements do. Where
the unit as a whole stays on the loop or goes to a thread (console.lanes), its session goes over this driver.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import StaticPool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


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


def engine_at_once(url: str) -> AsyncEngine:
    """An engine with one connection, to be used by one thread at a time."""
    at_once = make_url(url).set(drivername="sqlite+at_once")
    return create_async_engine(
        at_once, poolclass=StaticPool, connect_args={"factory": _Connection, "check_same_thread": False}
    )
