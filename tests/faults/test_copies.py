"""Copies and the way back where something is in the way: a full disk, a damaged database, an older schema. D4, D5, F21.

What they are when all goes well is in test_cli.py.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import tarfile
from collections.abc import Iterator

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from console import migrations
from tests.databases import apart
from tests.test_cli import Shell, _postgres_tools, house, shell

__all__ = ["house", "shell"]
FORMER = "0050"


@pytest.fixture
def postgres_house(shell: Shell, postgres_database_url: str) -> Shell:
    """An installation on PostgreSQL with its tools, migrated."""
    shell.has(ALDIA_DATABASE_URL=postgres_database_url, PATH=f"{_postgres_tools()}:{os.environ['PATH']}")
    return shell


def test_a_copy_of_postgresql_that_is_not_believed_replaces_nothing(postgres_house: Shell) -> None:
    """D4: the history is verified before the exchange counts; under another key it is nobody's."""
    copy = postgres_house.folder / "copy.tar"
    _add(postgres_house, "ana")
    postgres_house.does("backup", str(copy))
    _add(postgres_house, "luz")
    postgres_house.has(ALDIA_SECRET_KEY="another key than the one that the copy was sealed with")

    code, _, said = postgres_house.says("restore", str(copy))

    assert code == 1
    assert "no está íntegro" in said
    people = postgres_house.does("user", "list")
    assert "ana@" in people
    assert "luz@" in people


def test_a_copy_of_a_former_release_is_put_back_over_the_tables_of_a_later_one(shell: Shell, postgres_url: str) -> None:
    """D5, D2: as after an upgrade that went wrong; tables made since hold on to those that are replaced."""
    copy = shell.folder / "copy.tar"
    with _empty_database(postgres_url) as url:
        shell.has(ALDIA_DATABASE_URL=url, PATH=f"{_postgres_tools()}:{os.environ['PATH']}")
        apart(_migrate_to(url, FORMER))
        shell.does("backup", str(copy))
        shell.does("migrate")
        _add(shell, "ana")

        code, _, said = shell.says("restore", str(copy))

        assert code == 0, said
        assert "ana@" not in shell.does("user", "list")
        assert "1 entradas, íntegras" in shell.does("audit", "verify"), "that it was put back"


def test_roles_of_another_host_are_no_reason_not_to_put_a_copy_back(postgres_house: Shell, postgres_url: str) -> None:
    """D4: a copy names the role that serves, which the other host may not have."""
    copy, role = postgres_house.folder / "copy.tar", f"aldia_app_{os.getpid()}"
    _add(postgres_house, "ana")
    apart(_say(postgres_url, f"CREATE ROLE {role}"))
    try:
        postgres_house.does("migrate", "--grant-to", role)
        postgres_house.does("backup", str(copy))
    finally:
        url = os.environ["ALDIA_DATABASE_URL"]
        apart(_say(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}"))

    code, _, said = postgres_house.says("restore", str(copy))

    assert code == 0, said
    assert "ana@" in postgres_house.does("user", "list")


def test_a_copy_of_postgresql_is_not_put_back_under_a_process_that_serves(
    postgres_house: Shell, redis_url: str
) -> None:
    """D5: with Redis any number may serve, and one that goes on would send again what the copy has waiting."""
    copy = postgres_house.folder / "copy.tar"
    _add(postgres_house, "ana")
    postgres_house.does("backup", str(copy))
    postgres_house.has(ALDIA_REDIS_URL=redis_url)
    with postgres_house.serving():
        code, _, said = postgres_house.says_apart("restore", str(copy))
    assert code == 1
    assert "detenga" in said

    assert postgres_house.says("restore", str(copy))[0] == 0


def test_a_damaged_database_is_replaced_and_kept(house: Shell) -> None:
    """F26: it is for this that there are copies."""
    copy = house.folder / "copy.tar"
    _add(house, "ana")
    house.does("backup", str(copy))
    with house.database.open("r+b") as file:
        file.write(b"other bytes than it took " * 200)
    damaged = house.database.read_bytes()
    assert "aldia restore" in house.says("serve", "--port", str(house.port))[2]

    code, _, said = house.says("restore", str(copy))

    assert code == 0, said
    assert "ana@" in house.does("user", "list")
    assert house.database.with_name("aldia.db.before-restore").read_bytes() == damaged


def test_a_database_that_somebody_holds_is_not_pulled_from_under_them(house: Shell) -> None:
    copy = house.folder / "copy.tar"
    _add(house, "ana")
    house.does("backup", str(copy))
    with contextlib.closing(sqlite3.connect(house.database)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM audit_entry").fetchall()
        code, _, said = house.says("restore", str(copy))
    assert code == 1
    assert len(said.splitlines()) == 1
    assert "abierta" in said
    assert house.says("restore", str(copy))[0] == 0


@contextlib.contextmanager
def _disk_of(bytes_: int) -> Iterator[None]:
    """No file of this process may become larger: what a full disk is to whoever writes it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("room", [100_000, 2_000_000], ids=["not the database", "not the attachments"])
def test_a_copy_that_does_not_fit_is_said_in_a_line_and_leaves_nothing(house: Shell, room: int) -> None:
    """F21: half a copy a night would take the room of the next one."""
    attached = house.folder / "media" / "ab" / "cd"
    attached.mkdir(parents=True)
    (attached / "abcd").write_bytes(b"x" * 1_000_000)
    assert 100_000 < house.database.stat().st_size < 2_000_000 < house.database.stat().st_size + 1_000_000
    copies = house.folder / "copies"
    copies.mkdir()

    with _disk_of(room):
        code, _, said = house.says("backup", str(copies / "copy.tar"))

    assert code == 1
    assert len(said.splitlines()) == 1
    assert "no se pudo" in said
    assert list(copies.iterdir()) == []


def test_a_disk_without_a_byte_left_is_said_as_that(house: Shell) -> None:
    """F21: and not as an address that is wrong."""
    _add(house, "ana")
    with _disk_of(10_000):
        for command in ("audit", "verify"), ("doctor",):
            code, out, said = house.says(*command)
            assert code == 1
            assert "disco" in out + said
            assert "ALDIA_DATABASE_URL" not in out + said
            assert len(said.splitlines()) == 1


def test_attachments_that_do_not_fit_leave_the_database_as_it_is(house: Shell) -> None:
    """F21, D5: and what was begun of them is replaced when there is room."""
    attached, copy = house.folder / "media" / "ab" / "cd" / "abcd", house.folder / "copy.tar"
    attached.parent.mkdir(parents=True)
    attached.write_bytes(b"x" * 3_000_000)
    house.does("backup", str(copy))
    _add(house, "ana")
    attached.unlink()

    with _disk_of(2_000_000):
        code, _, said = house.says("restore", str(copy))

    assert code == 1
    assert len(said.splitlines()) == 1
    assert "ana@" in house.does("user", "list"), "nothing was exchanged"
    assert not attached.exists()
    attached.write_bytes(b"x" * 1000)
    assert house.says("restore", str(copy))[0] == 0
    assert attached.stat().st_size == 3_000_000
    assert "ana@" not in house.does("user", "list")


def test_what_is_just_coming_in_is_no_part_of_a_copy(house: Shell) -> None:
    """D4: an attachment half fetched has another name, or none, by the time its turn comes."""
    unfinished = house.folder / "media" / "tmp" / "0f"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half")
    house.does("backup", str(house.folder / "copy.tar"))
    with tarfile.open(house.folder / "copy.tar") as tar:
        assert tar.getnames() == ["manifest.json", "aldia.sqlite"]


def _add(shell: Shell, name: str) -> None:
    shell.does("user", "add", f"{name}@andes.example", "--name", name.title(), "--role", "agent")


@contextlib.contextmanager
def _empty_database(server: str) -> Iterator[str]:
    name = f"aldia_copies_{os.getpid()}"
    apart(_say(server, f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        apart(_say(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _say(url: str, *orders: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        for order in orders:
            await connection.execute(order)
    finally:
        await connection.close()


async def _migrate_to(url: str, step: str) -> None:
    def upgrade(connection: Connection) -> None:
        command.upgrade(migrations.configuration(connection), step)

    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade)
            await connection.commit()
    finally:
        await engine.dispose()
