"""Seals: signed from time to time, kept elsewhere, and found out about when they or the history are touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console import audit, clock
from console.audit import Verdict
from console.db import Database
from console.evidence import keeping, seals, verifying
from console.evidence.keys import signer_of
from console.evidence.seals import Sealed
from console.settings import Settings
from tests.conftest import SECRET_KEY, Moment
from tests.front import settings_for
from tests.test_audit import a_history, attacked

SIGNER = signer_of(SECRET_KEY)


async def sealed(database: Database) -> int:
    return await seals.seal_up(database, SIGNER, clock.now())


async def all_seals(database: Database) -> list[Sealed]:
    async with database.reading() as tx:
        return [seals.plainly(row) for row in await seals.every(tx)]


async def checked(
    database: Database, *, kept: Sequence[Sealed] = (), keys: Sequence[str] = (SIGNER.public,)
) -> Verdict:
    async with database.reading() as tx:
        return await verifying.check(tx, SECRET_KEY, keys=keys, now=clock.now(), kept=kept)


async def two_seals(database: Database) -> None:
    await a_history(database)
    await sealed(database)
    async with database.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "channel.updated")
    await sealed(database)


async def unguarded(database: Database, *statements: str) -> None:
    async with database.writer.begin() as connection:
        if database.is_sqlite:
            for verb in ("update", "delete"):
                await connection.execute(text(f"DROP TRIGGER IF EXISTS audit_seal_no_{verb}"))
        else:
            await connection.execute(text("ALTER TABLE audit_seal DISABLE TRIGGER ALL"))
        for statement in statements:
            await connection.execute(text(statement))


async def test_what_is_new_is_sealed_once_and_every_seal_holds(database: Database) -> None:
    await two_seals(database)

    again = await sealed(database)
    found = await all_seals(database)
    verdict = await checked(database)

    assert again == 0
    assert [(seal.number, seal.first, seal.last) for seal in found] == [(1, 1, 6), (2, 7, 7)]
    assert verdict.intact
    assert (verdict.entries, verdict.seals, verdict.notes) == (7, 2, [])


async def test_a_seal_cannot_be_changed_or_removed(database: Database) -> None:
    await two_seals(database)

    for statement in ("UPDATE audit_seal SET root = head", "DELETE FROM audit_seal WHERE id = 2"):
        with pytest.raises(DBAPIError, match="history cannot be changed"):
            async with database.writer.begin() as connection:
                await connection.execute(text(statement))


@pytest.mark.parametrize(
    ("attack", "bad", "said"),
    [
        ("UPDATE audit_seal SET signature = (SELECT signature FROM audit_seal WHERE id = 2) WHERE id = 1", 6, "firma"),
        ("UPDATE audit_seal SET at_us = at_us - 1 WHERE id = 2", 7, "firma"),
        ("UPDATE audit_seal SET key = root WHERE id = 1", 6, "firma"),
        ("DELETE FROM audit_seal WHERE id = 1", 7, "falta o sobra un sello"),
    ],
)
async def test_a_touched_seal_is_named(database: Database, attack: str, bad: int, said: str) -> None:
    await two_seals(database)
    await unguarded(database, attack)

    verdict = await checked(database)

    assert not verdict.intact
    assert verdict.first_bad == bad
    assert said in str(verdict.reason)


async def test_a_history_rewritten_with_the_secret_is_caught_by_the_seals_kept_elsewhere(database: Database) -> None:
    """L6: cut, filled up to the same length and sealed anew by somebody who has everything but our file."""
    await two_seals(database)
    kept = await all_seals(database)
    await attacked(
        database,
        "DELETE FROM audit_entry WHERE id > 5",
        "UPDATE audit_head SET entry_id = 5, hash = (SELECT hash FROM audit_entry WHERE id = 5)",
    )
    await unguarded(database, "DELETE FROM audit_seal")
    for _ in range(2):
        async with database.transaction() as tx:
            audit.record(tx, audit.SYSTEM, "channel.resumed")
    await sealed(database)

    assert (await checked(database)).intact, "documented: without the copies this cannot be seen"
    verdict = await checked(database, kept=kept)
    assert not verdict.intact
    assert verdict.first_bad == 6
    assert "copia externa del sello 1" in str(verdict.reason)


async def test_a_history_cut_together_with_its_seals_is_shorter_than_the_copies_say(database: Database) -> None:
    await two_seals(database)
    kept = await all_seals(database)
    async with database.reading() as tx:
        head = (await tx.execute(text("SELECT hash FROM audit_entry WHERE id = 6"))).scalar_one()
    mac = audit._mac(audit._key(SECRET_KEY), 6, head)
    await attacked(
        database,
        "DELETE FROM audit_entry WHERE id > 6",
        f"UPDATE audit_head SET entry_id = 6, hash = '{head}', mac = '{mac}'",
    )
    await unguarded(database, "DELETE FROM audit_seal WHERE id = 2")

    assert (await checked(database)).intact
    verdict = await checked(database, kept=kept)
    assert not verdict.intact
    assert (verdict.first_bad, verdict.reason) == (7, "el historial termina antes que el sello 2")


async def test_a_forged_copy_from_outside_is_not_believed(database: Database) -> None:
    await two_seals(database)
    [first, _] = await all_seals(database)
    other = signer_of("another secret key, as long as the first one")
    forged = Sealed(**{name: getattr(first, name) for name in Sealed.__struct_fields__} | {"key": other.public})

    verdict = await checked(database, kept=[forged])

    assert not verdict.intact
    assert "copia externa" in str(verdict.reason)


async def test_seals_of_a_rotated_secret_hold_while_their_key_is_trusted(database: Database) -> None:
    await two_seals(database)
    new = signer_of("the next secret key, which is as long as it must be")

    assert not (await checked(database, keys=[new.public])).intact
    assert (await checked(database, keys=[new.public, SIGNER.public])).intact


async def test_a_clock_that_was_put_back_is_said_and_breaks_nothing(database: Database, moment: Moment) -> None:
    """Clock skew on a seal: earlier than what it covers, earlier than the seal before, later than now."""
    await a_history(database)
    moment.passes(minutes=-30)
    await sealed(database)
    async with database.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "channel.updated")
    moment.passes(minutes=-30)
    await sealed(database)
    moment.passes(days=-1)

    verdict = await checked(database)

    assert verdict.intact
    assert len(verdict.notes) == 4
    assert "El sello 1 dice 2026-11-20 14:30:00 UTC, antes que la entrada 6" in verdict.notes[0]
    assert "aún no llega" in verdict.notes[1]


async def test_only_what_is_newer_than_a_seal_is_read_when_asked(database: Database) -> None:
    await two_seals(database)
    await attacked(database, "UPDATE audit_entry SET origin = 'x' WHERE id = 2")
    async with database.reading() as tx:
        verdict = await verifying.check(
            tx, SECRET_KEY, keys=[SIGNER.public], now=clock.now(), since=await seals.newest(tx)
        )

    assert verdict.intact
    assert not (await checked(database)).intact


async def test_nothing_is_signed_over_a_hole(database: Database) -> None:
    await a_history(database)
    await attacked(database, "DELETE FROM audit_entry WHERE id = 4")

    assert await sealed(database) == 0


async def test_the_file_outside_gets_each_seal_and_whoever_lost_it_gets_them_again(
    database: Database, tmp_path: Path
) -> None:
    await two_seals(database)
    outside = tmp_path / "elsewhere" / "seals.jsonl"

    first = await keeping.hand_over(database, keeping.File(outside), clock.now())
    second = await keeping.hand_over(database, keeping.File(outside), clock.now())

    assert (first, second) == (2, 0)
    assert keeping.read_kept(outside) == await all_seals(database)
    assert (await checked(database, kept=keeping.read_kept(outside))).intact


async def test_a_witness_that_is_away_stops_no_sealing_and_is_told_later(database: Database, tmp_path: Path) -> None:
    await a_history(database)
    (tmp_path / "blocked").write_text("a file, where a folder should be")
    settings = settings_for("sqlite+aiosqlite://", tmp_path, seal_file=tmp_path / "blocked" / "seals.jsonl")

    await keeping.seal_and_keep(database, settings)
    assert len(await all_seals(database)) == 1
    (tmp_path / "blocked").unlink()
    await keeping.seal_and_keep(database, settings)

    assert len(keeping.read_kept(tmp_path / "blocked" / "seals.jsonl")) == 1


async def test_the_mail_goes_once_a_day_with_the_newest_seal(
    database: Database, moment: Moment, settings: Settings
) -> None:
    box: list[str] = []

    class Post:
        def send(self, *, to: str, subject: str, text: str) -> None:
            box.append(f"{to}\n{subject}\n{text}")

    letter = keeping.Letter(Post(), "notaria@andes.example", settings.company)  # type: ignore[arg-type]
    await two_seals(database)
    await keeping.hand_over(database, letter, clock.now())
    async with database.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "channel.updated")
    moment.passes(minutes=20)
    await sealed(database)
    waits = await keeping.hand_over(database, letter, clock.now())
    later = await keeping.hand_over(database, letter, clock.now() + timedelta(days=1))

    assert (waits, later) == (0, 1)
    assert ["Sello 2 del historial" in box[0], "Sello 3 del historial" in box[1]] == [True, True]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for("sqlite+aiosqlite://", tmp_path)
