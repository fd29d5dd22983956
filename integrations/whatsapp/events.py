"""What a webhook can tell us, as typed structs: messages, echoes, ticks, account news, and what could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct


class Person(Struct, frozen=True, gc=False):
    """Who is at the other end; at least one of `wa_id` and `user_id` is set, except for some statuses.

    `wa_id` is the WhatsApp id exactly as Meta gave it (never rewritten: it is the address for replies).
    `user_id` is the business-scoped user id (BSUID), new whenever the person changes phone number.
    `username` is for display only, it changes at will.
    """

    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    name: str | None = None
    username: str | None = None


class Attachment(Struct, kw_only=True):
    """A media object to fetch by `media_id` (lives 7 days). `url` lives minutes and may be absent."""

    media_id: str
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    voice: bool = False
    animated: bool = False
    url: str | None = None


class WireError(Struct, frozen=True):
    """An error object of Meta. `code` is 0 when none was given; `details` is the useful text."""

    code: int
    title: str | None = None
    details: str | None = None


class IdentityChange(Struct, frozen=True, kw_only=True):
    """A person announced under `old` is from now on `new`. Only ids are filled, never names.

    kind `number`: a new phone number (and with it a new BSUID); `user_id`: a new BSUID alone; `device`: the same ids
    with another key, as after a new telephone (`new` is then empty).
    """

    kind: Literal["number", "user_id", "device"]
    old: Person
    new: Person
    at: datetime | None = None
    detail: str | None = None


class Inbound(Struct, kw_only=True):
    """The customer sent something.

    `sent_at`: aware UTC, None when the wire's value is unusable. `kind`: the wire's `type` verbatim, `unknown`
    when missing. `text`: the customer's own words (body, caption, button or row title, edited text).
    `target`: the wamid a reaction, edit or revoke speaks of. `emoji`: None on a removed reaction.
    `content`: details worth showing, by name: location, contacts, order, interactive, button, referral, system,
    errors, unsupported, referred_product, identity, frequently_forwarded, edited_kind.
    `opens_window`: whether it starts the 24 h service window. `payload`: the raw JSON of this message.
    """

    phone_number_id: str
    wamid: str
    sender: Person
    kind: str
    sent_at: datetime | None = None
    text: str | None = None
    attachment: Attachment | None = None
    reply_to: str | None = None
    forwarded: bool = False
    target: str | None = None
    emoji: str | None = None
    content: dict[str, Any] = {}
    group_id: str | None = None
    identity_change: IdentityChange | None = None
    opens_window: bool = True
    payload: bytes = b""


class Echo(Struct, kw_only=True):
    """Somebody answered from the WhatsApp Business app on the same number. A reaction's emoji is in `content`."""

    phone_number_id: str
    wamid: str
    recipient: Person
    kind: str
    sent_at: datetime | None = None
    text: str | None = None
    attachment: Attachment | None = None
    reply_to: str | None = None
    target: str | None = None
    content: dict[str, Any] = {}
    payload: bytes = b""


class StatusUpdate(Struct, kw_only=True):
    """A tick: what became of a message of ours.

    `status` is verbatim: sent, delivered, read, played, failed, or a word nobody knows.
    `participant`: whose tick it is in a group, "" otherwise. `opaque`: our biz_opaque_callback_data, echoed.
    """

    phone_number_id: str
    wamid: str
    status: str
    at: datetime | None = None
    recipient: Person = Person()
    participant: str = ""
    opaque: str | None = None
    errors: list[WireError] = []
    pricing: dict[str, Any] | None = None
    payload: bytes = b""


class AccountEvent(Struct, kw_only=True):
    """Any webhook field but `messages`, and `errors` of a `messages` value.

    `calls`, `user_id_update` and `user_preferences` give one event per element: `value` keeps its shape with
    that one element in the list. `identity_change` is set for `user_id_update`.
    """

    field: str
    waba_id: str | None = None
    phone_number_id: str | None = None
    value: dict[str, Any] = {}
    at: datetime | None = None
    identity_change: IdentityChange | None = None
    payload: bytes = b""


class Unreadable(Struct, kw_only=True):
    """A body, or one element of it, that could not be understood; `reason` in English, without personal data."""

    reason: str
    phone_number_id: str | None = None
    payload: bytes = b""


Event = Inbound | Echo | StatusUpdate | AccountEvent | Unreadable
