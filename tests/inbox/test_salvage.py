"""One element that our own code or the database cannot digest loses nothing that stands beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text

from console import audit
from console.db import Database
from console.inbox.channel import DeadLetter
from console.inbox.ingest import Ingest
from console.inbox.models import Conversation, Message
from tests.conftest import SECRET_KEY, Moment
from tests.inbox import meta
from tests.inbox.people import Inbox, an_inbox

# Something in the database that no release of ours foresaw: a row it will not take.
POISON = {
    "sqlite": """CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.text = 'veneno'
        BEGIN SELECT RAISE(ABORT, 'poison'); END""",
    "postgresql": """CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.text = 'veneno' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;""",
}


@pytest.fixture(autouse=True)
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
async def door(database: Database) -> AsyncIterator[Ingest]:
    async with database.transaction() as tx:
        await tx.execute(text(POISON["sqlite" if database.is_sqlite else "postgresql"]))
        if not database.is_sqlite:
            trigger = "CREATE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION poison()"
            await tx.execute(text(trigger))
    door = Ingest(database)
    door.start()
    yield door
    await door.stop()


async def test_what_stands_beside_a_poisoned_message_is_taken_in_their_order(database: Database, door: Ingest) -> None:
    """And the whole delivery is kept, so that the one can be taken later; what comes again is a repeat."""
    words = ["uno", "dos", "veneno", "tres", "cuatro", "veneno", "cinco"]
    body = meta.body(*(meta.text(one) for one in words), statuses=[meta.status("wamid.NOBODY", "sent")])

    await door.accept(body)
    await door.accept(body)

    async with database.reading() as tx:
        said = list(await tx.scalars(select(Message.text).order_by(Message.sequence)))
        letter = (await tx.scalars(select(DeadLetter))).one()
        conversation = (await tx.scalars(select(Conversation))).one()
        verdict = await audit.verify(tx, SECRET_KEY)
    assert said == ["uno", "dos", "tres", "cuatro", "cinco"]
    assert conversation.inbound_count == conversation.last_sequence == 5
    assert letter.reason.startswith("our fault")
    assert (letter.size, letter.seen_times) == (len(body), 2)
    assert verdict.intact


async def test_a_poisoned_message_among_a_thousand_costs_one(database: Database, door: Ingest) -> None:
    people = [f"5194400{number:04d}" for number in range(50)]
    messages = [meta.text(f"número {n}", sender=people[n % 50]) for n in range(1000)]
    messages[617]["text"]["body"] = "veneno"

    await door.accept(meta.body(*messages))

    async with database.reading() as tx:
        said = set(await tx.scalars(select(Message.text)))
    assert said == {f"número {n}" for n in range(1000) if n != 617}
