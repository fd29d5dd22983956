"""The history against somebody who holds the database (rows L of the fault matrix), on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console import audit, clock
from console.agents import Team
from console.audit import Actor, Verdict
from console.db import Database, Tx
from tests.conftest import SECRET_KEY, Moment

ANA = Actor(kind="agent", id=7, name="Ana Ríos", origin="192.0.2.7")


async def a_history(database: Database, entries: int = 6) -> None:
    for number in range(entries):
        async with database.transaction() as tx:
            tx.add(Team(name=f"Equipo {number}", created_at=clock.now()))
            audit.record(tx, ANA, "agent.updated", conversation_id=number, old={"n": number}, new={"n": number + 1})


async def verified(database: Database, **more: Any) -> Verdict:
    async with database.reading() as tx:
        return await audit.verify(tx, SECRET_KEY, **more)


async def anchor_of(database: Database) -> tuple[int, str]:
    verdict = await verified(database)
    return verdict.entries, verdict.head


async def attacked(database: Database, *statements: str) -> None:
    """Somebody with the rights of the database's owner: the guards are taken away first."""
    async with database.writer.begin() as connection:
        if database.is_sqlite:
            for guard in ("entry_no_update", "entry_no_delete", "head_no_delete", "head_only_grows"):
                await connection.execute(text(f"DROP TRIGGER IF EXISTS audit_{guard}"))
        else:
            await connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
            await connection.execute(text("ALTER TABLE audit_head DISABLE TRIGGER ALL"))
        for statement in statements:
            await connection.execute(text(statement))


async def test_an_untouched_history_is_intact_and_counted(database: Database) -> None:
    await a_history(database)

    verdict = await verified(database)

    assert verdict.intact
    assert verdict.entries == 6


async def test_an_empty_history_is_intact(database: Database) -> None:
    assert (await verified(database)).intact


@pytest.mark.parametrize(
    "edit",
    [
        "actor_id = 8",
        "actor_name = 'Eva'",
        "action = 'agent.created'",
        "conversation_id = 99",
        "conversation_id = NULL",
        "at_us = at_us + 1",
        'old = \'{"n":"2"}\'',
        "new = NULL",
        "origin = NULL",
        "subject = ''",
        "message_id = 0",
    ],
)
async def test_one_field_of_one_entry_edited_is_named(database: Database, edit: str) -> None:
    """L1, L8: also where two values look alike: null and empty, a number and its text."""
    await a_history(database)
    await attacked(database, f"UPDATE audit_entry SET {edit} WHERE id = 3")

    verdict = await verified(database)

    assert not verdict.intact
    assert verdict.first_bad == 3


async def test_another_normal_form_of_the_same_letters_is_another_entry(database: Database) -> None:
    """L8."""
    await a_history(database)
    await attacked(database, "UPDATE audit_entry SET actor_name = 'Ana Ri\N{COMBINING ACUTE ACCENT}os' WHERE id = 2")

    assert (await verified(database)).first_bad == 2


async def test_a_removed_entry_is_missed(database: Database) -> None:
    """L2."""
    await a_history(database)
    await attacked(database, "DELETE FROM audit_entry WHERE id = 4")

    verdict = await verified(database)

    assert not verdict.intact
    assert verdict.first_bad == 4


async def test_closing_the_gap_after_a_removal_does_not_help(database: Database) -> None:
    """L2."""
    await a_history(database)
    close = [f"UPDATE audit_entry SET id = {number - 1} WHERE id = {number}" for number in (5, 6)]
    await attacked(database, "DELETE FROM audit_entry WHERE id = 4", *close)

    assert (await verified(database)).first_bad == 4


async def test_an_inserted_entry_is_named(database: Database) -> None:
    await a_history(database)
    shift = [f"UPDATE audit_entry SET id = {number + 1} WHERE id = {number}" for number in (6, 5, 4)]
    columns = "at_us, actor_kind, actor_id, actor_name, action, conversation_id, subject, old, new, origin, hash"
    forged = f"INSERT INTO audit_entry (id, {columns}) SELECT 4, {columns} FROM audit_entry WHERE id = 3"
    await attacked(database, *shift, forged)

    assert (await verified(database)).first_bad == 4


async def test_two_entries_swapped_are_named(database: Database) -> None:
    """L4."""
    await a_history(database)
    swap = [f"UPDATE audit_entry SET id = {new} WHERE id = {old}" for old, new in ((2, 100), (5, 2), (100, 5))]
    await attacked(database, *swap)

    assert (await verified(database)).first_bad == 2


async def test_two_moments_swapped_are_named(database: Database, moment: Moment) -> None:
    """L4."""
    for _ in range(3):
        moment.passes(minutes=1)
        await a_history_of_one(database)
    async with database.reading() as tx:
        first, last = [await tx.scalar(text(f"SELECT at_us FROM audit_entry WHERE id = {number}")) for number in (1, 3)]
    await attacked(
        database,
        f"UPDATE audit_entry SET at_us = {last} WHERE id = 1",
        f"UPDATE audit_entry SET at_us = {first} WHERE id = 3",
    )

    assert (await verified(database)).first_bad == 1


async def a_history_of_one(database: Database) -> None:
    async with database.transaction() as tx:
        audit.record(tx, ANA, "agent.updated")


@pytest.mark.parametrize("kept", [5, 0])
async def test_a_cut_tail_is_noticed_by_the_sealed_head(database: Database, kept: int) -> None:
    """L5: without the anchor too, as long as the head is what the application sealed."""
    await a_history(database)
    await attacked(database, f"DELETE FROM audit_entry WHERE id > {kept}")

    verdict = await verified(database)

    assert not verdict.intact
    assert verdict.first_bad == kept + 1


async def test_a_head_moved_back_with_the_tail_does_not_bear_our_seal(database: Database) -> None:
    """L5: the seal needs the secret key, which is not in the database."""
    await a_history(database)
    await attacked(
        database,
        "DELETE FROM audit_entry WHERE id > 4",
        "UPDATE audit_head SET entry_id = 4, hash = (SELECT hash FROM audit_entry WHERE id = 4)",
    )

    assert not (await verified(database)).intact


async def test_a_head_of_the_past_with_its_true_seal_is_caught_by_the_anchor(database: Database) -> None:
    """L5: what was sealed once stays well sealed; only an anchor kept elsewhere knows that there was more."""
    await a_history(database, 4)
    async with database.reading() as tx:
        earlier = (await tx.execute(text("SELECT entry_id, hash, mac FROM audit_head"))).one()
    await a_history_of_one(database)
    anchor = await anchor_of(database)
    await attacked(
        database,
        "DELETE FROM audit_entry WHERE id > 4",
        f"UPDATE audit_head SET entry_id = {earlier.entry_id}, hash = '{earlier.hash}', mac = '{earlier.mac}'",
    )

    assert (await verified(database)).intact, "documented: without the anchor this cannot be seen"
    verdict = await verified(database, anchor=anchor)
    assert not verdict.intact
    assert verdict.first_bad == 5


async def test_a_tail_cut_and_refilled_does_not_meet_the_anchor(database: Database) -> None:
    """L6: even when the application itself, with its key, wrote what stands there now."""
    await a_history(database, 4)
    async with database.reading() as tx:
        earlier = (await tx.execute(text("SELECT entry_id, hash, mac FROM audit_head"))).one()
    await a_history_of_one(database)
    anchor = await anchor_of(database)
    await attacked(
        database,
        "DELETE FROM audit_entry WHERE id > 4",
        f"UPDATE audit_head SET entry_id = {earlier.entry_id}, hash = '{earlier.hash}', mac = '{earlier.mac}'",
    )
    async with database.transaction() as tx:
        audit.record(tx, ANA, "agent.updated", new={"other": True})

    verdict = await verified(database, anchor=anchor)

    assert not verdict.intact
    assert verdict.first_bad == 5


async def test_an_older_anchor_still_holds_as_the_history_grows(database: Database) -> None:
    await a_history(database, 3)
    anchor = await anchor_of(database)
    await a_history_of_one(database)

    assert (await verified(database, anchor=anchor)).intact


async def test_a_missing_head_is_noticed(database: Database) -> None:
    await a_history(database)
    await attacked(database, "DELETE FROM audit_head")

    assert not (await verified(database)).intact


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor_name = 'Eva'",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE id = 3",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET entry_id = 2",
    ],
)
async def test_the_application_cannot_change_the_history(database: Database, statement: str) -> None:
    """L12."""
    await a_history(database)

    with pytest.raises(DBAPIError, match="the history cannot be changed"):
        async with database.writer.begin() as connection:
            await connection.execute(text(statement))

    assert (await verified(database)).intact


@pytest.mark.parametrize("table", ["audit_entry", "audit_head"])
async def test_the_application_cannot_empty_the_history(postgres_database_url: str, table: str) -> None:
    """L12: TRUNCATE, which SQLite has not got."""
    database = Database(postgres_database_url, seal=audit.sealer(SECRET_KEY))
    await a_history(database)

    with pytest.raises(DBAPIError, match="the history cannot be changed"):
        async with database.writer.begin() as connection:
            await connection.execute(text(f"TRUNCATE {table}"))

    await database.close()


async def test_many_writers_at_once_make_one_chain(database: Database) -> None:
    """L10: no fork, no gap, and each one's entries stay together."""

    async def writes(number: int) -> None:
        async with database.transaction() as tx:
            for step in range(3):
                audit.record(tx, ANA, "agent.updated", subject=f"writer:{number}", new={"step": step})

    await asyncio.gather(*(writes(number) for number in range(30)))

    verdict = await verified(database)
    assert verdict.intact
    assert verdict.entries == 90
    async with database.reading() as tx:
        subjects = list(await tx.scalars(text("SELECT subject FROM audit_entry ORDER BY id")))
    assert all(len(set(subjects[at : at + 3])) == 1 for at in range(0, 90, 3))


async def test_no_entry_is_visible_before_one_with_a_lower_number(database: Database) -> None:
    """What follows the history by number (the reports, the stream) may so never pass an entry that comes late.

    The first has its numbers and is not committed; whoever records meanwhile waits, whichever began earlier.
    """
    seen: list[int] = []

    async def look() -> None:
        async with database.reading() as tx:
            seen.extend(entry.id for entry in await audit.entries_after(tx, seen[-1] if seen else 0))

    async def writes() -> None:
        async with database.transaction() as tx:
            audit.record(tx, ANA, "agent.updated", subject="later")

    async with database.transaction() as slow:
        audit.record(slow, ANA, "agent.updated", subject="earlier")
        await audit.sealer(SECRET_KEY)(slow)
        others = [asyncio.create_task(writes()) for _ in range(5)]
        for _ in range(20):
            await look()
            assert not seen
        assert not any(other.done() for other in others)
    while not all(other.done() for other in others):
        await look()
    await asyncio.gather(*others)
    await look()

    assert seen == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_state_and_history_commit_together_or_not_at_all(database: Database, when: str) -> None:
    """L9: what failed left no entry, and what left no entry did not happen."""

    async def fails(tx: Tx, step: Callable[[], Awaitable[None]]) -> None:
        audit.record(tx, ANA, "agent.updated")
        tx.add(Team(name="nunca", created_at=clock.now()))
        await step()
        raise RuntimeError("on purpose")

    async def nothing() -> None:
        return

    with pytest.raises(RuntimeError, match="on purpose"):
        async with database.transaction() as tx:
            await fails(tx, tx.flush if when == "after" else nothing)

    async with database.reading() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM team WHERE name = 'nunca'")) == 0
    assert (await verified(database)).entries == 0


async def test_another_key_does_not_verify(database: Database) -> None:
    await a_history(database)

    async with database.reading() as tx:
        verdict = await audit.verify(tx, "another secret, just as long as the first one")

    assert not verdict.intact
