"""Meta promises no order: what comes before what it is about waits for it, and what is old news changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console import audit
from console.db import Base, Database
from console.inbox import ingest, reviews, threads, ticks
from console.inbox.contacts import Contact, ReviewTask
from console.inbox.models import Conversation, Message, MessageVersion, Reaction, Status, Tick
from console.inbox.reviews import Decision
from console.privacy import erasing
from console.render import fragment
from tests.conftest import SECRET_KEY, Moment
from tests.inbox import meta
from tests.inbox.people import Inbox, an_inbox
from tests.inbox.test_receive import our_message


@pytest.fixture(autouse=True)
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


async def everything(database: Database, model: type[Base], *order: Any) -> list[Any]:
    async with database.reading() as tx:
        return list(await tx.scalars(select(model).order_by(*order or model.__table__.primary_key)))


async def mended(database: Database, moment: Moment) -> None:
    """What the background does every few seconds."""
    async with database.transaction() as tx:
        await ticks.adopt_orphans(tx, moment.now)


def edit(target: str, words: str, **more: Any) -> dict[str, Any]:
    said = {"original_message_id": target, "message": {"type": "text", "text": {"body": words}}}
    return meta.message("edit", said, **more)


def revoke(target: str, **more: Any) -> dict[str, Any]:
    return meta.message("revoke", {"original_message_id": target}, **more)


def react(target: str, emoji: str, **more: Any) -> dict[str, Any]:
    return meta.message("reaction", {"message_id": target, "emoji": emoji}, **more)


async def test_what_acts_on_a_message_that_is_not_there_yet_waits_for_it(database: Database, moment: Moment) -> None:
    """Reacted to, corrected and taken back before it came; each act once, whatever comes twice."""
    original = meta.text("le debo 100", at=moment.now - timedelta(seconds=9))
    acts = [
        react(original["id"], "👍", at=moment.now - timedelta(seconds=6)),
        edit(original["id"], "le debo 10", at=moment.now - timedelta(seconds=4)),
        revoke(original["id"], at=moment.now - timedelta(seconds=2)),
    ]
    for act in acts:
        await ingest.store(database, [meta.body(act), meta.body(act)])
    await mended(database, moment)
    assert not await everything(database, Reaction), "there is nothing to react to"

    await ingest.store(database, [meta.body(original)])
    await mended(database, moment)
    await mended(database, moment)

    shown = [message for message in await everything(database, Message) if message.target_id is None]
    assert [message.wamid for message in shown] == [original["id"]]
    assert shown[0].text == "le debo 10"
    assert shown[0].revoked_at == moment.now - timedelta(seconds=2)
    assert [reaction.emoji for reaction in await everything(database, Reaction)] == ["👍"]
    assert [version.text for version in await everything(database, MessageVersion)] == ["le debo 100"]
    assert await everything(database, Tick) == []
    async with database.reading() as tx:
        actions = list(await tx.scalars(select(audit.AuditEntry.action)))
        assert (await audit.verify(tx, SECRET_KEY)).intact
    for action in ("message.reacted", "message.edited", "message.revoked"):
        assert actions.count(action) == 1


async def test_a_reaction_to_our_message_may_come_before_we_know_its_id(database: Database, moment: Moment) -> None:
    """Its send was cut off: the id comes with a status that names our reference."""
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid=None, status=Status.UNKNOWN)

    await ingest.store(database, [meta.body(react("wamid.REVEALED", "❤️"))])
    told = meta.status("wamid.REVEALED", "read", biz_opaque_callback_data="5f0d1f9e-8a53-4a2c-9a11-000000000001")
    await ingest.store(database, [meta.body(statuses=[told])])
    await mended(database, moment)

    assert [(r.message_id, r.emoji) for r in await everything(database, Reaction)] == [(message_id, "❤️")]


async def test_an_act_from_another_conversation_waits_for_nothing_of_this_one(
    database: Database, moment: Moment
) -> None:
    original = meta.text("de María")
    await ingest.store(database, [meta.body(revoke(original["id"], sender="51999888777"))])
    await ingest.store(database, [meta.body(original)])
    await mended(database, moment)

    assert [message.revoked_at for message in await everything(database, Message)] == [None, None]


@pytest.mark.parametrize("act", [edit, revoke])
async def test_nobody_changes_or_takes_back_what_the_other_side_said(database: Database, act: Any) -> None:
    """Our words stand in the thread and in evidence as they left, whatever id an act names."""
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid="wamid.OURS")
    words = {"words": "no debe nada"} if act is edit else {}

    await ingest.store(database, [meta.body(act("wamid.OURS", **words))])

    async with database.reading() as tx:
        ours = await tx.get_one(Message, message_id)
    assert (ours.text, ours.edited_at, ours.revoked_at) == ("Buenos días", None, None)


async def test_a_wish_from_before_the_stop_ends_no_stop(database: Database, moment: Moment) -> None:
    """The older one comes last; a newer one counts, whenever it comes."""
    for value, ago, stopped in (("stop", 60, True), ("resume", 90, True), ("resume", 30, False)):
        at = int((moment.now - timedelta(seconds=ago)).timestamp())
        told = {"wa_id": meta.MARIA, "category": "marketing_messages", "value": value, "timestamp": at}
        preferences = {"metadata": {"phone_number_id": meta.PHONE_NUMBER_ID}, "user_preferences": [told]}
        await ingest.store(database, [meta.notice("user_preferences", preferences)])

        (contact,) = await everything(database, Contact)
        assert (contact.marketing_stopped_at is not None) == stopped, value


async def test_nothing_was_read_after_we_heard_of_it(database: Database, moment: Moment) -> None:
    """W28: a clock that is years ahead."""
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid="wamid.OURS")

    told = meta.status("wamid.OURS", "read", at=moment.now + timedelta(days=4000))
    await ingest.store(database, [meta.body(statuses=[told])])

    async with database.reading() as tx:
        assert (await tx.get_one(Message, message_id)).read_at == moment.now


async def test_of_who_is_erased_nothing_waits_for_what_never_came(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """An id of WhatsApp's names the number that wrote."""
    await ingest.store(database, [meta.body(meta.text(), revoke("wamid.NEVER"))])
    assert [tick.status for tick in await everything(database, Tick)] == ["revoke"]

    async with database.transaction() as tx:
        await erasing.erase(tx, (await tx.scalars(select(Contact.id))).one(), by=inbox.admin.actor)

    assert await everything(database, Tick) == []


@pytest.mark.parametrize("stamp", ["nope", "-5", "1", "4102444799", None, {}])
async def test_a_message_without_a_time_that_can_be_says_so(database: Database, moment: Moment, stamp: Any) -> None:
    """W28: it bears the time of its arrival, and whoever reads it sees that. Milliseconds are a time like any other."""
    in_milliseconds = {**meta.text("bien"), "timestamp": str(int(moment.now.timestamp() * 1000))}
    await ingest.store(database, [meta.body({**meta.text("raro"), "timestamp": stamp}, in_milliseconds)])

    async with database.reading() as tx:
        conversation = (await tx.scalars(select(Conversation))).one()
        shown = (await threads.thread_page(tx, conversation)).messages
    assert {message.text: message.undated for message in shown} == {"raro": True, "bien": False}
    assert {message.written_at for message in shown} == {moment.now}
    assert "WhatsApp no dio la de origen" in fragment(
        "inbox/_message.html", message=shown[0 if shown[0].undated else 1]
    )


# Doubts about who it is


def changed_to(number: str) -> dict[str, Any]:
    return meta.message("system", {"body": "cambió", "type": "user_changed_number", "wa_id": number})


async def test_who_changes_number_again_is_asked_about_again(database: Database, inbox: Inbox, moment: Moment) -> None:
    """W48: a settled doubt says nothing of the next change, and none stands without a task to settle it."""
    await ingest.store(database, [meta.body(meta.text())])
    for number in ("51911122233", meta.MARIA, "51911122233"):
        moment.passes(days=30)
        await ingest.store(database, [meta.body(changed_to(number))])

        (open_task,) = [task for task in await everything(database, ReviewTask) if task.resolved_at is None]
        assert open_task.kind == "number_changed"
        async with database.transaction() as tx:
            await reviews.settle(tx, open_task.id, decision=Decision.SAME_PERSON, by=inbox.admin)
        assert (await everything(database, Contact))[0].identity_doubt_at is None


async def test_two_who_were_found_to_be_two_are_not_doubted_with_each_message(database: Database, inbox: Inbox) -> None:
    """The same contradiction comes with every message they write; it was settled once."""
    await ingest.store(database, [meta.body(meta.text(sender="51900000001", from_user_id="PE.1"))])
    await ingest.store(database, [meta.body(meta.text(sender="51900000002", from_user_id="PE.2"))])
    contradiction: dict[str, Any] = {"sender": "51900000001", "from_user_id": "PE.2"}
    for _ in range(2):
        await ingest.store(database, [meta.body(meta.text("¿quién soy?", **contradiction))])
    (task,) = await everything(database, ReviewTask)
    async with database.transaction() as tx:
        await reviews.settle(tx, task.id, decision=Decision.DIFFERENT_PEOPLE, by=inbox.admin)

    await ingest.store(database, [meta.body(meta.text("sigo siendo yo", **contradiction))])

    assert [contact.identity_doubt_at for contact in await everything(database, Contact)] == [None, None]
    async with database.reading() as tx:
        actions = list(await tx.scalars(select(audit.AuditEntry.action)))
    assert actions.count("review.opened") == 1


async def test_whoever_registers_whatsapp_anew_is_asked_who_they_are(database: Database) -> None:
    """W48: the same number with another key is another telephone, and perhaps another person."""
    await ingest.store(database, [meta.body(meta.text())])
    system = {"body": "cambió", "type": "customer_identity_changed", "customer": meta.MARIA}
    identity = {"acknowledged": False, "created_timestamp": "1795186800", "hash": "x"}

    await ingest.store(database, [meta.body(meta.message("system", system, identity=identity))])

    (contact,) = await everything(database, Contact)
    assert contact.identity_doubt_at is not None
    assert [task.kind for task in await everything(database, ReviewTask)] == ["device_changed"]
