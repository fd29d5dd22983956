"""Webhook fields about the account rather than a message: templates, quality, restrictions, calls, changed ids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.whatsapp.events import AccountEvent, Event, IdentityChange, Person, Unreadable
from integrations.whatsapp.json_pieces import UNDECODABLE, decode
from integrations.whatsapp.message_kinds import Tree, part, words
from integrations.whatsapp.moments import moment
from integrations.whatsapp.people import Directory, contact, identifier, person

# Fields whose value is a list of independent news, under the name of the list.
_ONE_BY_ONE = frozenset({"calls", "user_id_update", "user_preferences"})
_ABOUT_THE_CHANGE = ("messaging_product", "metadata", "contacts")


def read(field: str, raw: bytes, waba_id: str | None, at: datetime | None) -> list[Event]:
    """The events of a change whose field is not about messages; `at` is the time of its entry."""
    try:
        value = decode(raw)
    except UNDECODABLE:
        return [Unreadable(reason=f"the value of {field[:64]} is not JSON", payload=raw)]
    if not isinstance(value, dict):
        return [Unreadable(reason=f"the value of {field[:64]} is no object", payload=raw)]
    return of_value(field, value, raw, waba_id, at)


def of_value(field: str, value: Tree, raw: bytes, waba_id: str | None, at: datetime | None) -> list[Event]:
    """The events of a decoded value, split where it lists independent news."""
    listed = value.get(field) if field in _ONE_BY_ONE else None
    if not isinstance(listed, list):
        return [_event(field, value, raw, waba_id, at)]
    shared = {name: value[name] for name in _ABOUT_THE_CHANGE if name in value}
    events = [_event(field, {**shared, field: [each]}, raw, waba_id, at) for each in listed]
    rest = {name: value[name] for name in value if name != field}
    if not rest.keys() <= set(_ABOUT_THE_CHANGE):  # `calls` carries its own statuses
        events.append(_event(field, rest, raw, waba_id, at))
    return [*events]


def call_opens_window(event: Event) -> Person | None:
    """Who called us, when `event` is a call by a user: that opens the 24 h window as a message does. `at` is when."""
    if not isinstance(event, AccountEvent) or event.field != "calls":
        return None
    call = _only(event.value, "calls")
    if words(call.get("event")) not in {"connect", "CALL_CONNECT"} or call.get("direction") != "USER_INITIATED":
        return None
    caller = person(call.get("from"), call.get("from_user_id"), call.get("from_parent_user_id"))
    if caller.wa_id is None and caller.user_id is None:
        return None
    contacts = event.value.get("contacts")
    known = [contact(each) for each in contacts if isinstance(each, dict)] if isinstance(contacts, list) else []
    return Directory(known).complete(caller)


def _event(field: str, value: Tree, raw: bytes, waba_id: str | None, at: datetime | None) -> AccountEvent:
    element = _only(value, field)
    return AccountEvent(
        field=field,
        waba_id=waba_id,
        phone_number_id=identifier(part(value, "metadata").get("phone_number_id")),
        value=value,
        at=moment(element.get("timestamp")) or at,
        identity_change=_identity_change(element) if field == "user_id_update" else None,
        payload=raw,
    )


def _identity_change(update: Tree) -> IdentityChange | None:
    user_id, parent = part(update, "user_id"), part(update, "parent_user_id")
    if identifier(user_id.get("current")) is None and identifier(parent.get("current")) is None:
        return None
    wa_id = update.get("wa_id")
    return IdentityChange(
        kind="user_id",
        old=person(wa_id, user_id.get("previous"), parent.get("previous")),
        new=person(wa_id, user_id.get("current"), parent.get("current")),
        at=moment(update.get("timestamp")),
        detail=words(update.get("detail")),
    )


def _only(value: Tree, name: str) -> Tree:
    listed: Any = value.get(name)
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
