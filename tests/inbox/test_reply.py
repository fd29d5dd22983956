"""Answering: what is queued, what is refused, and why a message never exists twice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import update

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Database
from console.errors import Refused
from console.inbox import reply, thread
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status
from tests.conftest import SECRET_KEY, Moment
from tests.inbox.people import Inbox, a_conversation, a_template, actions, an_inbox, fresh, history, messages


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


async def say(
    database: Database,
    conversation: Conversation,
    by: Viewer | Actor,
    text: str = "Con gusto",
    **more: Any,
) -> Message:
    async with database.transaction() as tx:
        return await reply.reply(tx, conversation, by=by, text=text, **{"client_key": "k1", **more})


async def test_an_answer_waits_in_the_queue_with_all_it_needs_to_leave(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    message = await say(database, conversation, inbox.ana, reply_to="wamid.in.1")

    assert (message.status, message.direction, message.text) == (Status.QUEUED, "out", "Con gusto")
    assert message.ref
    assert message.due_at
    assert message.reply_to_wamid == "wamid.in.1"
    assert (message.author_kind, message.author_id, message.author_name) == ("agent", inbox.ana.id, "Ana Ríos")
    after = await fresh(database, conversation)
    assert after.last_message_id == message.id
    assert after.waiting_since is None
    assert after.version > conversation.version


async def test_the_history_proves_what_was_said_without_saying_it(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    message = await say(database, conversation, inbox.ana, "Su deuda es de S/ 120.00")

    (entry,) = await history(database, message_id=message.id)
    assert (entry.action, entry.actor_id, entry.origin) == ("message.queued", inbox.ana.id, "192.0.2.7")
    assert "120.00" not in (entry.new or "")
    assert json.loads(entry.new or "")["digest"] == thread.digest_of(message)
    async with database.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact


async def test_the_first_who_answers_becomes_the_holder(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    await say(database, conversation, inbox.ana)
    await say(database, conversation, inbox.luz, client_key="k2")

    assert (await fresh(database, conversation)).holder_id == inbox.ana.id
    assert (await actions(database)).count("conversation.assigned") == 1
    rows = await messages(database, conversation)
    assert [row.kind for row in rows] == ["text", "event", "text", "text"]
    assert [row.sequence for row in rows] == [1, 2, 3, 4]
    assert (rows[1].content or {})["action"] == "claimed"


async def test_an_answer_opens_a_resolved_conversation_again(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, status="resolved")

    await say(database, conversation, inbox.ana)

    assert (await fresh(database, conversation)).status == "open"
    assert "conversation.reopened" in await actions(database)


@pytest.mark.parametrize("text", ["", "  \n\t ", "x" * 4097])
async def test_nothing_and_too_much_are_refused(database: Database, inbox: Inbox, text: str) -> None:
    conversation = await a_conversation(database, inbox)

    with pytest.raises(Refused) as refused:
        await say(database, conversation, inbox.ana, text)

    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "invalid", "text")
    assert len(await messages(database, conversation)) == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("uno\r\ndos", "uno\ndos"),
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a?b"),
        ("  ñ 😀 ", "ñ 😀"),
        ("x" * 4096, "x" * 4096),
    ],
)
async def test_what_is_typed_is_kept_as_every_database_can_store_it(
    database: Database, inbox: Inbox, typed: str, kept: str
) -> None:
    conversation = await a_conversation(database, inbox)

    message = await say(database, conversation, inbox.ana, typed)

    assert message.text == kept


async def test_free_text_ends_five_minutes_before_the_window(database: Database, inbox: Inbox, moment: Moment) -> None:
    conversation = await a_conversation(database, inbox)
    moment.passes(hours=23, minutes=54, seconds=59)
    await say(database, conversation, inbox.ana)
    moment.passes(seconds=1)

    with pytest.raises(Refused) as refused:
        await say(database, conversation, inbox.ana, client_key="k2")

    assert (refused.value.status, refused.value.code) == (409, "window_closed")


async def test_without_a_window_there_is_no_free_text(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, window=False)

    with pytest.raises(Refused, match="plantilla"):
        await say(database, conversation, inbox.ana)


async def test_a_retried_answer_is_the_same_message(database: Database, inbox: Inbox, moment: Moment) -> None:
    """O2: one row, even when the retry comes after the window closed."""
    conversation = await a_conversation(database, inbox)
    first = await say(database, conversation, inbox.ana)
    moment.passes(hours=25)

    again = await say(database, conversation, inbox.ana, "Con gusto \r\n")

    assert again.id == first.id
    assert [row.text for row in await messages(database, conversation) if row.direction == "out"] == ["Con gusto"]


async def test_two_clicks_at_once_are_one_message(database: Database, inbox: Inbox) -> None:
    """O2: concurrent requests with one key, as two processes would make them."""
    conversation = await a_conversation(database, inbox)

    sent = await asyncio.gather(*(say(database, conversation, inbox.ana) for _ in range(5)))

    assert len({message.id for message in sent}) == 1
    assert (await actions(database)).count("message.queued") == 1


async def test_a_key_is_not_taken_for_another_text_or_another_author(database: Database, inbox: Inbox) -> None:
    """O4."""
    conversation = await a_conversation(database, inbox)
    await say(database, conversation, inbox.ana)

    for by, text in ((inbox.ana, "Otra cosa"), (inbox.luz, "Con gusto")):
        with pytest.raises(Refused) as refused:
            await say(database, conversation, by, text)
        assert (refused.value.status, refused.value.code) == (409, "key_reused")


async def test_what_a_colleague_wrote_meanwhile_comes_back_with_a_choice(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    seen = (await fresh(database, conversation)).last_sequence
    theirs = await say(database, conversation, inbox.luz, "Ya le respondí", client_key="luz")

    with pytest.raises(Refused) as refused:
        await say(database, conversation, inbox.ana, seen_sequence=seen)

    assert (refused.value.status, refused.value.code) == (409, "colleague_wrote")
    assert refused.value.details["messages"] == [
        {
            "id": str(theirs.id),
            "sequence": theirs.sequence,
            "kind": "text",
            "author": "Luz Paredes",
            "text": "Ya le respondí",
        },
    ]
    forced = await say(database, conversation, inbox.ana, seen_sequence=seen, force=True)
    assert forced.status == Status.QUEUED


async def test_a_note_of_a_colleague_is_something_new_as_well(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await reply.note(tx, conversation, by=inbox.luz, text="Prometió pagar el lunes", client_key="n")

    with pytest.raises(Refused, match="Luz Paredes"):
        await say(database, conversation, inbox.ana, seen_sequence=1)


async def test_ones_own_words_and_the_contacts_are_no_surprise(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    await say(database, conversation, inbox.ana)

    second = await say(database, conversation, inbox.ana, "Algo más", client_key="k2", seen_sequence=0)

    assert second.status == Status.QUEUED


@pytest.mark.parametrize(
    ("column", "code"), [("blocked_us_at", "contact_blocked"), ("unreachable_at", "contact_unreachable")]
)
async def test_whom_nothing_reaches_nothing_is_queued_for(
    database: Database, inbox: Inbox, column: str, code: str
) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await tx.execute(update(Contact).values({column: clock.now()}))

    with pytest.raises(Refused) as refused:
        await say(database, conversation, inbox.ana)

    assert (refused.value.status, refused.value.code) == (409, code)


@pytest.mark.parametrize("column", ["blocked_us_at", "unreachable_at"])
async def test_who_wrote_since_can_be_reached_again(
    database: Database, inbox: Inbox, column: str, moment: Moment
) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await tx.execute(update(Contact).values({column: clock.now()}))
    moment.passes(hours=1)
    async with database.transaction() as tx:
        await tx.execute(update(Conversation).values(window_opened_at=clock.now()))

    await say(database, conversation, inbox.ana)

    async with database.reading() as tx:
        assert getattr(await tx.get_one(Contact, conversation.contact_id), column) is None
    assert "contact.updated" in await actions(database)


async def test_a_note_never_leaves(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, window=False)

    async with database.transaction() as tx:
        note = await reply.note(tx, conversation, by=inbox.ana, text="Llamar mañana", client_key="n")

    assert (note.direction, note.status, note.ref, note.due_at) == ("none", Status.NOTED, None, None)
    assert await actions(database, message_id=note.id) == ["message.noted"]
    assert (await fresh(database, conversation)).holder_id is None


async def test_a_program_answers_in_its_own_name_and_holds_nothing(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)

    message = await say(database, conversation, Actor(kind="token", id=9, name="Facturación"))

    assert (message.author_kind, message.author_id) == ("token", 9)
    assert (await fresh(database, conversation)).holder_id is None


# --- Templates -----------------------------------------------------------------------------------------------------

FILLED = {"1": "Rosa", "2": "S/ 120.00", "button.0": "a7Kq"}


async def send_template(
    database: Database,
    conversation: Conversation,
    by: Viewer | Actor,
    template: MessageTemplate,
    **more: Any,
) -> Message:
    given = {"client_key": "t1", "variables": FILLED, **more}
    async with database.transaction() as tx:
        return await reply.send_template(tx, conversation, by=by, template_id=template.id, **given)


async def test_outside_the_window_a_template_leaves_as_it_will_be_read(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, window=False)
    template = await a_template(database, inbox)

    message = await send_template(database, conversation, inbox.ana, template)

    assert (message.kind, message.text) == ("template", "Hola Rosa, su cuota de S/ 120.00 vence mañana.")
    content = message.content or {}
    assert content["header"] == "Recordatorio"
    assert content["footer"] == "Responda BAJA para no recibir más"
    assert content["buttons"] == [{"type": "url", "text": "Pagar", "url": "https://pagos.example/a7Kq"}]
    assert content["components"] == [
        {"type": "body", "parameters": [{"type": "text", "text": "Rosa"}, {"type": "text", "text": "S/ 120.00"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "a7Kq"}]},
    ]


async def test_a_template_retried_is_the_same_message(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    template = await a_template(database, inbox)

    first, second = [await send_template(database, conversation, inbox.ana, template) for _ in range(2)]

    assert first.id == second.id
    with pytest.raises(Refused, match="misma clave"):
        await send_template(database, conversation, inbox.ana, template, variables={**FILLED, "1": "Luis"})


@pytest.mark.parametrize("status", ["PAUSED", "DISABLED", "PENDING", "REJECTED"])
async def test_only_an_approved_template_leaves(database: Database, inbox: Inbox, status: str) -> None:
    """O18: what Meta paused between the list and the click is refused with its reason."""
    conversation = await a_conversation(database, inbox)
    template = await a_template(database, inbox, status=status)

    with pytest.raises(Refused) as refused:
        await send_template(database, conversation, inbox.ana, template)

    assert (refused.value.status, refused.value.code) == (409, "template_not_approved")


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"1": "Rosa", "button.0": "x"}, "variables.2"),
        ({**FILLED, "1": "   "}, "variables.1"),
        ({**FILLED, "1": "Rosa\nSalas"}, "variables.1"),
        ({**FILLED, "1": "Rosa\tSalas"}, "variables.1"),
        ({**FILLED, "1": "Rosa     Salas"}, "variables.1"),
        ({**FILLED, "1": "x" * 1025}, "variables.1"),
        ({**FILLED, "2": "x" * 1010}, "variables.body"),
        ({**FILLED, "3": "sobra"}, "variables.3"),
    ],
)
async def test_a_blank_badly_filled_is_named(
    database: Database, inbox: Inbox, variables: dict[str, str], field: str
) -> None:
    conversation = await a_conversation(database, inbox)
    template = await a_template(database, inbox)

    with pytest.raises(Refused) as refused:
        await send_template(database, conversation, inbox.ana, template, variables=variables)

    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "template_variables", field)


# --- Sending again ---------------------------------------------------------------------------------------------------


async def failed(database: Database, message: Message, status: Status = Status.FAILED) -> Message:
    async with database.transaction() as tx:
        await tx.execute(update(Message).where(Message.id == message.id).values(status=status, error_code=131000))
        return await tx.get_one(Message, message.id, populate_existing=True)


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
async def test_a_person_sends_again_and_the_old_row_keeps_its_truth(
    database: Database, inbox: Inbox, status: Status
) -> None:
    conversation = await a_conversation(database, inbox)
    old = await failed(database, await say(database, conversation, inbox.ana), status)

    async with database.transaction() as tx:
        new = await reply.resend(tx, old, by=inbox.luz)

    assert (new.status, new.text, new.author_name) == (Status.QUEUED, "Con gusto", "Luz Paredes")
    assert new.ref != old.ref
    assert new.sequence > old.sequence
    before = next(row for row in await messages(database, conversation) if row.id == old.id)
    assert before.status == status


async def test_whoever_clicks_resend_it_leaves_once(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    old = await failed(database, await say(database, conversation, inbox.ana))

    async def resend(by: Viewer | Actor) -> int:
        async with database.transaction() as tx:
            return (await reply.resend(tx, await tx.get_one(Message, old.id), by=by)).id

    assert len(set(await asyncio.gather(resend(inbox.ana), resend(inbox.luz), resend(inbox.ana)))) == 1


async def test_what_arrived_is_not_sent_again(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    old = await failed(database, await say(database, conversation, inbox.ana), Status.DELIVERED)

    with pytest.raises(Refused) as refused:
        async with database.transaction() as tx:
            await reply.resend(tx, old, by=inbox.ana)

    assert refused.value.code == "not_resendable"


async def test_sending_again_obeys_the_window_too(database: Database, inbox: Inbox, moment: Moment) -> None:
    conversation = await a_conversation(database, inbox)
    old = await failed(database, await say(database, conversation, inbox.ana))
    moment.passes(hours=24)

    with pytest.raises(Refused) as refused:
        async with database.transaction() as tx:
            await reply.resend(tx, old, by=inbox.ana)

    assert refused.value.code == "window_closed"
