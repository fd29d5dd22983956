"""Erasing one person costs what that person left, not what everybody did: no statement of it reads a whole table."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.front import Front, a_console, settings_for
from tests.privacy.test_privacy import a_person, requested

READ_WHOLE = {
    "channel_event": "what it names is told in free text",
    "dead_letter": "the same, in base64",
    "payment_notice": "the same; only of who has paid",
    "evidence_pack": "those that may still be fetched are of the last days",
    "import_batch": "one row a file",
}
"""The tables that are read from the first row to the last, and why."""


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


@contextmanager
def noted(front: Front) -> Iterator[list[tuple[str, Any]]]:
    """The statements of the writing connection, with what they are given."""
    asked: list[tuple[str, Any]] = []

    def note(_link: object, _cursor: object, statement: str, given: Any, _context: object, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, given[0] if many else given))

    engine = front.console.db.writer.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_no_table_is_read_from_end_to_end_for_one_person(front: Front) -> None:
    await a_person(front)
    await requested(front)
    admin = await front.agent("Iván", role="admin")
    with noted(front) as asked:
        answer = await admin.http.post("/privacy/1/answer")
    assert answer.status_code == 303, answer.text

    scanned: dict[str, set[str]] = {}
    async with front.console.db.writer.connect() as connection:
        is_sqlite = front.console.db.is_sqlite
        if not is_sqlite:
            # Small tables are read whole because that is quicker; not with this, unless there is no other way.
            await connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in asked:
            how = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            plan = "\n".join(str(row[-1]) for row in await connection.exec_driver_sql(how + statement, parameters))
            for table in re.findall(r"SCAN (\w+)\b(?! VIRTUAL)" if is_sqlite else r"Seq Scan on (\w+)", plan):
                scanned.setdefault(table, set()).add(statement[:100])
    assert {table: those for table, those in scanned.items() if table not in READ_WHOLE} == {}
