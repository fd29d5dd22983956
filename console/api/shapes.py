"""What the API gives: the shapes of the contract, as structs. Ids are strings, moments RFC 3339 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

Item = TypeVar("Item")
ConversationStatus = Literal["open", "snoozed", "resolved"]
MessageStatus = Literal["received", "queued", "sending", "sent", "delivered", "read", "failed", "unknown"]
Role = Literal["agent", "supervisor", "admin", "bot"]
ScheduledStatus = Literal["waiting", "held", "sent", "cancelled"]
Handler = Literal["agent", "bot", "none"]


class Page(msgspec.Struct, Generic[Item]):
    """One page of a listing. `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


class Money(msgspec.Struct, forbid_unknown_fields=True):
    """An amount: digits and a point (`"412.50"`), in the currency with this ISO 4217 code."""

    amount: str
    currency: str


class Author(msgspec.Struct):
    """Who wrote a message. A program and the number's own telephone are "system", under their name."""

    kind: Literal["contact", "agent", "bot", "system"]
    id: str | None
    name: str | None


class Media(msgspec.Struct):
    """The attachment of a message. `state` is pending, stored, failed, expired, too_big or refused.

    Where a malware scanner is connected also checking (nobody can open it yet) and quarantined (nobody ever can).
    """

    id: str
    state: str
    mime_type: str | None
    filename: str | None
    size: int | None
    sha256: str | None
    voice: bool


class MessageError(msgspec.Struct):
    """Why a message failed: WhatsApp's code and what it said."""

    code: int | None
    details: str | None


class Reacted(msgspec.Struct):
    """The emoji somebody has on a message now; `by` is "contact" or "us"."""

    by: str
    emoji: str


class Message(msgspec.Struct):
    """One message of a conversation. `sequence` orders it there, with gaps where notes and events stand.

    `type` is WhatsApp's, kept as it came when unknown. `wa_id` is the contact's address and `external_id` the wamid,
    both exactly as Meta gave them. `target_id` is the message that a reaction, an edit or a deletion acted on.
    """

    id: str
    conversation_id: str
    direction: Literal["in", "out"]
    author: Author
    type: str
    text: str | None
    media: Media | None
    status: MessageStatus
    wa_id: str | None
    external_id: str | None
    error: MessageError | None
    created_at: datetime
    sequence: int
    target_id: str | None
    reactions: list[Reacted]
    edited_at: datetime | None
    revoked_at: datetime | None


class Note(msgspec.Struct):
    """An internal note: seen by agents, never by the contact. `mentions` are the agents who are told of it."""

    id: str
    conversation_id: str
    author: Author
    text: str
    mentions: list[str]
    created_at: datetime
    sequence: int


class ScheduledTemplate(msgspec.Struct):
    """The template that is to leave, and the words for its blanks as they were written."""

    name: str
    language: str
    variables: dict[str, str]


class ScheduledMessage(msgspec.Struct):
    """A message for later. `reason` is why it was `held` or `cancelled`; `field` which variable is at fault.

    `text` is as it was written, our variables still in it; `message_id` is the message that left.
    """

    id: str
    conversation_id: str
    author: Author
    type: Literal["text", "template"]
    text: str
    template: ScheduledTemplate | None
    send_at: datetime
    cancel_on: list[Literal["reply", "payment"]]
    status: ScheduledStatus
    reason: str | None
    field: str | None
    message_id: str | None
    version: int
    created_at: datetime
    ended_at: datetime | None


class Disposition(msgspec.Struct):
    """How a conversation may end. `path` are the names above it; PATCH takes the `code` of a leaf.

    `needs` is what must be there: promise, plan, dispute, callback, amount or date. `effect` is what is done besides:
    opt_out, wrong_number or stop. For `pause_days` working days nobody begins a conversation.
    """

    code: str
    name: str
    path: list[str]
    group: Literal["CD", "CI", "NC", "AD"]
    is_leaf: bool
    needs: str | None
    effect: str | None
    pause_days: int
    active: bool


class Person(msgspec.Struct):
    """Whom a conversation is with. `phone` is null for who writes under a user name only."""

    id: str
    name: str | None
    phone: str | None


class Contact(msgspec.Struct):
    """A person. `name` is what we call them, else what they call themselves (`profile_name`)."""

    id: str
    name: str | None
    phone: str | None
    wa_id: str | None
    user_id: str | None
    profile_name: str | None
    username: str | None
    reachable: bool
    identity_doubt_at: datetime | None
    version: int
    created_at: datetime


class Conversation(msgspec.Struct):
    """The thread with one contact. `assignee` and `team` are ids, as PATCH takes them.

    `tags` has the account state first, then the free tags by name. `unread` counts what the contact wrote and no agent
    has read. `version` rises with every change.
    """

    id: str
    contact: Person
    status: ConversationStatus
    assignee: str | None
    team: str
    handler: Handler
    tags: list[str]
    unread: int
    last_message: Message | None
    window_closes_at: datetime | None
    snoozed_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class AuditActor(msgspec.Struct):
    """Who did it, with the name as it was then."""

    kind: Literal["contact", "agent", "bot", "system", "token"]
    id: str | None
    name: str | None


class AuditEntry(msgspec.Struct):
    """One entry of the history. `hash` chains it to the one before; `old` and `new` hold ids and values, no texts."""

    id: str
    at: datetime
    actor: AuditActor
    action: str
    conversation_id: str | None
    message_id: str | None
    account_id: str | None
    subject: str | None
    old: Any
    new: Any
    origin: str | None
    hash: str


class Template(msgspec.Struct):
    """A message template as Meta approved it."""

    id: str
    name: str
    language: str
    category: str
    status: str
    quality: str | None
    parameter_format: str
    components: list[Any]
    updated_at: datetime


class Tag(msgspec.Struct):
    """What a conversation may be tagged with. Account states are computed: nobody puts them or takes them off.

    `team` is null for everybody's; `active` is false for what is offered no more. `colour` is a name.
    """

    id: str
    name: str
    kind: Literal["account_state", "free"]
    colour: str | None
    description: str | None
    team: str | None
    active: bool


class CannedFile(msgspec.Struct):
    """A file that goes with a canned text. `kind` is the type of message it goes out as; `size` in bytes."""

    id: str
    kind: str
    mime_type: str
    filename: str
    size: int
    sha256: str


class CannedResponse(msgspec.Struct):
    """A text ready to be sent. `variables` are the blanks in it, written {so} or {so|what is said instead}.

    `team` is null for everybody's; `active` is false for what is offered no more.
    """

    id: str
    name: str
    folder: str | None
    text: str
    variables: list[str]
    files: list[CannedFile]
    team: str | None
    used: int
    active: bool
    updated_at: datetime


class Team(msgspec.Struct):
    """A team: every conversation belongs to one."""

    id: str
    name: str


class User(msgspec.Struct):
    """Somebody who answers, the bot included. `active` is false once disabled."""

    id: str
    name: str
    email: str | None
    role: Role
    teams: list[str]
    active: bool


class Mentioned(msgspec.Struct):
    """Somebody whom a note calls."""

    id: str
    name: str


class Mention(msgspec.Struct):
    """That an internal note calls colleagues. Its words are not here: notes stay inside the console."""

    message_id: str
    conversation_id: str
    sequence: int
    agents: list[Mentioned]


class PresenceOf(msgspec.Struct):
    """How somebody stands to new conversations. `reason` is a pause's: lunch, training…; `until` when it should end."""

    user: str
    name: str
    status: Literal["available", "paused", "away"]
    reason: str | None
    since: datetime
    until: datetime | None


class BotSession(msgspec.Struct):
    """A dialogue of the bot. `reason` is why a person is needed; `ended_why`: human, morning, off, idle."""

    id: str
    conversation_id: str
    status: Literal["live", "ended"]
    verified: bool
    asking: str | None
    replies: int
    reason: str | None
    urgency: int
    opened_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    ended_why: str | None
