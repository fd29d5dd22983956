"""Signed deliveries that say odd things: kept or shown, each beside neighbours that lose nothing, on pages that open.

Rows W24 to W29 and W50, on both databases, seen through the door: what is stored must also be readable afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from console.inbox.channel import DeadLetter
from console.inbox.models import Message
from tests.front import Front, Person
from tests.inbox import meta
from tests.patience import eventually

WEIRD: list[Any] = [
    None, True, False, 0, -1, 7, 2**70, 1.5, 1e308, "", " ", "x", "\u202e\u200b\u2066x", "👩‍👩‍👧‍👦🏳️‍🌈", "a" * 70_000,
    [], {}, [[]], [None], ["x"], [{"x": {}}], {"x": 1}, {"body": {"x": 1}}, {"id": {}}, {"name": ["x"]}, {"type": []},
]  # fmt: skip
KINDS = (
    "text", "image", "video", "audio", "voice", "document", "sticker", "location", "contacts", "button",
    "interactive", "reaction", "order", "edit", "revoke", "system", "unsupported", "request_welcome", "ephemeral",
    "product", "view_once", "unknown", "poll", "event", "note", "template", "scheduled", "body", "emoji", "mentions",
    "choices", "action", "minor", "interactive ", "🙂", "a\nb", "x" * 64,
)  # fmt: skip
MEANT: dict[str, Any] = {
    "text": {"body": "hola"},
    "image": {"id": "1", "mime_type": "image/jpeg", "sha256": "a", "caption": "x"},
    "document": {"id": "1", "mime_type": "application/pdf", "filename": "a.pdf", "caption": "x"},
    "audio": {"id": "1", "mime_type": "audio/ogg", "voice": True},
    "sticker": {"id": "1", "mime_type": "image/webp", "animated": True},
    "location": {"latitude": 1.0, "longitude": 2.0, "name": "x", "address": "x", "url": "x"},
    "contacts": [{"name": {"formatted_name": "x"}, "phones": [{"phone": "1", "wa_id": "1"}], "org": {}}],
    "button": {"text": "x", "payload": "x"},
    "interactive": {"type": "button_reply", "button_reply": {"id": "nobody knows", "title": "x", "description": "x"}},
    "reaction": {"message_id": "wamid.NOBODY", "emoji": "👍"},
    "order": {"catalog_id": "1", "text": "x", "product_items": [{"product_retailer_id": "1", "quantity": 1}]},
    "edit": {
        "original_message_id": "wamid.NOBODY",
        "message": {"type": "contacts", "contacts": [{"name": {"formatted_name": "x"}, "phones": [{"phone": "1"}]}]},
    },
    "revoke": {"original_message_id": "wamid.NOBODY"},
    "system": {"body": "x", "type": "user_changed_number", "wa_id": "51900000001", "customer": "x"},
    "unsupported": {"type": "poll"},
}
BESIDE: dict[str, Any] = {
    "context": {"id": "wamid.NOBODY", "from": "1", "forwarded": True, "referred_product": {"catalog_id": "1"}},
    "referral": {"source_url": "x", "source_type": "ad", "headline": "x", "body": "x", "media_type": "image"},
    "errors": [{"code": 131051, "title": "x", "message": "x", "error_data": {"details": "x"}}],
    "identity": {"acknowledged": True, "created_timestamp": 1, "hash": "x"},
    "timestamp": "1763740800",
    "from_user_id": "PE.1",
    "from_parent_user_id": "PE.ENT.1",
}


def spoilt(value: Any) -> list[Any]:
    """What is meant, with each of its parts in turn missing or something else, and something else altogether."""
    made: list[Any] = [*WEIRD]
    if isinstance(value, dict):
        for name, part in value.items():
            made.append({key: kept for key, kept in value.items() if key != name})
            made += [{**value, name: odd} for odd in (spoilt(part) if isinstance(part, dict | list) else WEIRD)]
    if isinstance(value, list):
        made += [[odd] for one in value for odd in spoilt(one)]
    return made


async def read_all(front: Front, who: Person, *paths: str) -> None:
    """These pages can be read; without any, all that show a conversation."""
    for path in paths or [path async for path in every_page(front)]:
        answer = await who.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code)


async def every_page(front: Front) -> AsyncIterator[str]:
    for number in await conversations(front):
        yield f"/inbox/{number}?view=all"
        yield f"/inbox/{number}/history"
        yield f"/inbox/{number}/templates"
    for path in ("/inbox?view=all", "/inbox/rows?view=all", "/inbox/search?q=hola", "/supervisor", "/audit"):
        yield path


async def conversations(front: Front) -> list[int]:
    async with front.console.db.reading() as tx:
        return sorted(set(await tx.scalars(select(Message.conversation_id))))


async def set_aside(front: Front) -> list[str]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(DeadLetter.reason)))


async def texts(front: Front) -> list[str | None]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(Message.text).order_by(Message.id)))


def delivery(*messages: Any, **more: Any) -> bytes:
    """One delivery of these messages, whatever they are, from María."""
    number = {"display_phone_number": "51144218300", "phone_number_id": meta.PHONE_NUMBER_ID}
    contacts = [{"profile": {"name": "María"}, "wa_id": meta.MARIA}]
    value = {"messaging_product": "whatsapp", "metadata": number, "contacts": contacts, "messages": messages}
    return meta.delivery({"field": "messages", "value": {**value, **more}})


def in_pieces(things: list[Any], size: int = 40) -> list[list[Any]]:
    return [things[at : at + size] for at in range(0, len(things), size)]


async def nothing_was_our_fault(front: Front, deliveries: int) -> None:
    said = await texts(front)
    assert said.count("antes") == said.count("después") == deliveries
    assert not [reason for reason in await set_aside(front) if reason.startswith("our fault")]


async def the_index_goes_on(front: Front, who: Person) -> None:
    """What was said last is found: whatever came before did not stop the background."""
    assert (await front.webhook(meta.body(meta.text("chirimoya")))).status_code == 200

    async def is_found() -> bool:
        answer = await who.http.get("/inbox/search?q=chirimoya", headers={"hx-request": "true"})
        return "chirimoya" in answer.text.replace("q=chirimoya", "")

    await eventually(is_found, within=20)


@pytest.mark.timeout(240)
async def test_a_message_of_any_kind_with_anything_in_it_can_be_read(front_on_either: Front) -> None:
    front = front_on_either
    admin = await front.agent("Iván", role="admin")
    pieces = in_pieces([meta.message(kind, one) for kind in KINDS for one in spoilt(MEANT.get(kind, {}))])

    for odd in pieces:
        answer = await front.webhook(delivery(meta.text("antes"), *odd, meta.text("después")))
        assert answer.status_code == 200
        # All of this piece is on the last page of the thread.
        await read_all(front, admin, "/inbox/1?view=all", "/inbox?view=all")

    await read_all(front, admin)
    await nothing_was_our_fault(front, len(pieces))
    await the_index_goes_on(front, admin)


async def test_whatever_stands_beside_what_was_said_can_be_read(front_on_either: Front) -> None:
    front = front_on_either
    admin = await front.agent("Iván", role="admin")
    of = [meta.text("raro"), meta.message("image", MEANT["image"])]
    names = [*BESIDE, "from", "id", "type", "group_id", "unsupported"]
    odd_ones = [(name, odd) for name in names for odd in spoilt(BESIDE.get(name))]
    pieces = in_pieces([{**one, "id": meta.new_wamid(), name: odd} for name, odd in odd_ones for one in of])

    for piece in pieces:
        answer = await front.webhook(delivery(meta.text("antes"), *piece, meta.text("después")))
        assert answer.status_code == 200
    await read_all(front, admin)

    await nothing_was_our_fault(front, len(pieces))


async def test_whatever_a_status_says_it_loses_no_neighbour(front_on_either: Front) -> None:
    front = front_on_either
    admin = await front.agent("Iván", role="admin")
    errors = [{"code": 131026, "title": "x", "message": "x", "error_data": {"details": "x"}, "href": "x"}]
    of = [meta.status("wamid.NOBODY", "sent"), meta.status("wamid.NOBODY", "failed", errors=errors)]
    names = [*of[0], "errors", "conversation", "pricing", "biz_opaque_callback_data", "recipient_type"]
    odd_ones = [(name, odd) for name in names for odd in spoilt(errors if name == "errors" else {})]
    pieces = in_pieces([{**one, name: odd} for name, odd in odd_ones for one in of])

    for piece in pieces:
        answer = await front.webhook(delivery(meta.text("antes"), meta.text("después"), statuses=piece))
        assert answer.status_code == 200
    await read_all(front, admin)

    await nothing_was_our_fault(front, len(pieces))


NUMBER = {"display_phone_number": "51144218300", "phone_number_id": meta.PHONE_NUMBER_ID}


def between(*changes: dict[str, Any]) -> bytes:
    """One delivery with these changes, a good one before them and one behind."""
    first, last = ({"metadata": NUMBER, "messages": [meta.text(said)]} for said in ("antes", "después"))
    return meta.delivery({"field": "messages", "value": first}, *changes, {"field": "messages", "value": last})


async def test_whatever_a_value_holds_the_change_beside_it_is_taken(front_on_either: Front) -> None:
    front = front_on_either
    admin = await front.agent("Iván", role="admin")
    meant = {
        "contacts": [{"profile": {"name": "x", "username": "x"}, "wa_id": meta.MARIA, "user_id": "PE.1"}],
        "metadata": NUMBER,
        "calls": [{"id": "1", "from": meta.MARIA, "event": "connect", "direction": "USER_INITIATED", "timestamp": "1"}],
        "message_echoes": [meta.text("eco", to=meta.MARIA)],
        "messages": [],
        "statuses": [],
        "errors": [{"code": 1}],
    }
    plain = {"messaging_product": "whatsapp", "metadata": NUMBER}
    values = [{**plain, "messages": [meta.text("raro")], name: odd} for name in meant for odd in spoilt(meant[name])]
    pieces = in_pieces([{"field": "messages", "value": value} for value in values])

    for piece in pieces:
        assert (await front.webhook(between(*piece))).status_code == 200
    await read_all(front, admin)

    await nothing_was_our_fault(front, len(pieces))


NOTICES: dict[str, Any] = {
    "account_update": {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "x"}},
    "account_alerts": {"entity_type": "x", "entity_id": 1},
    "business_capability_update": {"max_daily_conversation_per_phone": 1, "max_daily_conversations_per_business": "x"},
    "message_template_status_update": {
        "event": "PAUSED", "message_template_id": 1, "message_template_name": "x", "message_template_language": "es",
        "reason": "NONE",
    },
    "message_template_quality_update": {
        "previous_quality_score": "GREEN", "new_quality_score": "RED", "message_template_id": 1,
        "message_template_name": "x", "message_template_language": "es",
    },
    "template_category_update": {
        "new_category": "MARKETING", "message_template_name": "x", "message_template_language": "es",
    },
    "phone_number_quality_update": {"display_phone_number": "1", "event": "FLAGGED", "current_limit": "TIER_1K"},
    "phone_number_name_update": {"decision": "APPROVED", "requested_verified_name": "x"},
    "user_preferences": {
        "user_preferences": [
            {"wa_id": meta.MARIA, "category": "marketing_messages", "value": "stop", "timestamp": 1, "user_id": "PE.1"}
        ]
    },
    "user_id_update": {
        "user_id_update": [
            {"wa_id": meta.MARIA, "user_id": {"previous": "PE.1", "current": "PE.2"}, "parent_user_id": {}}
        ]
    },
    "security": {"event": "PIN_CHANGED", "requester": "x"},
    "history": {"history": [{"metadata": {}, "threads": []}]},
    "flows": {"event": "x"},
    "group_lifecycle_update": {"groups": [{}]},
}  # fmt: skip


async def test_whatever_a_notice_says_it_is_kept_and_loses_no_message(front_on_either: Front) -> None:
    front = front_on_either
    admin = await front.agent("Iván", role="admin")
    notices = [{"field": field, "value": odd} for field, meant in NOTICES.items() for odd in spoilt(meant)]
    pieces = in_pieces(notices)

    for piece in pieces:
        assert (await front.webhook(between(*piece))).status_code == 200
    await read_all(front, admin)
    await read_all(front, admin, "/settings/number", "/settings/dead-letters", "/settings/reviews")

    await nothing_was_our_fault(front, len(pieces))
