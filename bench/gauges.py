"""What grows or works unseen in a long run: files, checkpoints, vacuum. Read beside it, by a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator

import asyncpg
import msgspec

from bench.stands import Stand

_TABLES = "SELECT coalesce(sum(n_dead_tup), 0), coalesce(sum(autovacuum_count), 0) FROM pg_stat_user_tables"
# They moved in PostgreSQL 17.
_CHECKPOINTS = "SELECT checkpoints_timed + checkpoints_req FROM pg_stat_bgwriter"
_CHECKPOINTS_17 = "SELECT num_timed + num_requested FROM pg_stat_checkpointer"
_SIZES = "SELECT pg_database_size(current_database()), (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir())"


class Gauge(msgspec.Struct, array_like=True):
    """One look: when (seconds from the beginning), and how things stood. SQLite vacuums nothing and counts nothing."""

    at: float
    database_mib: float
    wal_mib: float
    checkpoints: int = 0
    dead_rows: int = 0
    vacuums: int = 0


@contextlib.contextmanager
def watching(stand: Stand, every: float) -> Iterator[list[Gauge]]:
    """The looks taken while inside."""
    looks: list[Gauge] = []
    over = threading.Event()
    began = time.monotonic()

    def look() -> None:
        while True:
            looks.append(_look(stand, round(time.monotonic() - began, 1)))
            if over.wait(every):
                return

    thread = threading.Thread(target=look, name="gauges")
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def _look(stand: Stand, at: float) -> Gauge:
    if stand.settings.is_sqlite:
        return Gauge(at, _mib(stand, "aldia.db"), _mib(stand, "aldia.db-wal"))
    return asyncio.run(_ask(stand.settings.database_url, at))


def _mib(stand: Stand, name: str) -> float:
    file = stand.folder / name
    return round(file.stat().st_size / 2**20, 1) if file.exists() else 0.0


async def _ask(url: str, at: float) -> Gauge:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        size, wal = await connection.fetchrow(_SIZES)
        dead, vacuums = await connection.fetchrow(_TABLES)
        is_17 = connection.get_server_version().major >= 17
        checkpoints = await connection.fetchval(_CHECKPOINTS_17 if is_17 else _CHECKPOINTS)
    finally:
        await connection.close()
    return Gauge(at, round(size / 2**20, 1), round(float(wal) / 2**20, 1), checkpoints, int(dead), int(vacuums))
