"""Rows as the API shows them: a fixed number of queries for any number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased

from console import agents
from console.api import shapes
from console.audit import ActorKind, AuditEntry
from console.bots.models import BotSession
from console.db import Tx
from console.inbox import contacts, models
from console.inbox.models import Status
from console.inbox.rows import labels_of
from console.routing.models import AgentAvailability
from console.scanning import verdicts

_AuthorKind = Literal["contact", "agent", "bot", "system"]


async def conversations(tx: Tx, rows: Sequence[models.Conversation]) -> list[shapes.Conversation]:
    """Conversations with their contact and last message, in the order given."""
    ids = [row.id for row in rows]
    people = await _contacts(tx, {row.contact_id for row in rows})
    roles = await _roles(tx, {row.holder_id for row in rows if row.holder_id is not None})
    last = {message.conversation_id: message for message in await messages(tx, await _last_messages(tx, ids))}
    read = await _furthest_read(tx, ids)
    labels = await labels_of(tx, ids)
    return [
        shapes.Conversation(
            id=str(row.id),
            contact=_person(people[row.contact_id]),
            status=cast("shapes.ConversationStatus", row.status),
            assignee=_id(row.holder_id),
            team=str(row.team_id),
            handler=_handler(row.holder_id, roles),
            tags=labels.get(row.id, []),
            unread=max(row.inbound_count - read.get(row.id, 0), 0),
            last_message=last.get(str(row.id)),
            window_closes_at=row.window_closes_at,
            snoozed_until=row.snoozed_until,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


async def messages(tx: Tx, rows: Sequence[models.Message]) -> list[shapes.Message]:
    """Messages with attachment, reactions and the contact's address. Notes and events are not for here."""
    ids = [row.id for row in rows]
    addresses = await _wa_ids(tx, {row.conversation_id for row in rows})
    attached = await _media(tx, ids)
    reacted = await _reactions(tx, ids)
    return [
        shapes.Message(
            id=str(row.id),
            conversation_id=str(row.conversation_id),
            direction="in" if row.direction == "in" else "out",
            author=author(row),
            type=row.kind,
            text=row.text,
            media=attached.get(row.id),
            status=cast("shapes.MessageStatus", row.status),
            wa_id=addresses.get(row.conversation_id),
            external_id=row.wamid,
            error=_error(row),
            created_at=row.created_at,
            sequence=row.sequence,
            target_id=_id(row.target_id),
            reactions=reacted.get(row.id, []),
            edited_at=row.edited_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def author(row: models.Message) -> shapes.Author:
    """Who wrote it. The contract knows four kinds: a program and the telephone count as the system."""
    kind = cast("_AuthorKind", row.author_kind if row.author_kind in {"contact", "agent", "bot"} else "system")
    return shapes.Author(
        kind=kind,
        id=_id(row.author_id) if kind != "system" else None,
        name=row.author_name,
    )


def contact(row: contacts.Contact) -> shapes.Contact:
    """A contact."""
    return shapes.Contact(
        id=str(row.id),
        name=row.name or row.profile_name,
        phone=_phone(row.wa_id),
        wa_id=row.wa_id,
        user_id=row.user_id,
        profile_name=row.profile_name,
        username=row.username,
        reachable=row.unreachable_at is None and row.blocked_us_at is None,
        identity_doubt_at=row.identity_doubt_at,
        version=row.version,
        created_at=row.created_at,
    )


def note(row: models.Message) -> shapes.Note:
    """An internal note."""
    return shapes.Note(
        id=str(row.id),
        conversation_id=str(row.conversation_id),
        author=author(row),
        text=row.text or "",
        mentions=[one["id"] for one in (row.content or {}).get("mentions", [])],
        created_at=row.created_at,
        sequence=row.sequence,
    )


def entry(row: AuditEntry) -> shapes.AuditEntry:
    """A history entry; what was hashed as JSON text goes out as JSON again."""
    return shapes.AuditEntry(
        id=str(row.id),
        at=row.at,
        actor=actor(row),
        action=row.action,
        conversation_id=_id(row.conversation_id),
        message_id=_id(row.message_id),
        account_id=_id(row.account_id),
        subject=row.subject,
        old=_raw(row.old),
        new=_raw(row.new),
        origin=row.origin,
        hash=row.hash,
    )


def actor(row: AuditEntry | Row[*tuple[Any, ...]]) -> shapes.AuditActor:
    """Who did what an entry tells."""
    kind = cast("ActorKind", row.actor_kind)
    return shapes.AuditActor(kind=kind, id=_id(row.actor_id), name=row.actor_name)


async def _contacts(tx: Tx, ids: Iterable[int]) -> dict[int, contacts.Contact]:
    found = await tx.scalars(select(contacts.Contact).where(contacts.Contact.id.in_(ids)))
    return {row.id: row for row in found}


async def _roles(tx: Tx, agent_ids: Iterable[int]) -> dict[int, str]:
    found = await tx.execute(select(agents.Agent.id, agents.Agent.role).where(agents.Agent.id.in_(agent_ids)))
    return dict(found.all())


async def _last_messages(tx: Tx, conversation_ids: Sequence[int]) -> Sequence[models.Message]:
    """The newest message of each conversation, passing over notes and events."""
    candidate = aliased(models.Message)
    newest = (
        select(candidate.id)
        .where(candidate.conversation_id == models.Conversation.id, candidate.direction != "none")
        .order_by(candidate.sequence.desc())
        .limit(1)
        .correlate(models.Conversation)
        .scalar_subquery()
    )
    wanted = select(newest).where(models.Conversation.id.in_(conversation_ids))
    return (await tx.scalars(select(models.Message).where(models.Message.id.in_(wanted)))).all()


async def _furthest_read(tx: Tx, conversation_ids: Sequence[int]) -> dict[int, int]:
    """How many of the contact's messages the agent who read furthest has read."""
    mark = models.ReadMark
    found = await tx.execute(
        select(mark.conversation_id, func.max(mark.inbound_count))
        .where(mark.conversation_id.in_(conversation_ids))
        .group_by(mark.conversation_id),
    )
    return dict(found.all())


async def _wa_ids(tx: Tx, conversation_ids: Iterable[int]) -> dict[int, str | None]:
    found = await tx.execute(
        select(models.Conversation.id, contacts.Contact.wa_id)
        .join(contacts.Contact, contacts.Contact.id == models.Conversation.contact_id)
        .where(models.Conversation.id.in_(conversation_ids)),
    )
    return dict(found.all())


async def _media(tx: Tx, message_ids: Sequence[int]) -> dict[int, shapes.Media]:
    found = (await tx.scalars(select(models.Media).where(models.Media.message_id.in_(message_ids)))).all()
    closed = await verdicts.closed(tx, {row.sha256 for row in found if row.state == "stored"})
    return {
        row.message_id: shapes.Media(
            id=str(row.id),
            state=closed.get(row.sha256 or "", row.state) if row.state == "stored" else row.state,
            mime_type=row.mime_type or row.declared_type,
            filename=row.filename,
            size=row.size,
            sha256=row.sha256,
            voice=row.voice,
        )
        for row in found
    }


async def _reactions(tx: Tx, message_ids: Sequence[int]) -> Mapping[int, list[shapes.Reacted]]:
    reaction = models.Reaction
    found = await tx.scalars(
        select(reaction).where(reaction.message_id.in_(message_ids)).order_by(reaction.message_id, reaction.by),
    )
    by_message = defaultdict(list)
    for row in found:
        by_message[row.message_id].append(shapes.Reacted(by=row.by, emoji=row.emoji))
    return by_message


def _person(row: contacts.Contact) -> shapes.Person:
    return shapes.Person(id=str(row.id), name=row.name or row.profile_name, phone=_phone(row.wa_id))


def _phone(wa_id: str | None) -> str | None:
    """The address as a phone number: a plus sign, and the digits as Meta gave them."""
    return f"+{wa_id}" if wa_id and wa_id.isdigit() else wa_id


def _handler(holder_id: int | None, roles: Mapping[int, str]) -> shapes.Handler:
    if holder_id is None:
        return "none"
    return "bot" if roles.get(holder_id) == agents.Role.BOT else "agent"


def _error(row: models.Message) -> shapes.MessageError | None:
    if row.status != Status.FAILED:
        return None
    return shapes.MessageError(code=row.error_code, details=row.error_details)


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


def mention(note: models.Message) -> shapes.Mention | None:
    """Whom a note calls; None for one that calls nobody, or was erased."""
    called = (note.content or {}).get("mentions")
    if not called:
        return None
    return shapes.Mention(
        message_id=str(note.id),
        conversation_id=str(note.conversation_id),
        sequence=note.sequence,
        agents=[shapes.Mentioned(id=one["id"], name=one["name"]) for one in called],
    )


def presence(row: AgentAvailability, name: str) -> shapes.PresenceOf:
    """How somebody stands to new conversations."""
    status = cast('Literal["available", "paused", "away"]', row.state)
    return shapes.PresenceOf(
        user=str(row.agent_id), name=name, status=status, reason=row.reason, since=row.since, until=row.until
    )


def bot_session(session: BotSession) -> shapes.BotSession:
    """A dialogue of the bot, without a word of what was said."""
    return shapes.BotSession(
        id=str(session.id),
        conversation_id=str(session.conversation_id),
        status="ended" if session.ended_at is not None else "live",
        verified=session.debtor_id is not None,
        asking=session.memory.get("asking"),
        replies=session.replies,
        reason=session.reason,
        urgency=session.urgency,
        opened_at=session.opened_at,
        updated_at=session.last_at,
        ended_at=session.ended_at,
        ended_why=session.ended_why,
    )
