"""The value of a `messages` change: our number, the contacts, and every message, echo, status and error in it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Raw, Struct

from integrations.whatsapp import account_fields, elements
from integrations.whatsapp.elements import Origin
from integrations.whatsapp.events import Event, Person, Unreadable
from integrations.whatsapp.json_pieces import MOST_ITEMS, UNDECODABLE, Json, decode, items, members
from integrations.whatsapp.people import Directory, contact, identifier, person

# More of anything is no webhook, and is left to the patient way to say so.
_AtMost = msgspec.Meta(max_length=MOST_ITEMS)
_Raws: TypeAlias = Annotated[list[Raw], _AtMost]
_LISTS = {"messages": elements.inbound, "message_echoes": elements.echo, "statuses": elements.status}
_ADDRESS = frozenset({"messaging_product", "metadata"})
_ABSENT = Raw()


class _Metadata(Struct):
    phone_number_id: str | int | None = None


class _Profile(Struct):
    name: str | None = None
    username: str | None = None


class _Contact(Struct):
    profile: _Profile | None = None
    wa_id: str | int | None = None
    user_id: str | None = None
    parent_user_id: str | None = None


class _Value(Struct):
    metadata: _Metadata | None = None
    contacts: Annotated[list[_Contact], _AtMost] = []
    messages: _Raws = []
    message_echoes: _Raws = []
    statuses: _Raws = []
    errors: Raw = _ABSENT
    calls: Raw = _ABSENT

    def is_only_lists(self) -> bool:
        some = self.messages or self.message_echoes or self.statuses
        return bool(some) and self.errors is _ABSENT and self.calls is _ABSENT


_value = msgspec.json.Decoder(_Value)
_NO_PROFILE = _Profile()
_EMPTY = frozenset({b"null", b"[]", b"{}"})


def read(field: str, raw: bytes | Raw, waba_id: str | None, at: datetime | None) -> list[Event]:
    """The events of one value, in order: messages, echoes, statuses, errors, calls, anything else it holds."""
    try:
        value = _value.decode(raw)
    except UNDECODABLE:
        return _read_pieces(field, bytes(raw), waba_id, at)
    number = identifier(value.metadata.phone_number_id) if value.metadata else None
    origin = Origin(number or "", Directory([_person(each) for each in value.contacts]))
    events = [elements.inbound(each, origin) for each in value.messages]
    events += [elements.echo(each, origin) for each in value.message_echoes]
    events += [elements.status(each, origin) for each in value.statuses]
    if not value.is_only_lists():
        events += _others(field, members(bytes(raw)), waba_id, at)
    return events


def _read_pieces(field: str, raw: bytes, waba_id: str | None, at: datetime | None) -> list[Event]:
    try:
        pieces = members(raw)
    except UNDECODABLE:
        return [Unreadable(reason="the value of messages is no object", payload=raw)]
    metadata = _decoded(pieces.get("metadata"))
    number = identifier(metadata.get("phone_number_id")) if isinstance(metadata, dict) else None
    origin = Origin(number or "", Directory(_contacts(pieces.get("contacts"))))
    events: list[Event] = []
    for name, read_one in _LISTS.items():
        if (piece := pieces.get(name, b"null")) == b"null":
            continue
        try:
            events += [read_one(Raw(each), origin) for each in items(piece)]
        except UNDECODABLE:
            events.append(Unreadable(reason=f"{name} is no list", phone_number_id=number, payload=piece))
    return events + _others(field, pieces, waba_id, at)


def _others(field: str, pieces: dict[str, bytes], waba_id: str | None, at: datetime | None) -> list[Event]:
    """What a value holds beside its three lists. Without any of them, whatever it says is kept."""
    events: list[Event] = []
    if pieces.get("errors", b"null") not in _EMPTY:
        events += account_fields.read(field, _object(pieces, "metadata", "errors"), waba_id, at)
    if pieces.get("calls", b"null") not in _EMPTY:
        events += account_fields.read("calls", _object(pieces, "metadata", "contacts", "calls"), waba_id, at)
    if not events and not pieces.keys() & _LISTS.keys() and pieces.keys() - _ADDRESS:
        events += account_fields.read(field, _object(pieces, *pieces), waba_id, at)
    return events


def _object(pieces: dict[str, bytes], *names: str) -> bytes:
    return b"{%b}" % b",".join(b"%b:%b" % (json.dumps(name).encode(), pieces[name]) for name in names if name in pieces)


def _contacts(piece: bytes | None) -> list[Person]:
    try:
        raw_contacts = items(piece or b"[]")
    except UNDECODABLE:
        return []
    decoded = [_decoded(raw) for raw in raw_contacts]
    return [contact(each) for each in decoded if isinstance(each, dict)]


def _person(given: _Contact) -> Person:
    profile = given.profile or _NO_PROFILE
    return person(given.wa_id, given.user_id, given.parent_user_id, profile.name, profile.username)


def _decoded(piece: bytes | None) -> Json:
    """The value of a piece that matters little: None when it is broken."""
    try:
        return decode(piece or b"null")
    except UNDECODABLE:
        return None
