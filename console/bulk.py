"""Prepared statements over sets of rows, for the paths that everything passes: past the session, one text each.

A statement is built once, at import, and its text does not change with the number of values: SQLAlchemy compiles it
once and the database prepares it once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Boolean, ColumnElement, Dialect, Executable, Table, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

from console.db import Base, Columns, Tx, table_of
from console.drivers import driver_of, prepared
from console.languages.words import as_kept


async def fetch(tx: Tx, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """The rows of a statement over columns. What the session has not flushed yet, it does not see."""
    driver = driver_of(tx)
    ready = prepared(statement, driver.dialect)
    return ready.read(await driver.rows(ready.sql, ready.bind(values or {})))


async def execute_many(tx: Tx, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run `statement` once for each of `rows`. The objects that the session holds do not hear of it."""
    if rows:
        driver = driver_of(tx)
        ready = prepared(statement, driver.dialect)
        await driver.each(ready.sql, [ready.bind(row) for row in rows])


async def bulk_update(tx: Tx, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Give each of `rows` (all name the same columns, `id` among them) its new values, and count `version` up.

    The objects that the session holds do not hear of it.
    """
    if not rows:
        return
    # SQLite's marks have no names: the id comes last, where the statement asks for it.
    names = (*(name for name in rows[0] if name != "id"), "id")
    driver = driver_of(tx)
    columns, sql = _update(table_of(model), names, driver.dialect.name)
    await columns.run(driver, sql, rows)


@lru_cache(maxsize=32)
def _update(table: Table, names: tuple[str, ...], dialect: str) -> tuple[Columns, str]:
    columns = Columns(table, names, dialect)
    if dialect == "sqlite":
        settings = ", ".join(f'"{name}" = ?' for name in names[:-1])
        return columns, f'UPDATE "{table.name}" SET {settings}, version = version + 1 WHERE id = ?'  # noqa: S608
    settings = ", ".join(f'"{name}" = r."{name}"' for name in names[:-1])
    rows = f"jsonb_to_recordset(CAST($1 AS jsonb)) AS r({columns.typed})"
    return columns, f'UPDATE "{table.name}" AS t SET {settings}, version = t.version + 1 FROM {rows} WHERE t.id = r.id'  # noqa: S608


class _List(TypeDecorator[Sequence[Any]]):
    """Many values as one: an array for PostgreSQL, a JSON text for SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return ARRAY(self.of) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401
        values = list(value or ())
        return values if dialect.name == "postgresql" else msgspec.json.encode(values, enc_hook=as_kept).decode()


class among(ColumnElement[bool]):  # noqa: N801 read as a word in a statement
    """Whether `column` is one of the values given under `name` (any collection of texts or numbers)."""

    inherit_cache = True
    type = Boolean()
    # Else SQLAlchemy writes "= 1" after it for SQLite, and no index is used.
    _is_implicitly_boolean = True
    _traverse_internals = [  # noqa: RUF012 as SQLAlchemy declares it
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Any, name: str) -> None:  # noqa: ANN401 a column or a mapped attribute
        self.column = column
        self.values = bindparam(name, type_=_List(column.type))


@compiles(among, "sqlite")
def _(element: among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    column, values = compiler.process(element.column, **how), compiler.process(element.values, **how)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 a column and a parameter


@compiles(among, "postgresql")
def _(element: among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    return f"{compiler.process(element.column, **how)} = ANY ({compiler.process(element.values, **how)})"


class as_lines(ColumnElement[str]):  # noqa: N801 read as a word in a statement
    """The rows of a group as one text: a line for each, its columns apart by tabs."""

    inherit_cache = True
    type = Text()
    _traverse_internals = [("columns", InternalTraversal.dp_clauseelement_tuple)]  # noqa: RUF012 as SQLAlchemy declares it

    def __init__(self, *columns: Any) -> None:  # noqa: ANN401 columns or mapped attributes
        self.columns = columns


@compiles(as_lines, "sqlite")
def _(element: as_lines, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    columns = " || char(9) || ".join(compiler.process(column, **how) for column in element.columns)
    return f"group_concat({columns}, char(10))"


@compiles(as_lines, "postgresql")
def _(element: as_lines, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    columns = " || chr(9) || ".join(compiler.process(column, **how) for column in element.columns)
    return f"string_agg({columns}, chr(10))"
