"""Lanes: one transaction for what goes to the driver and through the session, and nothing left of failures."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text

from console import audit, clock, lanes
from console.agents import Team
from console.audit import SYSTEM, AuditEntry
from console.bulk import fetch
from console.db import Database, Tx, bulk_insert, is_away, table_of

_TEAMS = select(table_of(Team).c.name).order_by(table_of(Team).c.name)


async def names(database: Database) -> list[str]:
    async def work(tx: Tx) -> list[str]:
        return [row.name for row in await fetch(tx, _TEAMS)]

    return await database.read(work)


async def a_team_each_way(tx: Tx) -> None:
    tx.add(Team(name="por la sesión", created_at=clock.now()))
    await tx.flush()
    await bulk_insert(tx, Team, [{"name": "por el carril", "created_at": clock.now()}])
    audit.record(tx, SYSTEM, "team.created", subject="team:1")


async def test_what_goes_either_way_is_committed_together(database: Database) -> None:
    await database.write(a_team_each_way)

    assert await names(database) == ["por el carril", "por la sesión"]


async def test_nothing_is_left_of_a_unit_that_fails(database: Database) -> None:
    async def failing(tx: Tx) -> None:
        await a_team_each_way(tx)
        tx.add(Team(name="nunca escrito", created_at=clock.now()))
        raise ValueError("changed its mind")

    with pytest.raises(ValueError, match="changed its mind"):
        await database.write(failing)
    assert await names(database) == []

    async def another(tx: Tx) -> None:
        audit.record(tx, SYSTEM, "team.updated", subject="team:2")

    await database.write(another)
    async with database.reading() as tx:
        assert (await tx.scalars(select(AuditEntry.action))).all() == ["team.updated"]


async def test_units_take_their_turn(database: Database) -> None:
    async def add(tx: Tx, name: str) -> None:
        await bulk_insert(tx, Team, [{"name": name, "created_at": clock.now()}])
        audit.record(tx, SYSTEM, "team.created", subject="team:1")

    await asyncio.gather(*(database.write(partial(add, name=f"equipo {n:02}")) for n in range(20)))

    assert len(await names(database)) == 20
    async with database.reading() as tx:
        assert (await tx.scalars(select(AuditEntry.id).order_by(AuditEntry.id))).all() == list(range(1, 21))


async def test_a_statement_whose_text_depends_on_its_values_is_refused(database: Database) -> None:
    async def work(tx: Tx) -> None:
        await fetch(tx, select(table_of(Team).c.id).where(table_of(Team).c.id.in_([1, 2])))

    with pytest.raises(TypeError, match="among"):
        await database.read(work)


async def test_a_lane_that_was_cut_off_is_opened_anew(postgres_database_url: str) -> None:
    database = Database(postgres_database_url)
    try:
        await database.write(a_team_each_way)

        async def cut(tx: Tx) -> None:
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        with pytest.raises(Exception) as failed:  # noqa: PT011 whatever the driver says of it
            await database.write(cut)
        assert is_away(failed.value)

        assert await names(database) == ["por el carril", "por la sesión"]
        await database.write(lambda tx: bulk_insert(tx, Team, [{"name": "y otra", "created_at": clock.now()}]))
        assert len(await names(database)) == 3
    finally:
        await database.close()


@contextmanager
def another_process_writes(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else has SQLite's one lock, as a command beside the server would."""
    other = sqlite3.connect(file, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield other
    finally:
        other.close()


@pytest.fixture
async def sqlite_file(sqlite_database_url: str) -> Path:
    return Path(sqlite_database_url.partition(":///")[2])


async def test_while_another_process_writes_the_loop_goes_on(sqlite_database_url: str, sqlite_file: Path) -> None:
    database = Database(sqlite_database_url)
    try:
        await database.write(partial(two_teams, names=("una", "otra")))
        with another_process_writes(sqlite_file) as other:
            writing = asyncio.create_task(database.write(a_team_each_way))
            # Were the loop to wait for the lock, it would not come back here while the other has it.
            for _ in range(20):
                assert len(await names(database)) == 2
                await asyncio.sleep(0)
            assert not writing.done()
            other.execute("COMMIT")
            await writing
        assert len(await names(database)) == 4
    finally:
        await database.close()


async def test_a_lock_that_is_never_given_is_the_databases_trouble(
    sqlite_database_url: str, sqlite_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "LOCK_SECONDS", 0.05)
    database = Database(sqlite_database_url)
    try:
        await database.write(partial(two_teams, names=("una", "otra")))
        for lengthy in (False, True):
            with another_process_writes(sqlite_file), pytest.raises(sqlite3.OperationalError, match="locked") as failed:
                await database.write(a_team_each_way, lengthy=lengthy)
            assert is_away(failed.value)
        await database.write(a_team_each_way, lengthy=True)
        assert len(await names(database)) == 4
    finally:
        await database.close()


async def test_a_lengthy_unit_leaves_the_loop_to_others(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url)
    on_the_loop = asyncio.get_running_loop()
    heard: list[str] = []

    async def lengthy(tx: Tx) -> None:
        await a_team_each_way(tx)
        # Only a loop that is not standing still can answer from here.
        asyncio.run_coroutine_threadsafe(_hear(heard), on_the_loop).result(timeout=20)

    try:
        await database.write(lengthy, lengthy=True)
        assert heard == ["the loop"]
        assert len(await names(database)) == 2
    finally:
        await database.close()


async def two_teams(tx: Tx, names: tuple[str, str]) -> None:
    await bulk_insert(tx, Team, [{"name": name, "created_at": clock.now()} for name in names])
    audit.record(tx, SYSTEM, "team.created", subject="team:1")


async def _hear(heard: list[str]) -> None:
    heard.append("the loop")


async def test_whoever_is_cancelled_leaves_nothing_half_done(sqlite_database_url: str) -> None:
    database = Database(sqlite_database_url)
    try:
        for n in range(5):
            writing = asyncio.create_task(database.write(partial(two_teams, names=(f"una {n}", f"otra {n}"))))
            await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        stood = len(await names(database))
        assert stood % 2 == 0
        await database.write(lambda tx: bulk_insert(tx, Team, [{"name": "y otra", "created_at": clock.now()}]))
        assert len(await names(database)) == stood + 1
    finally:
        await database.close()


async def test_a_slow_disk_is_waited_for_aside(sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a commit takes is too long here: the first is made on the loop, the next ones are not, then one is."""
    monkeypatch.setattr(lanes, "SLOW_COMMIT", -1.0)
    monkeypatch.setattr(lanes, "COMMITS_ASIDE", 3)
    aside: list[int] = []
    settle = lanes.SqliteWriteLane._aside

    async def noted(lane: lanes.SqliteWriteLane, work: Callable[[], None]) -> None:
        aside.append(n)
        await settle(lane, work)

    monkeypatch.setattr(lanes.SqliteWriteLane, "_aside", noted)
    database = Database(sqlite_database_url)
    try:
        for n in range(6):
            await database.write(partial(two_teams, names=(f"una {n}", f"otra {n}")))
        assert aside == [1, 2, 3, 5]
        assert len(await names(database)) == 12
    finally:
        await database.close()
