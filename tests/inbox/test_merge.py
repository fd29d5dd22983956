"""Two threads that prove to be one person's: nothing asked for, nobody who waits, nothing that waits is lost."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from console import audit, clock
from console.audit import SYSTEM
from console.db import Database
from console.errors import Refused
from console.inbox import assign, consent, counts, ingest, reply
from console.inbox.contacts import Contact, ReviewTask
from console.inbox.merge import merge_contacts
from console.inbox.models import Conversation
from console.scheduling import filling, later, leaving
from console.scheduling.models import ScheduledMessage
from tests.conftest import SECRET_KEY, Moment
from tests.inbox import meta
from tests.inbox.people import Inbox, an_inbox

HOUSE = filling.House(company="Andes", base_url="http://127.0.0.1", zone=ZoneInfo("America/Lima"), country="PE")
NAMELESS = "PE.13491208655302741918"


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    """Conversation 1 is with a telephone, 2 with a user id alone: as far as anybody knows, two people."""
    inbox = await an_inbox(database)
    await ingest.store(database, [meta.body(meta.text("uno"))])
    await ingest.store(database, [meta.body(meta.text("dos", sender=None, from_user_id=NAMELESS))])
    return inbox


async def joined(database: Database) -> tuple[Contact, Conversation]:
    """They are one, says somebody."""
    async with database.transaction() as tx:
        await merge_contacts(tx, keep=1, absorb=2, by=SYSTEM)
    async with database.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact
        return await tx.get_one(Contact, 1), await tx.get_one(Conversation, 1)


async def test_what_somebody_asked_for_under_one_address_holds_for_both(database: Database, inbox: Inbox) -> None:
    """An opt-out that is lost is a person written to against their word."""
    async with database.transaction() as tx:
        await consent.opt_out(tx, await tx.get_one(Conversation, 2), by=inbox.ana)
        other = await tx.get_one(Contact, 2)
        other.marketing_stopped_at = other.identity_doubt_at = clock.now()
        doubt = {"kind": "user_id_changed", "digest": "0" * 64, "contact_id": 2, "details": {}}
        tx.add(ReviewTask(**doubt, created_at=clock.now()))

    contact, conversation = await joined(database)

    assert contact.opted_out_at is not None
    assert contact.marketing_stopped_at is not None
    assert contact.identity_doubt_at is not None
    async with database.reading() as tx:
        assert await tx.scalar(select(ReviewTask.contact_id)) == 1
    async with database.transaction() as tx:
        # They wrote: that is answered, once.
        await reply.reply(tx, conversation, by=inbox.ana, text="De acuerdo.", client_key="aaaaaaaa1")
        with pytest.raises(Refused) as refused:
            await reply.reply(tx, conversation, by=inbox.ana, text="Otra cosa", client_key="aaaaaaaa2")
        assert refused.value.code == "opted_out"


async def test_whoever_waits_is_among_the_open_ones_and_keeps_their_agent(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    async with database.transaction() as tx:
        await assign.resolve(tx, await tx.get_one(Conversation, 1), by=inbox.ana)
        await assign.claim(tx, await tx.get_one(Conversation, 2), by=inbox.luz)

    _contact, conversation = await joined(database)

    assert (conversation.status, conversation.holder_id) == ("open", inbox.luz.id)
    assert conversation.waiting_since is not None
    async with database.transaction() as tx:
        assert await counts.mend(tx) == 0


async def test_what_is_to_leave_later_leaves_where_they_are_now(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    async with database.transaction() as tx:
        for number in (1, 2):
            said, terms = filling.Said(text="Buenas"), later.Terms(at=clock.now() + timedelta(hours=2))
            talk, key = await tx.get_one(Conversation, number), f"later {number}"
            await later.schedule(tx, talk, by=inbox.ana, said=said, terms=terms, client_key=key, house=HOUSE)

    _contact, conversation = await joined(database)

    async with database.reading() as tx:
        assert set(await tx.scalars(select(ScheduledMessage.conversation_id))) == {conversation.id}
        assert not await leaving.is_due(tx, clock.now()), "that two threads became one is no answer of theirs"
    await ingest.store(database, [meta.body(meta.text("gracias"))])
    async with database.reading() as tx:
        assert await leaving.is_due(tx, clock.now())


async def test_nobody_writes_into_a_thread_that_is_no_more(database: Database, inbox: Inbox) -> None:
    await joined(database)

    async with database.transaction() as tx:
        gone = await tx.get_one(Conversation, 2)
        with pytest.raises(Refused) as said:
            await reply.reply(tx, gone, by=inbox.ana, text="¿Hola?", client_key="aaaaaaaa1")
        with pytest.raises(Refused) as taken:
            await assign.reopen(tx, gone, by=inbox.ana)

    assert (said.value.code, taken.value.code) == ("merged", "merged")
