"""Statements as the driver takes them: prepared once, sent past the session where a lane leads straight to the driver.

Everything of the hot path goes this way (console.bulk). In a unit of work of a lane (console.lanes) a statement costs
what the driver takes; in any other it goes through the session's connection, and costs several times as much.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import asyncpg
from sqlalchemy import Dialect, Executable
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler

Values = Sequence[Any]
Convert = Callable[[Any], Any]

listeners: list[Callable[[str], None]] = []
"""Who hears of every statement of a lane, as SQLAlchemy's events tell of the others; for tests and measurements."""


class Driver(Protocol):
    """A way to the database. Values are already as its driver wants them; rows come as the driver gives them."""

    dialect: Dialect

    async def rows(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """What one statement returns."""

    async def each(self, sql: str, many: Sequence[Values]) -> None:
        """One statement, once for each of `many`."""


class SqliteDriver:
    """Python's own driver, on the thread that its connection belongs to."""

    def __init__(self, connection: sqlite3.Connection, dialect: Dialect) -> None:
        self._connection = connection
        self.dialect = dialect

    async def rows(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """What one statement returns."""
        _tell(sql)
        return self._connection.execute(sql, values).fetchall()

    async def each(self, sql: str, many: Sequence[Values]) -> None:
        """One statement, once for each of `many`."""
        _tell(sql)
        self._connection.executemany(sql, many)


class PostgresDriver:
    """asyncpg, which prepares a statement once a connection and then sends values only."""

    def __init__(self, connection: asyncpg.Connection[Any], dialect: Dialect) -> None:
        self._connection = connection
        self.dialect = dialect

    async def rows(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """What one statement returns."""
        _tell(sql)
        found: Sequence[Sequence[Any]] = await self._connection.fetch(sql, *values)
        return found

    async def each(self, sql: str, many: Sequence[Values]) -> None:
        """One statement, once for each of `many`."""
        _tell(sql)
        if len(many) == 1:
            await self._connection.fetch(sql, *many[0])
        else:
            await self._connection.executemany(sql, many)


class SessionDriver:
    """The session's own connection, wherever that comes from: for units of work that are not a lane's."""

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx
        self.dialect = tx.get_bind().dialect

    async def rows(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """What one statement returns."""
        return await self._tx.run_sync(lambda session: _run(session.connection(), sql, tuple(values)))

    async def each(self, sql: str, many: Sequence[Values]) -> None:
        """One statement, once for each of `many`."""
        rows = [tuple(values) for values in many]
        await self._tx.run_sync(lambda session: session.connection().exec_driver_sql(sql, rows))


def _run(connection: Any, sql: str, values: tuple[Any, ...]) -> Sequence[Sequence[Any]]:  # noqa: ANN401
    result = connection.exec_driver_sql(sql, values)
    found: Sequence[Sequence[Any]] = result.all() if result.returns_rows else ()
    return found


def _tell(sql: str) -> None:
    for hear in listeners:
        hear(sql)


def driver_of(tx: AsyncSession) -> Driver:
    """The shortest way from `tx` to its database."""
    found: Driver | None = tx.info.get("driver")
    if found is None:
        found = tx.info["driver"] = SessionDriver(tx)
    return found


class Prepared(NamedTuple):
    """A statement in a dialect's words, and how its values and its rows are written there."""

    sql: str
    parameters: tuple[tuple[str, Any, Convert | None], ...]
    """Name, the value it has when none is given, and how it is written; in the order of their places."""
    columns: tuple[tuple[int, Convert], ...]
    """The columns that are not as the driver gives them."""
    row: Callable[[Sequence[Any]], Any]

    def bind(self, given: Mapping[str, Any]) -> list[Any]:
        """The values of one run, each in its place."""
        return [
            write(given.get(name, usual)) if write else given.get(name, usual) for name, usual, write in self.parameters
        ]

    def read(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Rows with named fields and Python's values."""
        if not self.columns:
            return [self.row(values) for values in found]
        rows = []
        for values in found:
            row = list(values)
            for at, convert in self.columns:
                if row[at] is not None:
                    row[at] = convert(row[at])
            rows.append(self.row(row))
        return rows


@lru_cache(maxsize=1024)
def prepared(statement: Executable, dialect: Dialect) -> Prepared:
    """`statement`, which is built once at import, as `dialect` says it."""
    compiled: SQLCompiler = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    if compiled.post_compile_params:
        raise TypeError("the text of a prepared statement must not depend on its values: use console.bulk.among")
    usual = compiled.construct_params(_check=False)
    parameters = tuple(
        (name, usual[name], compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in compiled.positiontup or ()
    )
    fields = list(getattr(statement, "selected_columns", ()))
    columns = [
        (at, convert)
        for at, column in enumerate(fields)
        if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    row = namedtuple("Row", [column.key for column in fields], rename=True)  # type: ignore[misc]  # noqa: PYI024
    return Prepared(str(compiled), parameters, tuple(columns), row._make)
