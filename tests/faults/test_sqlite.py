"""SQLite at its limits: the disk full, and transactions that would fail on turning into writers. Rows F20, F21."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.faults import ledger
from tests.front import Front, a_console, settings_for
from tests.inbox import meta


async def test_a_full_disk_is_said_and_outlived(sqlite_database_url: str, tmp_path: Path) -> None:
    """F21, with SQLite's own limit in place of the disk's: 503, nothing half done, and it heals."""
    wamids: list[str] = []
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        await front.webhook(meta.body(first := meta.text("antes")))
        wamids.append(first["id"])
        await limit_pages(front, "(SELECT page_count FROM pragma_page_count)")

        status = 200
        for _ in range(200):
            last = meta.text("x" * 3000)
            status = (await front.webhook(meta.body(last))).status_code
            if status != 200:
                break
            wamids.append(last["id"])
        assert status == 503, "the disk was never full"
        assert (await ana.reply(1, "y" * 4000)).status_code in {201, 503}
        assert (await ana.http.get("/inbox?view=all")).status_code == 200

        await limit_pages(front, "1000000")
        assert (await front.webhook(meta.body(last))).status_code == 200
        wamids.append(last["id"])
        async with front.console.db.reading() as tx:
            assert await tx.scalar(text("PRAGMA integrity_check")) == "ok"
    await ledger.received_once(sqlite_database_url, wamids)
    await ledger.history_is_whole(sqlite_database_url)


async def limit_pages(front: Front, pages: str) -> None:
    """Let every connection that writes have no more pages than this."""
    db = front.console.db

    async def limited(tx: Any) -> None:
        now = await tx.scalar(text("PRAGMA page_count"))
        wanted = now if pages.startswith("(") else int(pages)
        await tx.execute(text(f"PRAGMA max_page_count = {wanted}"))

    await db.write(limited)
    async with db.transaction() as tx:
        await limited(tx)


async def test_every_transaction_that_writes_begins_as_one(
    sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: what begins as a reader and turns into a writer fails at once when somebody else wrote meanwhile."""
    seen = listen(monkeypatch)
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        await front.webhook(meta.body(meta.text()))
        await ana.see("/inbox/1")
        await ana.reply(1, "Buenos días")
        await ana.do("/inbox/1/notes", text="ojo", client_key="aaaaaaaa")
        await ana.do("/inbox/1/resolution")

    begun: dict[int, str] = {}
    writers: set[int] = set()
    for connection, statement in seen:
        if statement.startswith("BEGIN"):
            begun[connection] = statement
        elif statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")):
            writers.add(connection)
            assert begun.get(connection) == "BEGIN IMMEDIATE", statement
        elif statement in {"COMMIT", "ROLLBACK"}:
            begun.pop(connection, None)
    assert len(writers) == 2, "those of the pages and of the deliveries"


def listen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Every statement that SQLite gets from now on, on whichever way, with the number of its connection."""
    seen: list[tuple[int, str]] = []
    numbers = itertools.count()

    for module in (sqlite3, sqlite3.dbapi2):

        def connect(*arguments: Any, real: Any = module.connect, **more: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = real(*arguments, **more)
            number = next(numbers)
            connection.set_trace_callback(lambda statement: seen.append((number, statement)))
            return connection

        monkeypatch.setattr(module, "connect", connect)
    return seen
