"""One element of a `messages` change: a message, an echo or a status, each in a quick and in a patient way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from integrations.whatsapp import message_kinds
from integrations.whatsapp.events import Echo, Event, Inbound, Person, StatusUpdate, Unreadable
from integrations.whatsapp.json_pieces import UNDECODABLE, clean, decode
from integrations.whatsapp.message_kinds import Tree, part, wire_errors
from integrations.whatsapp.moments import moment
from integrations.whatsapp.people import Directory, identifier, person

_LONGEST_STATUS = 64
_ABSENT = Raw()


class Origin(Struct, frozen=True):
    """What every element of one change shares: our number it came to, and the contacts beside it."""

    phone_number_id: str
    contacts: Directory


class _Body(Struct):
    body: str


class _TextMessage(Struct):
    """A text without anything special: nearly all of the traffic, decoded in one go."""

    id: str
    type: str
    text: _Body
    timestamp: str | int | None = None
    from_: str | None = field(name="from", default=None)
    from_user_id: str | None = None
    from_parent_user_id: str | None = None
    context: Raw = _ABSENT
    referral: Raw = _ABSENT
    errors: Raw = _ABSENT
    identity: Raw = _ABSENT
    group_id: Raw = _ABSENT
    unsupported: Raw = _ABSENT

    def is_plain(self) -> bool:
        return (
            self.type == "text"
            and self.context is _ABSENT
            and self.referral is _ABSENT
            and self.errors is _ABSENT
            and self.identity is _ABSENT
            and self.group_id is _ABSENT
            and self.unsupported is _ABSENT
        )


class _PlainStatus(Struct):
    """A tick of a message to one person, without errors."""

    id: str
    status: str
    timestamp: str | int | None = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    recipient_parent_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    pricing: dict[str, str | bool | None] | None = None
    errors: Raw = _ABSENT
    conversation: Raw = _ABSENT
    recipient_type: Raw = _ABSENT
    recipient_participant_id: Raw = _ABSENT
    recipient_participant_user_id: Raw = _ABSENT
    participant_recipient_id: Raw = _ABSENT

    def is_plain(self) -> bool:
        return (
            self.errors is _ABSENT
            and (self.conversation is _ABSENT or self.pricing is not None)
            and self.recipient_type is _ABSENT
            and self.recipient_participant_id is _ABSENT
            and self.recipient_participant_user_id is _ABSENT
            and self.participant_recipient_id is _ABSENT
        )


_text_message = msgspec.json.Decoder(_TextMessage)
_plain_status = msgspec.json.Decoder(_PlainStatus)


def inbound(raw: Raw, origin: Origin) -> Event:
    """The Inbound of one element of `messages[]`."""
    try:
        message = _text_message.decode(raw)
    except UNDECODABLE:
        return _patiently(_inbound, raw, origin)
    wamid = identifier(message.id)
    if wamid is None or not message.is_plain():
        return _patiently(_inbound, raw, origin)
    sender = _sender(person(message.from_, message.from_user_id, message.from_parent_user_id), origin)
    if sender is None:
        return _unreadable("a message from nobody", raw, origin)
    return Inbound(
        phone_number_id=origin.phone_number_id,
        wamid=wamid,
        sender=sender,
        kind="text",
        sent_at=moment(message.timestamp),
        text=clean(message.text.body) or None,
        payload=bytes(raw),
    )


def echo(raw: Raw, origin: Origin) -> Event:
    """The Echo of one element of `message_echoes[]`."""
    return _patiently(_echo, raw, origin)


def status(raw: Raw, origin: Origin) -> Event:
    """The StatusUpdate of one element of `statuses[]`."""
    try:
        tick = _plain_status.decode(raw)
    except UNDECODABLE:
        return _patiently(_status, raw, origin)
    wamid = identifier(tick.id)
    if wamid is None or not tick.status or len(tick.status) > _LONGEST_STATUS or not tick.is_plain():
        return _patiently(_status, raw, origin)
    recipient = person(tick.recipient_id, tick.recipient_user_id, tick.recipient_parent_user_id)
    return StatusUpdate(
        phone_number_id=origin.phone_number_id,
        wamid=wamid,
        status=clean(tick.status),
        at=moment(tick.timestamp),
        recipient=origin.contacts.complete(recipient),
        opaque=clean(tick.biz_opaque_callback_data) if tick.biz_opaque_callback_data else None,
        pricing=_clean_values(tick.pricing),
        payload=bytes(raw),
    )


def _patiently(read: Callable[[Tree, str, Raw, Origin], Event], raw: Raw, origin: Origin) -> Event:
    try:
        tree = decode(raw)
    except RecursionError:
        return _unreadable("nested too deeply", raw, origin)
    except UnicodeDecodeError:
        return _unreadable("invalid UTF-8", raw, origin)
    except ValueError:
        return _unreadable("not JSON", raw, origin)
    if not isinstance(tree, dict):
        return _unreadable("an element that is no object", raw, origin)
    wamid = identifier(tree.get("id"))
    if wamid is None:
        return _unreadable("an element without an id", raw, origin)
    return read(tree, wamid, raw, origin)


def _inbound(message: Tree, wamid: str, raw: Raw, origin: Origin) -> Event:
    kind = message_kinds.kind_of(message)
    user_id = message.get("from_user_id")
    if kind == "system":
        user_id = part(message, "system").get("previous_user_id") or user_id
    sender = _sender(person(message.get("from"), user_id, message.get("from_parent_user_id")), origin)
    if sender is None:
        return _unreadable("a message from nobody", raw, origin)
    said = message_kinds.read(message, kind)
    context = part(message, "context")
    return Inbound(
        phone_number_id=origin.phone_number_id,
        wamid=wamid,
        sender=sender,
        kind=kind,
        sent_at=moment(message.get("timestamp")),
        text=said.text,
        attachment=said.attachment,
        reply_to=identifier(context.get("id")),
        forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        target=said.target,
        emoji=said.emoji,
        content=said.content,
        group_id=identifier(message.get("group_id")),
        identity_change=message_kinds.identity_change(message, sender) if kind == "system" else None,
        opens_window=message_kinds.opens_window(message, kind),
        payload=bytes(raw),
    )


def _echo(message: Tree, wamid: str, raw: Raw, origin: Origin) -> Event:
    recipient = person(message.get("to"), message.get("to_user_id"), message.get("to_parent_user_id"))
    if recipient.wa_id is None and recipient.user_id is None:
        return _unreadable("an echo to nobody", raw, origin)
    kind = message_kinds.kind_of(message)
    said = message_kinds.read(message, kind)
    return Echo(
        phone_number_id=origin.phone_number_id,
        wamid=wamid,
        recipient=origin.contacts.complete(recipient),
        kind=kind,
        sent_at=moment(message.get("timestamp")),
        text=said.text,
        attachment=said.attachment,
        reply_to=identifier(part(message, "context").get("id")),
        target=said.target,
        content=said.content | ({"emoji": said.emoji} if said.emoji else {}),
        payload=bytes(raw),
    )


def _status(tick: Tree, wamid: str, raw: Raw, origin: Origin) -> Event:
    name, opaque, pricing = tick.get("status"), tick.get("biz_opaque_callback_data"), tick.get("pricing")
    if not isinstance(name, str) or not name:
        return _unreadable("a status that says nothing", raw, origin)
    if not isinstance(pricing, dict):
        pricing = part(tick, "conversation").get("pricing")  # where a group sample of Meta's has it
    recipient, participant = _recipient(tick)
    return StatusUpdate(
        phone_number_id=origin.phone_number_id,
        wamid=wamid,
        status=name[:_LONGEST_STATUS],
        at=moment(tick.get("timestamp")),
        recipient=origin.contacts.complete(recipient),
        participant=participant,
        opaque=opaque if isinstance(opaque, str) and opaque else None,
        errors=wire_errors(tick.get("errors")),
        pricing=pricing if isinstance(pricing, dict) else None,
        payload=bytes(raw),
    )


def _recipient(tick: Tree) -> tuple[Person, str]:
    # one sample of Meta's misspells the name, hence the third one
    participant = identifier(tick.get("recipient_participant_id")) or identifier(tick.get("participant_recipient_id"))
    user_id = identifier(tick.get("recipient_participant_user_id"))
    if tick.get("recipient_type") == "group" or participant or user_id:
        return person(participant, user_id, None), participant or user_id or ""
    ids = (tick.get("recipient_id"), tick.get("recipient_user_id"), tick.get("recipient_parent_user_id"))
    return person(*ids), ""


def _sender(given: Person, origin: Origin) -> Person | None:
    if given.wa_id is None and given.user_id is None:
        return origin.contacts.only_user_id()
    return origin.contacts.complete(given)


def _unreadable(reason: str, raw: Raw, origin: Origin) -> Unreadable:
    return Unreadable(reason=reason, phone_number_id=origin.phone_number_id or None, payload=bytes(raw))


def _clean_values(pricing: dict[str, str | bool | None] | None) -> dict[str, Any] | None:
    if pricing is None:
        return None
    return {clean(k): clean(v) if isinstance(v, str) else v for k, v in pricing.items()}
