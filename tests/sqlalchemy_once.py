"""SQLAlchemy puts each statement into words anew for each engine; the tests make thousands of engines.

What was said once in this process is said so to every engine of the same dialect, as in production, where there is one;
and so is what the server was asked once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache

from console.sqlite_thread import AtOnce

# Far more than the console has statements.
STATEMENTS = 5000
OURS: tuple[type[Dialect], ...] = (PGDialect_asyncpg, SQLiteDialect_aiosqlite, AtOnce)


def remember() -> None:
    """Word each statement once in this process."""
    said: dict[type[Dialect], LRUCache[Any, Any]] = {kind: LRUCache(STATEMENTS) for kind in OURS}
    make = Engine.__init__

    def made(engine: Engine, *args: Any, **more: Any) -> None:
        make(engine, *args, **more)
        if type(engine.dialect) in said:
            engine._compiled_cache = said[type(engine.dialect)]

    Engine.__init__ = made  # type: ignore[method-assign,assignment]
    for kind in OURS:
        _ask_once(kind)
        # The dialect is part of each statement's key, and by itself is equal to no other engine's.
        kind.__eq__ = _is_of_its_kind  # type: ignore[method-assign]
        kind.__hash__ = _of_its_kind  # type: ignore[method-assign,assignment]


def _ask_once(kind: type[Dialect]) -> None:
    """Each engine asks its server who it is before its first statement; all servers of a run are of one release."""
    ask, learnt = kind.initialize, dict[str, Any]()

    def initialize(dialect: Dialect, connection: Any) -> None:
        if not learnt:
            before = dict(dialect.__dict__)
            ask(dialect, connection)
            known = dialect.__dict__.items()
            learnt.update({name: value for name, value in known if name not in before or before[name] is not value})
        dialect.__dict__.update(learnt)

    kind.initialize = initialize  # type: ignore[method-assign,assignment]


def _is_of_its_kind(dialect: object, other: object) -> bool:
    return type(dialect) is type(other)


def _of_its_kind(dialect: object) -> int:
    return hash(type(dialect))
