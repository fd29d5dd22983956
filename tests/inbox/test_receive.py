"""The customer wrote: what a signed delivery leaves in the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from console import audit, drivers
from console.db import Base, Database
from console.inbox import channel_state, counts, ingest, ticks
from console.inbox.channel import Channel, ChannelEvent, DeadLetter, MessageTemplate
from console.inbox.contacts import Alias, Contact, ReviewTask
from console.inbox.models import Conversation, Media, Message, MessageVersion, Reaction, Status, Tick, ViewCount
from tests.conftest import SECRET_KEY, Moment
from tests.inbox import meta
from tests.inbox.people import Inbox, a_template, an_inbox


@pytest.fixture(autouse=True)
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


async def everything(database: Database, model: type[Base], *order: Any) -> list[Any]:
    async with database.reading() as tx:
        return list(await tx.scalars(select(model).order_by(*order or model.__table__.primary_key)))


async def the_only(database: Database, model: type[Base]) -> Any:
    (row,) = await everything(database, model)
    return row


async def test_a_text_becomes_a_message_a_contact_and_a_conversation_on_record(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text("Mañana pago 🙏"))])

    message = await the_only(database, Message)
    contact = await the_only(database, Contact)
    conversation = await the_only(database, Conversation)
    assert (message.text, message.status, message.sequence) == ("Mañana pago 🙏", "received", 1)
    assert (contact.wa_id, contact.profile_name) == (meta.MARIA, "Persona 8305")
    assert (conversation.contact_id, conversation.inbound_count, conversation.status) == (contact.id, 1, "open")
    async with database.reading() as tx:
        entries = list(await tx.scalars(select(audit.AuditEntry.action)))
        verdict = await audit.verify(tx, SECRET_KEY)
    assert {"contact.created", "conversation.created", "message.received"} <= set(entries)
    assert verdict.intact


async def test_a_repeated_webhook_changes_nothing(database: Database, moment: Moment) -> None:
    """W12, W14: the same delivery again, an hour and eight days later, and the same id twice in one body."""
    element = meta.text()
    once = meta.body(element, element)
    await ingest.store(database, [once])
    async with database.reading() as tx:
        before = await audit.head_of(tx)

    moment.passes(hours=1)
    await ingest.store(database, [once, once])
    moment.passes(days=8)
    await ingest.store(database, [once])

    assert len(await everything(database, Message)) == 1
    assert (await the_only(database, Conversation)).inbound_count == 1
    async with database.reading() as tx:
        assert await audit.head_of(tx) == before


async def test_the_same_words_five_times_are_five_messages(database: Database) -> None:
    """W16: only the id makes a repeat."""
    await ingest.store(database, [meta.body(*[meta.text("ok") for _ in range(5)])])

    assert [message.sequence for message in await everything(database, Message)] == [1, 2, 3, 4, 5]


async def test_twenty_messages_of_a_stranger_at_once_are_one_conversation(database: Database) -> None:
    """R9, W13: many transactions meet the same stranger; one contact, one conversation, every message once."""
    bodies = [meta.body(meta.text(f"mensaje {n}")) for n in range(20)]

    await asyncio.gather(*(ingest.store(database, [body]) for body in [*bodies, *bodies]))

    messages = await everything(database, Message, Message.sequence)
    assert len(await everything(database, Contact)) == 1
    assert len(await everything(database, Conversation)) == 1
    assert [message.sequence for message in messages] == list(range(1, 21))
    async with database.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact


async def test_within_a_batch_the_providers_time_decides_and_across_batches_the_commit(
    database: Database,
    moment: Moment,
) -> None:
    """W36: t3, t1, t2 in one delivery; an older one that comes after them stays after them, marked late."""
    at = [moment.now - timedelta(seconds=30 - n) for n in range(3)]
    await ingest.store(
        database,
        [meta.body(meta.text("tres", at=at[2]), meta.text("uno", at=at[0]), meta.text("dos", at=at[1]))],
    )
    await ingest.store(database, [meta.body(meta.text("de antes", at=moment.now - timedelta(minutes=33)))])

    messages = await everything(database, Message, Message.sequence)
    assert [message.text for message in messages] == ["uno", "dos", "tres", "de antes"]
    assert [message.late for message in messages] == [False, False, False, True]


@pytest.mark.parametrize("stamp", ["nope", "-5", "99999999999999", "", "0"])
async def test_an_impossible_time_becomes_the_time_of_receipt(database: Database, moment: Moment, stamp: str) -> None:
    """W28, W37: the window is counted from a possible moment."""
    await ingest.store(database, [meta.body({**meta.text(), "timestamp": stamp})])

    message = await the_only(database, Message)
    assert message.provider_at == moment.now
    assert (await the_only(database, Conversation)).window_closes_at == moment.now + timedelta(hours=24)


async def test_a_message_opens_the_service_window_for_24_hours_from_when_it_was_written(
    database: Database,
    moment: Moment,
) -> None:
    written = moment.now - timedelta(hours=2)
    await ingest.store(database, [meta.body(meta.text(at=written))])

    conversation = await the_only(database, Conversation)
    assert conversation.window_closes_at == written + timedelta(hours=24)


@pytest.mark.parametrize("kind", ["system", "revoke", "edit"])
async def test_what_is_not_a_message_opens_no_window(database: Database, kind: str) -> None:
    details = {
        "system": {"body": "cambió de número", "type": "user_changed_number", "wa_id": "51944000111"},
        "revoke": {"original_message_id": "wamid.NOBODY"},
        "edit": {"original_message_id": "wamid.NOBODY", "message": {"type": "text", "text": {"body": "corregido"}}},
    }
    await ingest.store(database, [meta.body(meta.message(kind, details[kind]))])

    conversation = await the_only(database, Conversation)
    assert conversation.window_closes_at is None
    assert conversation.inbound_count == 0


async def test_a_resolved_conversation_is_open_again_when_its_contact_writes(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text())])
    async with database.transaction() as tx:
        conversation = (await tx.scalars(select(Conversation))).one()
        slot = counts.slot_of(conversation)
        conversation.status = "resolved"
        await counts.moved(tx, conversation, slot)

    await ingest.store(database, [meta.body(meta.text("otra vez"))])

    assert (await the_only(database, Conversation)).status == "open"
    counted = {(row.status, row.n) for row in await everything(database, ViewCount)}
    assert counted == {("open", 1), ("resolved", 0)}


async def test_an_unknown_kind_is_kept_and_shown(database: Database) -> None:
    """W29: Meta adds kinds; a message of one is a message."""
    await ingest.store(database, [meta.body(meta.message("hologram", {"depth": 3}))])

    message = await the_only(database, Message)
    assert (message.kind, message.status) == ("hologram", Status.RECEIVED)
    assert "hologram" in message.payload


async def test_one_bad_element_does_not_lose_its_neighbours(database: Database) -> None:
    """A message without an id, one without anybody, and two good ones around them."""
    nobody = meta.text("nadie", sender=None)
    nameless = {key: value for key, value in meta.text("sin id").items() if key != "id"}

    await ingest.store(database, [meta.body(meta.text("uno"), nameless, nobody, meta.text("dos"))])

    assert [message.text for message in await everything(database, Message)] == ["uno", "dos"]
    letter = await the_only(database, DeadLetter)
    assert letter.size > 0, "the whole delivery is kept, so that it can be replayed"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"1", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"object":"page"}', b"{}x"],
    ids=["empty", "truncated", "list", "null", "number", "utf-16", "bom", "deep", "other object", "trailing"],
)
async def test_a_signed_body_that_nobody_understands_is_kept_whole(database: Database, body: bytes) -> None:
    """W24: it is answered 200, so this row is the only copy."""
    await ingest.store(database, [body, meta.body(meta.text("vecino"))])

    letters = await everything(database, DeadLetter)
    assert [letter.size for letter in letters] == [len(body)]
    assert len(await everything(database, Message)) == 1


async def test_a_dead_letter_can_be_replayed_once_it_is_understood(database: Database, inbox: Inbox) -> None:
    """It was meant for a number we did not have then."""
    stranger = meta.body(meta.text()).replace(meta.PHONE_NUMBER_ID.encode(), b"999")
    await ingest.store(database, [stranger])
    assert not await everything(database, Message)
    async with database.transaction() as tx:
        await channel_state.ensure(tx, phone_number_id="999", business_account_id="another")

    letter = await the_only(database, DeadLetter)
    async with database.transaction() as tx:
        settled = await ingest.replay(tx, letter.id, by=inbox.admin.actor)

    assert settled
    assert (await the_only(database, Message)).text == "Hola, ¿cuánto debo?"
    assert (await the_only(database, DeadLetter)).resolved_by == inbox.admin.id


async def test_nul_and_lone_surrogates_are_replaced_on_both_databases_alike(database: Database) -> None:
    """W25, W26."""
    raw = meta.body(meta.text("uno-dos")).replace(b"uno-dos", b"a\\u0000b\\ud83dc")

    await ingest.store(database, [raw])

    assert (await the_only(database, Message)).text == "a\ufffdb\ufffdc"


async def test_a_delivery_for_another_number_is_set_aside_and_the_rest_goes_on(database: Database) -> None:
    """W10: signed with our secret, but not about a number of ours."""
    foreign = meta.body(meta.text("ajeno")).replace(meta.PHONE_NUMBER_ID.encode(), b"999")

    await ingest.store(database, [foreign, meta.body(meta.text("propio"))])

    assert [message.text for message in await everything(database, Message)] == ["propio"]
    assert [letter.reason for letter in await everything(database, DeadLetter)] == ["not one of our numbers"]


async def test_the_same_id_on_two_numbers_is_two_messages(database: Database, inbox: Inbox) -> None:
    """W17: an id counts within its number; each number's line keeps its own."""
    async with database.transaction() as tx:
        other = Channel(phone_number_id="999", business_account_id="9", team_id=inbox.team_id)
        other.created_at = (await tx.get_one(Channel, inbox.channel_id)).created_at
        tx.add(other)
    here = meta.body(element := meta.text("a los dos"))

    await ingest.store(database, [here, here.replace(meta.PHONE_NUMBER_ID.encode(), b"999")])

    messages = await everything(database, Message)
    assert {message.wamid for message in messages} == {element["id"]}
    assert len({message.channel_id for message in messages}) == len({m.conversation_id for m in messages}) == 2


# Reactions, edits and revokes


async def test_a_reaction_stands_on_its_message_until_it_is_taken_back(database: Database, moment: Moment) -> None:
    """Both ways of removing: an empty emoji and none at all."""
    element = meta.text()
    await ingest.store(database, [meta.body(element)])
    for emoji, stands in (("👍", 1), ("", 0), ("🙏", 1), (None, 0)):
        moment.passes(seconds=5)
        details = {"message_id": element["id"]} | ({} if emoji is None else {"emoji": emoji})
        await ingest.store(database, [meta.body(meta.message("reaction", details))])
        assert [reaction.emoji for reaction in await everything(database, Reaction)] == [emoji] * stands


async def test_an_edit_shows_the_new_words_and_keeps_the_old(database: Database) -> None:
    element = meta.text("El viernes le deposito 20")
    await ingest.store(database, [meta.body(element)])
    edited = {
        "original_message_id": element["id"],
        "message": {"type": "text", "text": {"body": "El viernes le deposito 200"}},
    }
    await ingest.store(database, [meta.body(meta.message("edit", edited))])

    original = (await everything(database, Message))[0]
    assert original.text == "El viernes le deposito 200"
    assert original.edited_at is not None
    assert [version.text for version in await everything(database, MessageVersion)] == ["El viernes le deposito 20"]


async def test_a_revoked_message_is_marked_and_never_erased(database: Database) -> None:
    element = meta.text("no debí decir esto")
    await ingest.store(database, [meta.body(element)])
    await ingest.store(database, [meta.body(meta.message("revoke", {"original_message_id": element["id"]}))])

    original = (await everything(database, Message))[0]
    assert original.revoked_at is not None
    assert original.text == "no debí decir esto"


async def test_nobody_can_act_on_a_message_of_another_conversation(database: Database) -> None:
    element = meta.text("de María")
    await ingest.store(database, [meta.body(element)])
    revoke = meta.message("revoke", {"original_message_id": element["id"]}, sender="51999888777")

    await ingest.store(database, [meta.body(revoke)])

    assert (await everything(database, Message))[0].revoked_at is None


# Who is who


async def test_mexicos_two_spellings_are_one_person_and_each_is_kept_as_it_came(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text(sender="525512345678"))])
    await ingest.store(database, [meta.body(meta.text(sender="5215512345678"))])

    assert len(await everything(database, Contact)) == 1
    assert {alias.value for alias in await everything(database, Alias)} == {"525512345678", "5215512345678"}
    assert (await the_only(database, Contact)).wa_id == "5215512345678"


async def test_argentinas_landline_is_not_taken_for_the_mobile(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text(sender="5491123456789"), meta.text(sender="541123456789"))])

    assert len(await everything(database, Contact)) == 2


async def test_somebody_without_a_phone_is_known_by_their_user_id(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text(sender=None, from_user_id="MX.123"))])
    await ingest.store(database, [meta.body(meta.text(sender=None, from_user_id="MX.123"))])

    contact = await the_only(database, Contact)
    assert (contact.wa_id, contact.user_id) == (None, "MX.123")


async def test_a_signed_payload_with_both_addresses_joins_two_contacts(database: Database) -> None:
    """First by phone, then as a username only, then both together: one person, nothing lost."""
    await ingest.store(database, [meta.body(meta.text("por teléfono"))])
    await ingest.store(database, [meta.body(meta.text("con usuario", sender=None, from_user_id="PE.777"))])

    await ingest.store(database, [meta.body(meta.text("los dos", from_user_id="PE.777"))])

    messages = await everything(database, Message, Message.sequence)
    assert {message.text for message in messages} == {"por teléfono", "con usuario", "los dos"}
    assert len({message.conversation_id for message in messages}) == 1
    assert {conversation.status for conversation in await everything(database, Conversation)} == {"open", "merged"}
    counted = {row.status: row.n for row in await everything(database, ViewCount)}
    assert counted == {"open": 1, "merged": 1}


async def test_addresses_that_contradict_each_other_are_a_task_for_a_person(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text(sender="51900000001", from_user_id="PE.1"))])
    await ingest.store(database, [meta.body(meta.text(sender="51900000002", from_user_id="PE.2"))])

    await ingest.store(database, [meta.body(meta.text("¿quién soy?", sender="51900000001", from_user_id="PE.2"))])

    assert len(await everything(database, Contact)) == 2
    assert [task.kind for task in await everything(database, ReviewTask)] == ["alias_conflict"]


async def test_a_phone_that_shows_another_user_id_puts_the_identity_in_doubt(database: Database) -> None:
    """W48: a recycled SIM looks just like this."""
    await ingest.store(database, [meta.body(meta.text(from_user_id="PE.1"))])
    await ingest.store(database, [meta.body(meta.text(from_user_id="PE.2"))])

    assert (await the_only(database, Contact)).identity_doubt_at is not None
    assert [task.kind for task in await everything(database, ReviewTask)] == ["user_id_changed"]


async def test_a_changed_number_keeps_the_person_and_asks_for_confirmation(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text("antes"))])
    system = {"body": "cambió", "type": "user_changed_number", "wa_id": "51911122233"}
    await ingest.store(database, [meta.body(meta.message("system", system))])
    await ingest.store(database, [meta.body(meta.text("después", sender="51911122233"))])

    contact = await the_only(database, Contact)
    assert contact.identity_doubt_at is not None
    assert contact.wa_id == "51911122233"
    assert len(await everything(database, Conversation)) == 1
    assert [task.kind for task in await everything(database, ReviewTask)] == ["number_changed"]


# Ticks


async def our_message(database: Database, *, wamid: str | None, status: str = Status.SENT) -> int:
    async with database.transaction() as tx:
        conversation = (await tx.scalars(select(Conversation))).one()
        conversation.last_sequence += 1
        message = Message(
            conversation_id=conversation.id,
            channel_id=conversation.channel_id,
            sequence=conversation.last_sequence,
            direction="out",
            author_kind="agent",
            kind="text",
            text="Buenos días",
            status=status,
            wamid=wamid,
            ref="5f0d1f9e-8a53-4a2c-9a11-000000000001",
            created_at=conversation.created_at,
        )
        tx.add(message)
        await tx.flush()
        return message.id


async def status_of(database: Database, message_id: int) -> str:
    async with database.reading() as tx:
        return str((await tx.get_one(Message, message_id)).status)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (["sent", "delivered", "read"], "read"),
        (["read", "delivered", "sent"], "read"),
        (["read"], "read"),
        (["sent", "failed"], "failed"),
        (["delivered", "failed"], "delivered"),
        (["failed", "delivered"], "delivered"),
        (["sent", "in_orbit"], "sent"),
    ],
)
async def test_ticks_only_climb_and_each_is_kept(database: Database, told: list[str], shown: str) -> None:
    """W33, W34: whatever the order, in one delivery or in many."""
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid="wamid.OURS")

    for what in told:
        await ingest.store(database, [meta.body(statuses=[meta.status("wamid.OURS", what)])])
        await ingest.store(database, [meta.body(statuses=[meta.status("wamid.OURS", what)])])

    assert await status_of(database, message_id) == shown
    assert [tick.status for tick in await everything(database, Tick)] == told


async def test_three_ticks_in_one_delivery_end_at_the_highest(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid="wamid.OURS")

    told = [meta.status("wamid.OURS", what) for what in ("delivered", "sent", "read")]
    await ingest.store(database, [meta.body(statuses=told)])

    assert await status_of(database, message_id) == "read"


async def test_the_echo_of_our_reference_settles_an_unconfirmed_send(database: Database) -> None:
    """O6: the answer was lost, and the status names our reference."""
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid=None, status=Status.UNKNOWN)

    told = meta.status("wamid.REVEALED", "sent", biz_opaque_callback_data="5f0d1f9e-8a53-4a2c-9a11-000000000001")
    await ingest.store(database, [meta.body(statuses=[told])])

    assert await status_of(database, message_id) == "sent"
    async with database.reading() as tx:
        assert (await tx.get_one(Message, message_id)).wamid == "wamid.REVEALED"


async def test_a_tick_that_comes_before_its_message_waits_for_it(database: Database, moment: Moment) -> None:
    """W32: no ghost conversation, and nothing lost."""
    await ingest.store(database, [meta.body(meta.text())])
    await ingest.store(database, [meta.body(statuses=[meta.status("wamid.SOON", "delivered")])])
    message_id = await our_message(database, wamid="wamid.SOON")

    async with database.transaction() as tx:
        await ticks.adopt_orphans(tx, moment.now)

    assert await status_of(database, message_id) == "delivered"
    assert len(await everything(database, Conversation)) == 1


async def test_a_failed_status_says_why(database: Database) -> None:
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid="wamid.OURS")
    error = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "More than 24 hours"}}

    await ingest.store(database, [meta.body(statuses=[meta.status("wamid.OURS", "failed", errors=[error])])])

    async with database.reading() as tx:
        message = await tx.get_one(Message, message_id)
    assert (message.status, message.error_code, message.error_details) == ("failed", 131047, "More than 24 hours")


@pytest.mark.parametrize("code", [{}, {"code": 0}, {"code": None}, {"code": "131031 "}, {"code": "nope"}])
async def test_a_failure_without_a_code_is_one_messages_and_stops_nothing_else(
    database: Database, code: dict[str, Any]
) -> None:
    """Only in an answer to a call does 0 mean that our token is not accepted (whatsapp.md §17)."""
    await ingest.store(database, [meta.body(meta.text())])
    message_id = await our_message(database, wamid="wamid.OURS")
    told = meta.status("wamid.OURS", "failed", errors=[{"title": "Message undeliverable", **code}])

    await ingest.store(database, [meta.body(meta.text("y esto"), statuses=[told])])

    assert await status_of(database, message_id) == "failed"
    async with database.reading() as tx:
        message = await tx.get_one(Message, message_id)
    assert (message.error_code, message.error_details) == (None, "Message undeliverable")
    assert (await the_only(database, Channel)).paused_at is None
    assert "y esto" in [message.text for message in await everything(database, Message)]


async def test_an_attachment_of_a_kind_with_a_long_name_is_shown_like_any_other(database: Database) -> None:
    """W29: what Meta adds tomorrow is a message all the same."""
    kind = "interactive_media_carousel_reply"
    sent = meta.message(kind, {"id": "4711", "mime_type": "image/jpeg", "caption": "mi recibo"})

    await ingest.store(database, [meta.body(sent)])

    message = await the_only(database, Message)
    assert (message.kind, message.text) == (kind, "mi recibo")
    assert (await the_only(database, Media)).wire_id == "4711"
    assert await everything(database, DeadLetter) == []


# Notices


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_template_status_update", {}),
        ("message_template_status_update", {"event": None}),
        ("message_template_status_update", {"event": {"now": "APPROVED"}}),
        ("message_template_status_update", {"event": "X" * 500}),
        ("message_template_quality_update", {"new_quality_score": ["GREEN"]}),
        ("message_template_quality_update", {"new_quality_score": "X" * 500}),
        ("template_category_update", {"correct_category": "MARKETING"}),
    ],
)
async def test_a_notice_that_leaves_out_what_is_new_changes_no_template(
    database: Database, inbox: Inbox, field: str, value: dict[str, Any]
) -> None:
    template = await a_template(database, inbox, quality="GREEN")
    named = {"message_template_name": template.name, "message_template_language": "es"}

    await ingest.store(database, [meta.body(meta.text()), meta.notice(field, {**named, **value})])

    kept = await the_only(database, MessageTemplate)
    assert (kept.status, kept.category, kept.quality) == ("APPROVED", "UTILITY", "GREEN")
    assert len(await everything(database, ChannelEvent)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_preferences", {"user_preferences": ["stop"]}),
        ("user_preferences", {"user_preferences": {"wa_id": meta.MARIA}}),
        ("user_preferences", {"user_preferences": [{"category": "marketing_messages", "value": "stop", "wa_id": {}}]}),
        ("message_template_status_update", {"event": "PAUSED", "message_template_name": {"x": 1}}),
        ("message_template_status_update", {"event": "PAUSED", "message_template_name": 7}),
        ("phone_number_quality_update", {"current_limit": {"x": 1}, "event": ["FLAGGED"]}),
        ("business_capability_update", {"max_daily_conversations_per_business": "X" * 500}),
        ("phone_number_name_update", {"decision": "APPROVED", "requested_verified_name": ["Andes"]}),
        ("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": "everything"}),
        ("user_id_update", {"user_id_update": [{"user_id": "PE.1"}, 7, None]}),
        ("calls", {"calls": [None, "x", {"event": "connect", "direction": "USER_INITIATED", "from": {}}]}),
    ],
)
async def test_a_notice_of_another_shape_is_kept_and_loses_no_message_beside_it(
    database: Database, field: str, value: dict[str, Any]
) -> None:
    message, (_start, _changes, odd) = meta.body(meta.text()), meta.notice(field, value).partition(b'"changes":[')

    await ingest.store(database, [message.removesuffix(b"]}]}") + b"," + odd])

    assert len(await everything(database, Message)) == 1
    assert await everything(database, ChannelEvent)
    assert await everything(database, DeadLetter) == []


async def test_a_marketing_preference_in_a_word_that_nobody_knows_ends_no_stop(database: Database) -> None:
    for number, word in enumerate(("stop", "maybe")):
        told = {"wa_id": meta.MARIA, "category": "marketing_messages", "value": word, "timestamp": 1795272000 + number}
        await ingest.store(database, [meta.notice("user_preferences", {"user_preferences": [told]})])

    assert (await the_only(database, Contact)).marketing_stopped_at is not None


async def test_the_same_notice_at_once_in_two_processes_is_kept_once_and_set_aside_never(database_url: str) -> None:
    """W13: Meta sends what it sends to every process that answers."""
    processes = [Database(database_url, seal=audit.sealer(SECRET_KEY)) for _ in range(2)]
    doors = [ingest.Ingest(one) for one in processes]
    for door in doors:
        door.start()
    try:
        for number in range(20):
            notice = meta.notice("brand_new_field", {"number": number})
            await asyncio.gather(*(door.accept(notice) for door in doors))
        assert len(await everything(processes[0], ChannelEvent)) == 20
        assert await everything(processes[0], DeadLetter) == []
    finally:
        for door in doors:
            await door.stop()
        for one in processes:
            await one.close()


async def test_a_restriction_of_the_account_pauses_everything_that_would_leave(database: Database) -> None:
    value = {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
    }

    await ingest.store(database, [meta.notice("account_update", value), meta.notice("account_update", value)])

    channel = await the_only(database, Channel)
    assert channel.paused_kind == "policy"
    assert "RESTRICTED_BIZ_INITIATED_MESSAGING" in channel.paused_reason
    assert len(await everything(database, ChannelEvent)) == 1


@pytest.mark.parametrize("order", [1, -1])
async def test_what_befalls_another_account_of_the_same_app_is_not_ours(database: Database, order: int) -> None:
    """W10: together in one commit, whichever comes first."""
    ours = meta.notice("brand_new_field", {"anything": 1})
    theirs = meta.notice("account_update", {"event": "ACCOUNT_RESTRICTION"}, account="999")

    await ingest.store(database, [ours, theirs][::order])

    assert [event.field for event in await everything(database, ChannelEvent)] == ["brand_new_field"]
    assert (await the_only(database, Channel)).paused_at is None
    assert (await the_only(database, DeadLetter)).reason == "not one of our numbers"


async def test_an_account_whose_id_was_mended_in_the_settings_is_heard(database: Database) -> None:
    mended = {"phone_number_id": meta.PHONE_NUMBER_ID, "business_account_id": "777"}
    async with database.transaction() as tx:
        await channel_state.ensure(tx, **mended)

    await ingest.store(database, [meta.notice("account_update", {"event": "ACCOUNT_RESTRICTION"}, account="777")])

    assert (await the_only(database, Channel)).paused_kind == "policy"


async def test_every_notice_is_kept_even_one_nobody_knows(database: Database) -> None:
    await ingest.store(database, [meta.notice("brand_new_field", {"anything": [1, 2]})])

    assert [event.field for event in await everything(database, ChannelEvent)] == ["brand_new_field"]


async def test_a_marketing_stop_is_kept_with_the_person(database: Database) -> None:
    stop = {"wa_id": meta.MARIA, "category": "marketing_messages", "value": "stop", "timestamp": 1795272000}
    preferences = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": meta.PHONE_NUMBER_ID},
        "user_preferences": [stop],
    }

    await ingest.store(database, [meta.notice("user_preferences", preferences)])

    assert (await the_only(database, Contact)).marketing_stopped_at is not None


async def test_a_thousand_messages_in_one_delivery_cost_a_constant_number_of_statements(database: Database) -> None:
    """W30, and the promise of the batch: statements don't grow with what is in it."""
    people = [f"5194400{n:04d}" for n in range(50)]
    await ingest.store(database, [meta.body(*[meta.text(sender=sender) for sender in people])])

    small = await statements(database, meta.body(*[meta.text(sender=sender) for sender in people[:5]]))
    large = await statements(database, meta.body(*[meta.text(sender=people[n % 50]) for n in range(1000)]))

    assert large == small
    async with database.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(Message)) == 1055


async def statements(database: Database, body: bytes) -> int:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    drivers.listeners.append(heard.append)
    try:
        await ingest.store(database, [body])
    finally:
        drivers.listeners.remove(heard.append)
        event.remove(Engine, "before_cursor_execute", hear)
    return len(heard)
