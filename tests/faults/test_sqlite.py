"""SQLite at its limits: the disk full, and transactions that would fail on turning into writers. Rows F20, F21."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

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


async def test_every_transaction_that_writes_begins_as_one(sqlite_database_url: str, tmp_path: Path) -> None:
    """F20: what begins as a reader and turns into a writer fails at once when somebody else wrote meanwhile."""
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        with statements(front) as seen:
            await front.webhook(meta.body(meta.text()))
            await ana.see("/inbox/1")
            await ana.reply(1, "Buenos días")
            await ana.do("/inbox/1/notes", text="ojo", client_key="aaaaaaaa")
            await ana.do("/inbox/1/resolution")

    begun: dict[int, str] = {}
    writers = 0
    for connection, statement in seen:
        if statement.startswith("BEGIN"):
            begun[connection] = statement
        elif statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")):
            writers += 1
            assert begun.get(connection) == "BEGIN IMMEDIATE", statement
    assert writers > 10


@contextmanager
def statements(front: Front) -> Iterator[list[tuple[int, str]]]:
    """Every statement of every engine, with the connection it went to."""
    db = front.console.db
    engines = [db.writer, db.reader, *(thread.engine for thread in db._threads)]
    seen: list[tuple[int, str]] = []

    def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append((id(connection.connection.dbapi_connection), statement))

    for engine in engines:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine.sync_engine, "before_cursor_execute", note)
