"""Many rows at once, on both databases: what is written comes back as it was, and is found by an index."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select, text

from console.agents import Agent, Team
from console.audit import SYSTEM, AuditHead, record
from console.bulk import among, bulk_update, fetch
from console.db import Database, Tx, bulk_insert, next_ids, table_of
from console.inbox import changes, headers, identity, receive, rows, threads, ticks
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message

AT = datetime(2026, 11, 20, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=-5)))
# What everything that arrives or is shown passes, whatever the number of rows already there.
HOT: dict[str, Any] = {
    "receive, known": receive._KNOWN,
    "receive, lock": receive._LOCK,
    "identity, aliases": identity._ALIASES,
    "identity, names": identity._NAMES,
    "ticks, by wamid": ticks._BY_WAMID,
    "ticks, by ref": ticks._BY_REF,
    "ticks, kept": ticks._KEPT,
    "changes, before": changes._BEFORE,
    "rows, row": rows._ROW,
    "rows, marks": rows._MARKS,
    "headers, headers": headers._HEADERS,
    "threads, messages": threads._MESSAGES,
    "threads, media": threads._MEDIA,
    "threads, names": threads._NAMES,
    "threads, quoted": threads._QUOTED,
}


async def written(tx: Tx, **more: Any) -> int:
    """A message of somebody, and everything that it hangs on."""
    team, contact = Team(name="Uno", created_at=AT), Contact(created_at=AT)
    tx.add_all([team, contact])
    await tx.flush()
    channel = Channel(phone_number_id="1", business_account_id="2", team_id=team.id, created_at=AT)
    tx.add(channel)
    await tx.flush()
    kept = {"created_at": AT, "updated_at": AT, "last_at": AT, "status": "open", "team_id": team.id}
    conversation = Conversation(channel_id=channel.id, contact_id=contact.id, **kept)
    tx.add(conversation)
    await tx.flush()
    [number] = await next_ids(tx, Message, 1)
    row = {
        "id": number,
        "conversation_id": conversation.id,
        "channel_id": channel.id,
        "sequence": 1,
        "direction": "in",
        "author_kind": "contact",
        "kind": "text",
        "status": "received",
        "attempts": 0,
        "late": False,
        "forwarded": True,
        "version": 1,
        "created_at": AT,
    }
    await bulk_insert(tx, Message, [row | more])
    return number


async def test_what_is_inserted_in_bulk_comes_back_as_it_was(database: Database) -> None:
    salt, content = bytes(range(16)), {"body": "ñ 🙏 \"'\\", "n": [1, None, 2.5]}
    async with database.transaction() as tx:
        number = await written(tx, text='O\'Higgins \\ "ñ" \ufffd', salt=salt, content=content, wamid="w", read_at=None)

    async with database.reading() as tx:
        message = await tx.get_one(Message, number)
    assert (message.text, message.salt, message.content) == ('O\'Higgins \\ "ñ" \ufffd', salt, content)
    assert (message.created_at, message.created_at.tzinfo, message.read_at) == (AT, UTC, None)
    assert (message.late, message.forwarded) == (False, True)


async def test_what_is_updated_in_bulk_comes_back_and_counts_its_version(database: Database) -> None:
    async with database.transaction() as tx:
        number = await written(tx, wamid="w")
        await bulk_update(tx, Message, [{"id": number, "text": "ñ", "read_at": AT, "wamid": None, "salt": b"\x00\xff"}])

    async with database.reading() as tx:
        message = await tx.get_one(Message, number)
    assert (message.text, message.read_at, message.wamid, message.salt) == ("ñ", AT, None, b"\x00\xff")
    assert message.version == 2


async def test_a_naive_moment_is_refused_in_bulk_too(database: Database) -> None:
    with pytest.raises(ValueError, match="naive"):
        async with database.transaction() as tx:
            await written(tx, read_at=datetime(2026, 11, 20))  # noqa: DTZ001 that is the point


async def test_any_number_of_values_may_be_asked_for(database: Database) -> None:
    async with database.transaction() as tx:
        number = await written(tx, wamid='it\'s "one"')
        by_wamid = select(Message.id).where(among(Message.wamid, "wamids"))
        by_id = select(Message.id).where(among(Message.id, "ids"))

        assert await fetch(tx, by_wamid, {"wamids": []}) == []
        assert await fetch(tx, by_wamid, {"wamids": {'it\'s "one"', "two"}}) == [(number,)]
        assert await fetch(tx, by_id, {"ids": range(number + 1, number + 50_000)}) == []
        assert await fetch(tx, by_id, {"ids": {number: None}.keys()}) == [(number,)]


@pytest.mark.parametrize("name", HOT)
async def test_nothing_on_the_hot_path_reads_a_whole_table(sqlite_database_url: str, name: str) -> None:
    """C5: a planner without statistics must find the index by itself; a scan is only seen when there are many rows."""
    database = Database(sqlite_database_url)
    try:
        async with database.reading() as tx:
            asked = str(HOT[name].compile(database.reader.sync_engine))
            plan = [row[3] for row in await tx.execute(text(f"EXPLAIN QUERY PLAN {_with_nulls(asked)}"))]
    finally:
        await database.close()

    scans = [step for step in plan if step.startswith("SCAN") and "json_each" not in step]
    assert not scans, plan


def _with_nulls(asked: str) -> str:
    return asked.replace("?", "NULL")


async def test_a_unit_of_work_in_the_fast_lane_commits_whole_or_not_at_all(database: Database) -> None:
    told: list[Any] = []
    database.tell = told.extend

    async def half(tx: Tx) -> None:
        await written(tx)
        record(tx, SYSTEM, "message.received")
        raise RuntimeError("half-way")

    async def whole(tx: Tx) -> str:
        await written(tx)
        record(tx, SYSTEM, "message.received")
        return "done"

    with pytest.raises(RuntimeError, match="half-way"):
        await database.write(half)
    assert not told
    assert await database.write(whole) == "done"

    assert [entry.action for entry in told] == ["message.received"]
    async with database.reading() as tx:
        assert len((await tx.scalars(select(Message))).all()) == 1
        assert (await tx.get_one(AuditHead, 1)).entry_id == 1


async def test_the_fast_lane_for_reading_cannot_write_on_sqlite(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url)

    async def write(tx: Tx) -> None:
        await bulk_insert(tx, Team, [{"name": "Uno", "created_at": AT}])

    try:
        with pytest.raises(Exception, match="readonly"):
            await database.read(write)
    finally:
        await database.close()


async def test_the_fast_lane_of_sqlite_waits_for_nothing_but_its_database(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url)

    async def sleeps(tx: Tx) -> None:
        tx.add(Agent(name="Ana", role="agent", created_at=AT))
        await asyncio.sleep(0)

    try:
        with pytest.raises(RuntimeError, match="waited for something else"):
            await database.write(sleeps)
        async with database.transaction() as tx:
            assert (await tx.scalars(select(Agent))).all() == []
    finally:
        await database.close()


async def test_writers_in_both_lanes_take_turns(database: Database) -> None:
    async def in_the_fast_lane(number: int) -> None:
        async def work(tx: Tx) -> None:
            tx.add(Team(name=f"fast {number}", created_at=AT))

        await database.write(work)

    async def in_the_other(number: int) -> None:
        async with database.transaction() as tx:
            tx.add(Team(name=f"slow {number}", created_at=AT))

    await asyncio.gather(*(lane(n) for n in range(20) for lane in (in_the_fast_lane, in_the_other)))

    async with database.reading() as tx:
        assert len(await fetch(tx, select(table_of(Team).c.id))) == 40


async def test_who_gives_up_waiting_does_not_leave_a_writer_behind(database: Database) -> None:
    async def work(tx: Tx) -> None:
        tx.add(Team(name="late", created_at=AT))

    going = asyncio.create_task(database.write(work))
    await asyncio.sleep(0)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)

    async with database.transaction() as tx:
        tx.add(Team(name="next", created_at=AT))
