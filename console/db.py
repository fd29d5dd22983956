"""The database: units of work, column types, and everything that differs between SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

import asyncpg
import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    case,
    literal,
    literal_column,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from console import engines
from console.drivers import Driver, driver_of
from console.lanes import Work
from console.languages.words import as_kept, packed, unpacked
from console.sqlite_turns import Turns

T = TypeVar("T")
Tx = AsyncSession
"""One unit of work. Verbs receive it, use it and never commit it; only the doors open one."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Naive values are a bug and raise; what comes back is aware and in UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive instants; store UTC."""
        return _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLite forgets the zone; give it back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:  # noqa: ARG002
        """`process_result_value` in one step: a line of the list has a dozen instants, and asyncpg's need nothing."""
        return _read_instant if dialect.name == "sqlite" else None


class Sentence(TypeDecorator[str]):
    """A sentence of ours that is kept: what comes back can be said in the reader's language (`Words`).

    One that was kept as Spanish prose comes back as that.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The Spanish, with what it is made of behind it."""
        return _sentence(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Put together again."""
        return None if value is None else unpacked(value)


class Json(TypeDecorator[Any]):
    """JSON kept as text, byte for byte as written: what is hashed or shown as evidence must not be reformatted."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002, ANN401
        """Encode once, compactly."""
        return _json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002, ANN401
        """Decode."""
        return None if value is None else msgspec.json.decode(value)


# SQLite only hands out row numbers for INTEGER keys; PostgreSQL gets BIGINT.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables. Names of constraints are fixed so that migrations can drop them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012
        int: BigKey,
        str: String(),
        datetime: UTCDateTime(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
    }


def says(column: Any, *words: str) -> ColumnElement[bool]:  # noqa: ANN401 a column or a mapped attribute
    """That `column` is one of these, words of ours: they stand in the statement itself.

    After five runs PostgreSQL keeps one plan for whatever the values are, and such a plan uses no index of the rows of
    one state alone where the state is one of the values.
    """
    written = [literal(str(word), column.type, literal_execute=True) for word in words]
    found: ColumnElement[bool] = column.in_(written) if len(written) > 1 else column == written[0]
    return found


def holds(column: Any) -> ColumnElement[bool]:  # noqa: ANN401 a mapped attribute
    """That a yes-or-no `column` is yes, in the words of the indexes that have only such rows: its name alone.

    As `= 1` or `IS 1`, which is how SQLAlchemy says it to SQLite, it is to SQLite another condition than the index's.
    """
    named: ColumnElement[bool] = literal_column(f"{column.class_.__tablename__}.{column.key}")
    return named


def weighed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """`condition`, which may be looked at on rows that were found another way, and is no way to find them.

    Without figures about its tables SQLite takes any `column = value` for the rarest thing there is.
    """
    return case((condition, 1), else_=0) == 1


def table_of(model: type[Base]) -> Table:
    """The table behind a model, for statements over sets of rows."""
    return cast("Table", model.__table__)


_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]

Seal = Callable[[Tx], Awaitable[Sequence[Any]]]
Tell = Callable[[Sequence[Any]], None]


async def _nothing_to_seal(_tx: Tx) -> Sequence[Any]:
    return ()


class Database:
    """Engines and units of work for one process.

    `seal` runs inside every writing transaction just before its COMMIT and returns what was sealed (the history
    entries); `tell` receives that, and only after the COMMIT succeeded. `scans` is known to every unit of work
    (console.scanning.verdicts): files are closed until a scanner has seen them.
    """

    def __init__(
        self, url: str, *, seal: Seal = _nothing_to_seal, tell: Tell = lambda _sealed: None, scans: bool = False
    ) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._seal = seal
        self.tell = tell
        self._turns = Turns()
        self.writer, self.reader = engines.of_sqlite(url) if self.is_sqlite else engines.of_postgres(url)
        known = {"scans": scans}
        self._write = async_sessionmaker(self.writer, expire_on_commit=False, info=known)
        self._read = async_sessionmaker(self.reader, expire_on_commit=False, autoflush=False, info=known)
        self._lanes = (
            engines.lanes_of_sqlite(url, known)
            if self.is_sqlite
            else engines.lanes_of_postgres(self.writer, self.reader, known)
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """One writing unit of work: commits on leaving, rolls back on any exception, tells only after the commit."""
        if not self.is_sqlite:
            async with self._unit_of_work() as tx:
                yield tx
            return
        async with self._turns, self._unit_of_work() as tx:
            yield tx

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[Tx]:
        async with self._write() as tx:
            async with tx.begin():
                yield tx
                await tx.flush()
                sealed = await self._seal(tx)
            if sealed:
                self.tell(sealed)

    async def write(self, work: Work[T], *, lengthy: bool = False) -> T:
        """`work` as one writing unit of work that waits for the database alone: the fast lane of `transaction`.

        `lengthy`: it may take more than a few milliseconds, for which the event loop should not stand still.
        """

        async def unit(tx: Tx) -> tuple[T, Sequence[Any]]:
            result = await work(tx)
            if tx.new or tx.dirty or tx.deleted:
                await tx.flush()
            return result, await self._seal(tx)

        async with self._turns if self.is_sqlite else nullcontext():
            result, sealed = await self._lanes.write.run(unit, lengthy=lengthy)
            if sealed:
                self.tell(sealed)
            return result

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A read-only view that never waits for a writer. Sockets let go of it before they start to listen."""
        async with self._read() as tx:
            yield tx

    async def read(self, work: Work[T]) -> T:
        """`work` on a read-only view, waiting for the database alone: the fast lane of `reading`."""
        return await self._lanes.read.run(work)

    async def snapshot(self, work: Work[T]) -> T:
        """`read` for a page: all its statements see one state of the database, and no delivery waits for it.

        For pages that are read along indexes: on SQLite the event loop stands still meanwhile.
        """
        return await self._lanes.snapshot.run(work)

    async def close(self) -> None:
        """Give the connections back."""
        for lane in set(self._lanes):
            await lane.close()
        await self.writer.dispose()
        await self.reader.dispose()


def is_away(failure: BaseException) -> bool:
    """Whether the database itself is the trouble: gone, unreachable, full, or its lock never given.

    What was being done may be tried again as it is; nothing of it was half done. Lanes raise what the driver raised.
    """
    if isinstance(failure, OperationalError | InterfaceError | PoolTimeout | OSError):  # a time-out is an OSError
        return True
    if isinstance(failure, DBAPIError):
        # A server that falls says so in many ways, which the drivers leave without a class of their own.
        fell = failure.orig is not None and isinstance(failure.orig.__cause__, asyncpg.InternalClientError)
        return failure.connection_invalidated or fell or _is_a_refusal(failure.orig)
    if isinstance(failure, asyncpg.InternalClientError):
        return True  # asked on a connection that fell in the middle of a question, and has not heard of it yet
    if isinstance(failure, asyncpg.InterfaceError):
        return not isinstance(failure, ValueError)  # a value that fits no column is nobody's absence
    # A migration beside us: the statement is prepared anew when it comes again.
    stale = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
    return isinstance(failure, (sqlite3.OperationalError, *stale)) or _is_a_refusal(failure)


def _is_a_refusal(failure: BaseException | None) -> bool:
    """A PostgreSQL that starts, stops, is out of places or of space, or only reads (SQLSTATE 53, 57P and 25006)."""
    return str(getattr(failure, "sqlstate", "")).startswith(("08", "53", "57P", "25006"))


async def bulk_insert(tx: Tx, model: type[Base], rows: Sequence[dict[str, Any]], *, or_ignore: bool = False) -> None:
    """Insert many rows that all name the same columns, in one statement on either database.

    With `or_ignore`, rows that meet an existing unique key are left out silently.
    """
    if not rows:
        return
    driver = driver_of(tx)
    insertion = _insertion(table_of(model), tuple(rows[0]), driver.dialect.name, or_ignore)
    await insertion.columns.run(driver, insertion.sql, rows)


async def next_ids(tx: Tx, model: type[Base], count: int) -> list[int]:
    """`count` fresh ids of `model`, so that rows can name each other before they are inserted in bulk."""
    if not count:
        return []
    driver, table = driver_of(tx), table_of(model).name
    if driver.dialect.name == "sqlite":
        # Nobody else writes while this transaction lives.
        [(newest,)] = await driver.rows(f'SELECT max(id) FROM "{table}"', ())  # noqa: S608 our own table
        return list(range((newest or 0) + 1, (newest or 0) + 1 + count))
    fresh = "SELECT nextval(CAST($1 AS regclass)) FROM generate_series(1, $2)"
    return [number for (number,) in await driver.rows(fresh, (f"{table}_id_seq", count))]


class Columns:
    """Some columns of a table, and how their values are handed to the database many rows at a time."""

    def __init__(self, table: Table, names: tuple[str, ...], dialect: str) -> None:
        plainly = _FOR_SQLITE if dialect == "sqlite" else _FOR_JSON
        types = {name: table.c[name].type for name in names}
        self.quoted = ", ".join(f'"{name}"' for name in names)
        self.typed = ", ".join(f'"{name}" {types[name].compile(_POSTGRESQL)}' for name in names)
        self._plainly = [(name, plainly.get(type(types[name]))) for name in names]

    async def run(self, driver: Driver, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each row in SQLite; in PostgreSQL once, for rows that are the JSON text `$1`.

        asyncpg's executemany is four times slower than one statement over a JSON array (performance.md §1).
        """
        if driver.dialect.name == "sqlite":
            listed = [
                tuple([write(row[name]) if write else row[name] for name, write in self._plainly]) for row in rows
            ]
            await driver.each(sql, listed)
            return
        named = [{name: write(row[name]) if write else row[name] for name, write in self._plainly} for row in rows]
        await driver.rows(sql, (msgspec.json.encode(named, enc_hook=as_kept).decode(),))


class _Insertion(NamedTuple):
    columns: Columns
    sql: str


@lru_cache(maxsize=128)
def _insertion(table: Table, names: tuple[str, ...], dialect: str, or_ignore: bool) -> _Insertion:  # noqa: FBT001
    columns = Columns(table, names, dialect)
    if dialect == "sqlite":
        verb, conflict = ("INSERT OR IGNORE", "") if or_ignore else ("INSERT", "")
        values = f"VALUES ({', '.join('?' * len(names))})"
    else:
        verb, conflict = "INSERT", " ON CONFLICT DO NOTHING" if or_ignore else ""
        rows = f"jsonb_to_recordset(CAST($1 AS jsonb)) AS r({columns.typed})"
        values = f"SELECT {columns.quoted} FROM {rows}"  # noqa: S608 names come from our own tables
    return _Insertion(columns, f'{verb} INTO "{table.name}" ({columns.quoted}) {values}{conflict}')


def dialect_of(tx: Tx) -> str:
    """Which database `tx` works on: "sqlite" or "postgresql"."""
    return driver_of(tx).dialect.name


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime reached the database")
    return value.astimezone(UTC)


@lru_cache(maxsize=4096)
def _sqlite_instant(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it, in a fraction of the time; a batch says the same instant many times."""
    at = _in_utc(value)
    return None if at is None else at.replace(tzinfo=None).isoformat(" ", "microseconds")


def _read_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def _sentence(value: str | None) -> str | None:
    return None if value is None else packed(value)


def _json_text(value: Any) -> str | None:  # noqa: ANN401
    return None if value is None else msgspec.json.encode(value, enc_hook=as_kept).decode()


_FOR_SQLITE: dict[type, Callable[[Any], Any]] = {UTCDateTime: _sqlite_instant, Json: _json_text, Sentence: _sentence}
_FOR_JSON: dict[type, Callable[[Any], Any]] = {
    UTCDateTime: _in_utc,
    Json: _json_text,
    Sentence: _sentence,
    LargeBinary: lambda value: None if value is None else rf"\x{value.hex()}",
}
