"""A file that still says what a person had corrected: the corrected stays, whenever the file was compared."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from console import clock
from console.db import Database
from console.portfolio.corrections import Correction, Field
from console.portfolio.models import Debtor
from console.portfolio.names import name_key
from console.privacy.models import Kind, PrivacyRequest
from console.settings import Settings
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, an_inbox
from tests.portfolio.files import HEADER, MARIA, a_csv, committed, confirmed, prepared, settings_in

NAME = "María Fernanda Ccori"


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
def settings(tmp_path: Path, inbox: Inbox) -> Settings:
    return settings_in(tmp_path)


async def corrected(database: Database, inbox: Inbox) -> None:
    """María's name was wrong in the first file, and she had it corrected here."""
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        request = PrivacyRequest(
            kind=Kind.RECTIFICATION,
            contact_id=conversation.contact_id,
            conversation_id=conversation.id,
            country="PE",
            asked_on=clock.now().date(),
            due_on=clock.now().date() + timedelta(days=10),
            created_at=clock.now(),
        )
        tx.add(request)
        await tx.flush()
        debtor = (await tx.scalars(select(Debtor))).one()
        of = {"debtor_id": debtor.id, "request_id": request.id, "corrected_at": clock.now()}
        tx.add(Correction(field=Field.NAME, was=debtor.name, became=NAME, **of))
        debtor.name, debtor.name_key = NAME, name_key(NAME)


async def stands(database: Database) -> tuple[str, int | None]:
    """The name, and the file that contested it last."""
    async with database.reading() as tx:
        name = (await tx.scalars(select(Debtor.name))).one()
        return name, await tx.scalar(select(Correction.batch_id))


def with_birth(row: list[str], year: str) -> list[str]:
    return [*row, year]


async def test_a_file_with_the_old_name_changes_what_else_it_says(
    database: Database, settings: Settings, tmp_path: Path, inbox: Inbox
) -> None:
    await committed(database, settings, a_csv(tmp_path / "a.csv", HEADER, MARIA))
    await corrected(database, inbox)

    again = await committed(
        database, settings, a_csv(tmp_path / "b.csv", [*HEADER, "Año de nacimiento"], with_birth(MARIA, "1984"))
    )

    assert again.why is None
    assert await stands(database) == (NAME, again.id)
    async with database.reading() as tx:
        assert (await tx.scalars(select(Debtor.birth_year))).one() == 1984


async def test_a_file_compared_before_the_correction_and_confirmed_after_it_does_not_undo_it(
    database: Database, settings: Settings, tmp_path: Path, inbox: Inbox
) -> None:
    await committed(database, settings, a_csv(tmp_path / "a.csv", HEADER, MARIA))
    rows = [[*HEADER, "Año de nacimiento"], with_birth(MARIA, "1984")]
    waiting = await prepared(database, settings, a_csv(tmp_path / "b.csv", *rows))
    await corrected(database, inbox)

    await confirmed(database, settings, waiting)

    assert await stands(database) == (NAME, waiting.id)


@pytest.mark.parametrize("said", [NAME, "María F. Ccori Rojas"])
async def test_what_is_new_is_taken(
    database: Database, settings: Settings, tmp_path: Path, inbox: Inbox, said: str
) -> None:
    await committed(database, settings, a_csv(tmp_path / "a.csv", HEADER, MARIA))
    await corrected(database, inbox)

    await committed(database, settings, a_csv(tmp_path / "b.csv", HEADER, [MARIA[0], said, *MARIA[2:]]))

    assert await stands(database) == (said, None)
