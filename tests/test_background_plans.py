"""What runs beside costs what there is to do, not what was ever done: none of it reads a growing table from end to end.

Ten minutes at rate showed why. A look for messages left on the way walked all messages, every five seconds, with the
one writer in its hand: at a million of them each delivery that came in that moment waited a third of a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from console import drivers
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually

FEW = {
    "agent_availability": "a row for each agent",
    "bulk_job": "a row for each job",
    "channel": "a row for each number",
    "import_batch": "a row for each file",
    "json_each": "what is asked for",
    "phrase_choice": "words that were switched",
    "portfolio_rules": "one row",
    "push_subscription": "a row for each browser that is told",
    "staged_file": "what is not sent yet; forgotten after days",
    "tag": "some dozens",
    "target": "a handful",
    "team": "a handful",
    "view_count": "a row for each team, holder and state",
    "webhook_subscription": "a handful",
}
"""The tables that stay small, and why."""
ONCE_AN_HOUR = "FROM conversation GROUP BY"
"""The sweep that makes sure of the counters reads them all, along an index."""
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
MARKS = ("message.wired_at <=", "conversation.receipt_due", "error_details IS NOT NULL", "payment.receipt_due")
"""What is heard of each look that once walked a table, or might."""


@contextmanager
def noted() -> Iterator[dict[str, Any]]:
    """Every statement of this process with what it was first given; of a lane's only the words are known."""
    asked: dict[str, Any] = {}

    def note(_link: object, _cursor: object, statement: str, given: Any, _context: object, many: bool) -> None:
        asked.setdefault(statement, given[0] if many else given)

    def of_a_lane(statement: str) -> None:
        asked.setdefault(statement, None)

    event.listen(Engine, "before_cursor_execute", note)
    drivers.listeners.append(of_a_lane)
    try:
        yield asked
    finally:
        drivers.listeners.remove(of_a_lane)
        event.remove(Engine, "before_cursor_execute", note)


async def a_days_deeds(front: Front) -> Person:
    """A message comes, somebody reads it and answers, and has the conversation."""
    await front.webhook(meta.body(meta.text("cuánto debo")))
    rosa = await front.agent("Rosa")
    await rosa.see("/inbox/1")
    await rosa.reply(1, "Buenos días, enseguida le digo.")
    return rosa


async def test_no_table_that_grows_is_read_from_end_to_end(sqlite_database_url: str, tmp_path: Path) -> None:
    with noted() as asked:
        async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
            await a_days_deeds(front)
            await eventually(
                lambda: [mark for mark in MARKS if not any(mark in each for each in asked)] == [], within=30
            )
            scanned = await read_whole(front, asked)
    assert scanned == {}


async def read_whole(front: Front, asked: dict[str, Any]) -> dict[str, list[str]]:
    """The tables that are walked, each with the statements that do."""
    found: dict[str, list[str]] = {}
    statements = list(asked.items())
    async with front.console.db.writer.connect() as connection:
        written = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'"
        of_some_rows = {row[0] for row in await connection.exec_driver_sql(written)}
        for statement, given in statements:
            if not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) or ONCE_AN_HOUR in statement:
                continue
            values = (None,) * statement.count("?") if given is None else given
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)).all()
            for table, index in re.findall(
                r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", "\n".join(map(str, plan))
            ):
                if index not in of_some_rows and is_a_walk(table, statement):
                    found.setdefault(table, []).append(statement)
    return found


def is_a_walk(table: str, statement: str) -> bool:
    """Whether reading `table` in order reads all of it: not where the first row found is the answer."""
    newest = re.search(rf"FROM {table}\s+ORDER BY {table}.id DESC\s+LIMIT", statement)
    is_ours = re.search(rf"(FROM|JOIN|UPDATE) {table}\b", statement)
    return is_ours is not None and table not in FEW and newest is None
