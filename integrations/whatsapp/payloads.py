"""The webhook of the WhatsApp Cloud API: parse(body) turns any bytes into events, in the provider's order.

The usual body is decoded by typed structs; whatever they refuse is cut into its pieces, so that one bad
element never loses its neighbours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Raw, Struct

from integrations.whatsapp import account_fields, message_values
from integrations.whatsapp.account_fields import call_opens_window
from integrations.whatsapp.events import (
    AccountEvent,
    Attachment,
    Echo,
    Event,
    IdentityChange,
    Inbound,
    Person,
    StatusUpdate,
    Unreadable,
    WireError,
)
from integrations.whatsapp.json_pieces import MOST_ITEMS, UNDECODABLE, clean, decode, items, members
from integrations.whatsapp.moments import moment
from integrations.whatsapp.people import identifier

__all__ = [
    "AccountEvent",
    "Attachment",
    "Echo",
    "Event",
    "IdentityChange",
    "Inbound",
    "Person",
    "StatusUpdate",
    "Unreadable",
    "WireError",
    "call_opens_window",
    "parse",
]

_PRODUCT = "whatsapp_business_account"
_CARRY_MESSAGES = frozenset({"messages", "smb_message_echoes"})
_LONGEST_FIELD = 64


class _Change(Struct):
    field: str
    value: Raw


class _Entry(Struct):
    changes: Annotated[list[_Change], msgspec.Meta(max_length=MOST_ITEMS)]
    id: str | int | None = None
    time: str | int | None = None


class _Envelope(Struct):
    object: str
    entry: Annotated[list[_Entry], msgspec.Meta(max_length=MOST_ITEMS)]


_envelope = msgspec.json.Decoder(_Envelope)


def parse(body: bytes) -> list[Event]:
    """Everything that `body` tells, in the provider's order. Never raises, whatever the bytes.

    A body that is no webhook of WhatsApp gives one Unreadable; so does each element that cannot be read.
    An empty envelope gives nothing. The same message twice gives two events: whoever stores them knows better.
    """
    try:
        envelope = _envelope.decode(body)
    except UNDECODABLE:
        return _parse_pieces(body)
    if envelope.object != _PRODUCT:
        return [Unreadable(reason="not about WhatsApp", payload=body)]
    events: list[Event] = []
    for entry in envelope.entry:
        waba_id, at = identifier(entry.id), moment(entry.time)
        for change in entry.changes:
            events += _read(change.field, change.value, waba_id, at)
    return events


def _read(field: str, value: bytes | Raw, waba_id: str | None, at: datetime | None) -> list[Event]:
    if field in _CARRY_MESSAGES:
        return message_values.read(field, value, waba_id, at)
    return account_fields.read(clean(field[:_LONGEST_FIELD]), bytes(value), waba_id, at)


def _parse_pieces(body: bytes) -> list[Event]:
    try:
        envelope = members(body)
        if decode(envelope.get("object", b"null")) != _PRODUCT:
            return [Unreadable(reason="not about WhatsApp", payload=body)]
        entries = items(envelope.get("entry", b""))
    except UNDECODABLE:
        return [Unreadable(reason="not the JSON of a webhook", payload=body)]
    return [event for entry in entries for event in _entry_pieces(entry)]


def _entry_pieces(raw: bytes) -> list[Event]:
    try:
        entry = members(raw)
        changes = items(entry.get("changes", b""))
    except UNDECODABLE:
        return [Unreadable(reason="an entry without changes", payload=raw)]
    waba_id, at = identifier(_scalar(entry.get("id"))), moment(_scalar(entry.get("time")))
    return [event for change in changes for event in _change_pieces(change, waba_id, at)]


def _change_pieces(raw: bytes, waba_id: str | None, at: datetime | None) -> list[Event]:
    try:
        change = members(raw)
    except UNDECODABLE:
        return [Unreadable(reason="a change that is no object", payload=raw)]
    field, value = _scalar(change.get("field")), change.get("value")
    if value is None:
        return [Unreadable(reason="a change without a value", payload=raw)]
    if not isinstance(field, str) or not field:
        if b'"messages"' not in value and b'"statuses"' not in value:
            return [Unreadable(reason="a change without a field", payload=raw)]
        field = "messages"
    return _read(field, value, waba_id, at)


def _scalar(raw: bytes | None) -> object:
    """A member of the envelope that matters little: None when it is broken."""
    try:
        return decode(raw or b"null")
    except UNDECODABLE:
        return None
