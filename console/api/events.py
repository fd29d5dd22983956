"""The history as events: which entries say that something is new or has changed, and how that thing is now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Row, select

from console.agents import Agent
from console.api import accounts, rendering, shapes
from console.api.conversations import STATUSES
from console.api.cursors import moment_of
from console.api.tokens import Program
from console.audit import AuditEntry
from console.bots.models import BotSession
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.portfolio.models import Account
from console.routing.models import AgentAvailability

BATCH = 200

Kind = Literal[
    "message.created",
    "message.updated",
    "conversation.created",
    "conversation.updated",
    "contact.updated",
    "account.updated",
    "presence.updated",
    "bot.session.updated",
    "mention.created",
]

# Opening a thread shows it to somebody and changes nothing in it.
_SILENT = frozenset({"conversation.viewed", "document.revealed", "media.viewed", "phone.revealed"})
_CREATED = frozenset({"message.received", "message.queued"})
_SCOPES = {
    "message": "messages:read",
    "conversation": "conversations:read",
    "contact": "contacts:read",
    "account": "accounts:read",
    "presence": "catalogues:read",
    "bot_session": "conversations:read",
    "mention": "conversations:read",
}
"""What a token needs for the events of each kind of object."""

_COLUMNS = (
    AuditEntry.id,
    AuditEntry.at_us,
    AuditEntry.actor_kind,
    AuditEntry.actor_id,
    AuditEntry.actor_name,
    AuditEntry.action,
    AuditEntry.conversation_id,
    AuditEntry.message_id,
    AuditEntry.account_id,
    AuditEntry.subject,
)


class Event(msgspec.Struct):
    """One thing that happened, and what it happened to as it is now.

    `cursor` is the place right after this event. `action` is the history's own word for it. `data` is a message, a
    conversation, a contact, an account, somebody's presence, a session of the bot or a mention, by the first word of
    `type`.
    """

    cursor: str
    type: Kind
    at: datetime
    action: str
    actor: shapes.AuditActor
    data: Any


class Batch(msgspec.Struct):
    """The events up to the history entry `position`; `is_full` says that more is waiting."""

    events: list[Event]
    position: int
    is_full: bool


class _Object(NamedTuple):
    """What an entry is about."""

    noun: str
    id: int


async def after(tx: Tx, position: int, *, seen_by: Program) -> Batch:
    """The next events that this program may see, after entry `position`: a fixed number of queries."""
    wanted = select(*_COLUMNS).where(AuditEntry.id > position).order_by(AuditEntry.id).limit(BATCH)
    entries = (await tx.execute(wanted)).all()
    about = [(entry, thing) for entry in entries if (thing := _about(entry)) and seen_by.may(_SCOPES[thing.noun])]
    shown = await _present(tx, {thing for _entry, thing in about}, seen_by)
    events = [_event(entry, thing, *shown[thing]) for entry, thing in about if thing in shown]
    return Batch(events, entries[-1].id if entries else position, len(entries) == BATCH)


def _about(entry: Row[*tuple[Any, ...]]) -> _Object | None:
    """The message, conversation, contact, account, person or session that an entry says is new or has changed."""
    noun = entry.action.partition(".")[0]
    if entry.action in _SILENT:
        return None
    if entry.action == "message.noted":
        # A note is nobody's message and its words stay inside; that it calls somebody is told.
        return _Object("mention", entry.message_id) if entry.message_id is not None else None
    if noun in {"message", "media"}:
        return _Object("message", entry.message_id) if entry.message_id is not None else None
    if noun == "conversation":
        return _Object("conversation", entry.conversation_id) if entry.conversation_id is not None else None
    if noun == "account":
        return _Object("account", entry.account_id) if entry.account_id is not None else None
    return _of_subject(noun, entry.subject)


def _of_subject(noun: str, subject: str | None) -> _Object | None:
    kind, _, number = (subject or "").partition(":")
    if not number.isdigit():
        return None
    # A doubt about who somebody is shows on the contact.
    if noun in {"contact", "review"} and kind == "contact":
        return _Object("contact", int(number))
    if noun == "presence" and kind == "agent":
        return _Object("presence", int(number))
    return _Object("bot_session", int(number)) if noun == "bot" and kind == "bot_session" else None


def _event(entry: Row[*tuple[Any, ...]], thing: _Object, data: Any, is_phones: bool) -> Event:  # noqa: ANN401, FBT001
    return Event(
        cursor=str(entry.id),
        type=_type(entry.action, thing.noun, is_phones=is_phones),
        at=moment_of(entry.at_us),
        action=entry.action,
        actor=rendering.actor(entry),
        data=data,
    )


def _type(action: str, noun: str, *, is_phones: bool) -> Kind:
    # What somebody wrote on the number's own telephone is first heard of as sent.
    if action in _CREATED or (action == "message.sent" and is_phones):
        return "message.created"
    if action == "conversation.created":
        return "conversation.created"
    updated: dict[str, Kind] = {
        "message": "message.updated",
        "conversation": "conversation.updated",
        "contact": "contact.updated",
        "account": "account.updated",
        "presence": "presence.updated",
        "bot_session": "bot.session.updated",
        "mention": "mention.created",
    }
    return updated[noun]


async def _present(tx: Tx, things: set[_Object], program: Program) -> dict[_Object, tuple[Any, bool]]:
    """Each of these as it is now; what is no longer there, or never leaves the console, is left out."""
    messages = await _rows(tx, Message, things, "message")
    messages = [row for row in messages if row.direction != "none"]
    conversations = [row for row in await _rows(tx, Conversation, things, "conversation") if row.status in STATUSES]
    contacts = await _rows(tx, Contact, things, "contact")
    shown: dict[_Object, tuple[Any, bool]] = {}
    for row, message in zip(messages, await rendering.messages(tx, messages), strict=True):
        shown[_Object("message", row.id)] = (message, row.author_kind == "phone")
    for row, conversation in zip(conversations, await rendering.conversations(tx, conversations), strict=True):
        if not program.may("messages:read"):
            conversation.last_message = None
        shown[_Object("conversation", row.id)] = (conversation, False)
    for row in contacts:
        shown[_Object("contact", row.id)] = (rendering.contact(row), False)
    debts = await _rows(tx, Account, things, "account")
    for row, account in zip(debts, await accounts.accounts(tx, debts), strict=True):
        shown[_Object("account", row.id)] = (account, False)
    for standing, name in await _standings(tx, things):
        shown[_Object("presence", standing.agent_id)] = (rendering.presence(standing, name), False)
    for session in await _rows(tx, BotSession, things, "bot_session"):
        shown[_Object("bot_session", session.id)] = (rendering.bot_session(session), False)
    for note in await _rows(tx, Message, things, "mention"):
        if (mention := rendering.mention(note)) is not None:
            shown[_Object("mention", note.id)] = (mention, False)
    return shown


async def _standings(tx: Tx, things: set[_Object]) -> Sequence[Row[AgentAvailability, str]]:
    """How people stand to the queue, with what they are called."""
    ids = [thing.id for thing in things if thing.noun == "presence"]
    if not ids:
        return []
    named = select(AgentAvailability, Agent.name).join(Agent, Agent.id == AgentAvailability.agent_id)
    return (await tx.execute(named.where(AgentAvailability.agent_id.in_(ids)))).all()


async def _rows(tx: Tx, table: Any, things: set[_Object], noun: str) -> Sequence[Any]:  # noqa: ANN401
    ids = [thing.id for thing in things if thing.noun == noun]
    return (await tx.scalars(select(table).where(table.id.in_(ids)))).all() if ids else []
