"""Lanes: one transaction for what goes to the driver and through the session, and nothing left of failures."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import select, text

from console import audit, clock
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
