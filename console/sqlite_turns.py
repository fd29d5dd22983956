"""One writer at a time, and nobody who waits for ever: before SQLite's own lock is asked for, one waits for one's turn.

Waiting here is fair and cheap; waiting for SQLite's lock, which another program may hold, is neither, and ends after
its `busy_timeout`. Whoever waited for a turn while somebody waited for that lock in vain has waited as long, and is
told so at once: otherwise each of twenty would wait five seconds more than the one before.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from types import TracebackType
from typing import Self

from sqlalchemy.exc import OperationalError

_SAID = "database is locked"


class Turns:
    """Whose turn it is to write in this process. Raises sqlite3.OperationalError when the file's lock is not given."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._in_vain = 0.0

    async def __aenter__(self) -> Self:
        came = time.monotonic()
        await self._lock.acquire()
        if came < self._in_vain:
            self._lock.release()
            raise sqlite3.OperationalError(_SAID)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(failure, (OperationalError, sqlite3.OperationalError)) and _SAID in str(failure):
            self._in_vain = time.monotonic()
        self._lock.release()
