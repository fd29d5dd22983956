"""Scheduling a message, changing it and cancelling it, while it waits. What becomes of it then: `leaving`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import policy, reply, thread
from console.inbox.channel import MessageTemplate
from console.inbox.models import Conversation, Message, Status
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.message_templates import header_files
from console.portfolio.contact_hours import is_open
from console.portfolio.whereabouts import whereabouts
from console.scheduling import filling
from console.scheduling.filling import House, Said
from console.scheduling.models import WAITS, ScheduledMessage
from console.texts import variables as blanks

MOST_WAITING = 5
"""Messages that may wait in one conversation."""
LEAST_AHEAD = timedelta(minutes=1)
FURTHEST = timedelta(days=366)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """When it leaves, and what cancels it before: an answer, money that comes in."""

    at: datetime
    on_reply: bool = True
    on_payment: bool = True


async def schedule(
    tx: Tx, conversation: Conversation, *, by: Viewer | Actor, said: Said, terms: Terms, client_key: str, house: House
) -> Message:
    """Let it leave at `terms.at`; the row of the thread that says so. The same `client_key` again gives the same row.

    A template may leave outside the service window. Records "message.scheduled". Refuses: 422 "text" as `reply.reply`;
    404 for an unknown template, and what `filling.fill` refuses as things stand now; 422 "at" for a moment that is
    past, outside the contact hours where the debtor lives, or, for a text, after the window closes; 409 "too_many", and
    whoever may not be written to.
    """
    conversation = await thread.lock(tx, conversation)
    text, content = await _written(tx, conversation, said, terms)
    row_says: dict[str, Any] = {"kind": "scheduled", "text": text, "content": content, "reply_to_wamid": None}
    if earlier := await reply.already(tx, conversation, by=by, client_key=client_key, said=row_says):
        return earlier
    await _require_sound(tx, conversation, by=by, said=said, terms=terms, house=house)
    waiting = select(ScheduledMessage.message_id).where(
        ScheduledMessage.conversation_id == conversation.id, ScheduledMessage.state.in_(WAITS)
    )
    if len((await tx.scalars(waiting)).all()) >= MOST_WAITING:
        words = Words("Ya hay {most_waiting} mensajes programados en esta conversación.", most_waiting=MOST_WAITING)
        raise Refused(409, words, code="too_many", field="text")
    author = actor_of(by)
    row = await thread.append(
        tx, conversation, direction="none", author=author, status=Status.NOTED, client_key=client_key, **row_says
    )
    waits = ScheduledMessage(message_id=row.id, conversation_id=conversation.id, state="waiting")
    _put(waits, conversation, by=author, said=said, terms=terms)
    tx.add(waits)
    new = {"due_at": terms.at, "digest": thread.digest_of(row), "template_id": said.template_id}
    audit.record(tx, author, "message.scheduled", conversation_id=conversation.id, message_id=row.id, new=new)
    await tx.flush()
    return row


async def change(
    tx: Tx,
    conversation: Conversation,
    message_id: int,
    *,
    by: Viewer | Actor,
    said: Said,
    terms: Terms,
    version: int | None,
    house: House,
) -> Message:
    """Say it otherwise or at another moment, also when it was held. Whoever changes it is its author from then on.

    Records "message.schedule_changed"; what changes nothing records nothing. Refuses as `schedule`, and 404 for what is
    not scheduled here, 409 "already_ended" for what has left or was cancelled, "version_conflict" when the row is no
    longer the `version` that its author saw, 422 "another_kind" for a template in the place of a text.
    """
    conversation = await thread.lock(tx, conversation)
    waits, row = await held_open(tx, conversation, message_id)
    if waits.state not in WAITS:
        raise _ended()
    if version is not None and version != row.version:
        words = Words("Ese mensaje cambió mientras tanto: vea cómo quedó.")
        raise Refused(409, words, code="version_conflict", field="version", details={"version": row.version})
    if (waits.template_id is None) != (said.template_id is None):
        raise Refused(
            422, Words("Un texto no se vuelve plantilla: prográmela aparte."), code="another_kind", field="template"
        )
    text, content = await _written(tx, conversation, said, terms)
    same = (row.text, row.content, waits.state) == (text, content, "waiting")
    if same:
        return row
    await _require_sound(tx, conversation, by=by, said=said, terms=terms, house=house)
    author, old = actor_of(by), {"due_at": waits.due_at, "state": waits.state, "digest": thread.digest_of(row)}
    row.text, row.content, row.author_kind = text, content, author.kind
    row.author_id, row.author_name, row.version = author.id, author.name or "", row.version + 1
    waits.state, waits.reason, waits.field = "waiting", None, None
    _put(waits, conversation, by=author, said=said, terms=terms)
    new = {"due_at": terms.at, "state": "waiting", "digest": thread.digest_of(row), "template_id": said.template_id}
    audit.record(
        tx,
        author,
        "message.schedule_changed",
        conversation_id=conversation.id,
        message_id=row.id,
        old=old,
        new=new,
    )
    await tx.flush()
    return row


async def cancel(tx: Tx, conversation: Conversation, message_id: int, *, by: Viewer | Actor) -> Message:
    """Let it not leave. Records "message.schedule_cancelled"; once it left or was cancelled, changes nothing.

    Refuses: 404 for what is not scheduled here.
    """
    await thread.lock(tx, conversation)
    waits, row = await held_open(tx, conversation, message_id)
    if waits.state in WAITS:
        end(tx, waits, row, "cancelled", "by_hand", by=actor_of(by))
    await tx.flush()
    return row


async def held_open(tx: Tx, conversation: Conversation, message_id: int) -> tuple[ScheduledMessage, Message]:
    """What is scheduled in this conversation, held until `tx` ends, and its row. Refuses 404."""
    waits = await tx.get(ScheduledMessage, message_id, with_for_update=True, populate_existing=True)
    if waits is None or waits.conversation_id != conversation.id:
        raise _gone()
    return waits, await tx.get_one(Message, message_id, populate_existing=True)


async def seen(tx: Tx, conversation: Conversation, message_id: int) -> tuple[ScheduledMessage, Message]:
    """What still waits in this conversation, and its row, to look at. Refuses 404, and 409 "already_ended"."""
    waits = await tx.get(ScheduledMessage, message_id)
    if waits is None or waits.conversation_id != conversation.id:
        raise _gone()
    if waits.state not in WAITS:
        raise _ended()
    return waits, await tx.get_one(Message, message_id)


def _gone() -> Refused:
    return Refused(404, Words("Ese mensaje programado ya no está aquí."), code="not_found", field="message")


def _ended() -> Refused:
    return Refused(409, Words("Ese mensaje ya salió o se canceló."), code="already_ended", field="message")


def end(
    tx: Tx,
    waits: ScheduledMessage,
    row: Message,
    state: str,
    reason: str | None,
    *,
    by: Actor,
    field: str | None = None,
) -> None:
    """Let it be sent, cancelled or held from now on; held is no end, somebody has to look at it."""
    waits.state, waits.reason, waits.field = state, reason, field
    waits.ended_at = clock.now() if state != "held" else None
    row.version += 1
    new = {"state": state, "reason": reason, "field": field, "sent_id": waits.sent_id}
    action = f"message.schedule_{state}"
    audit.record(tx, by, action, conversation_id=row.conversation_id, message_id=row.id, new=new)


def _put(waits: ScheduledMessage, conversation: Conversation, *, by: Actor, said: Said, terms: Terms) -> None:
    """The terms, and what its author sees as they write it."""
    waits.agent_id = by.id if by.kind == "agent" else None
    waits.token_id = by.id if by.kind == "token" else None
    waits.template_id = said.template_id
    waits.due_at, waits.on_reply, waits.on_payment = terms.at, terms.on_reply, terms.on_payment
    waits.inbound_count, waits.balance_minor = conversation.inbound_count, conversation.balance_minor


async def _written(tx: Tx, conversation: Conversation, said: Said, terms: Terms) -> tuple[str, dict[str, Any]]:
    """The text and content of the row."""
    cancels = [name for name, holds in (("reply", terms.on_reply), ("payment", terms.on_payment)) if holds]
    about = {"due_at": terms.at.isoformat(), "cancel_on": cancels}
    if said.template_id is None:
        text = reply.tidy(said.text)
        reply.check_text(text)
        blanks.require_filled(text, field="text")
        return text, about
    template = await template_of(tx, conversation, said.template_id)
    text, content = filling.written_down(template, {key: words.strip() for key, words in said.variables.items()})
    return text, {**about, **content}


async def template_of(tx: Tx, conversation: Conversation, template_id: int) -> MessageTemplate:
    """A template of this conversation's number. Refuses 404."""
    template = await tx.get(MessageTemplate, template_id)
    if template is None or template.channel_id != conversation.channel_id:
        raise Refused(404, Words("Esa plantilla no existe."), code="template_not_found", field="template")
    return template


async def _require_sound(
    tx: Tx, conversation: Conversation, *, by: Viewer | Actor, said: Said, terms: Terms, house: House
) -> None:
    """Refuse what could not leave even as things stand now."""
    await reply.require_reachable(tx, conversation)
    moment = clock.now()
    if said.template_id is not None:
        template = await template_of(tx, conversation, said.template_id)
        agent = actor_of(by).name or ""
        values = await filling.known_now(tx, conversation, agent=agent, house=house, moment=moment)
        file = await header_files.chosen(tx, conversation, template, said.variables, by=by)
        filling.fill(template, said.variables, values, file.file if file else None)
        await reply.require_consent(tx, conversation, template.category)
    zone, country = await whereabouts(tx, conversation, zone=house.zone.key, country=house.country)
    _check_moment(conversation, terms.at, zone, country, is_template=said.template_id is not None)


def _check_moment(conversation: Conversation, at: datetime, zone: ZoneInfo, country: str, *, is_template: bool) -> None:
    now = clock.now()
    if not now + LEAST_AHEAD <= at <= now + FURTHEST:
        raise Refused(422, Words("Elija un momento en el futuro, dentro de un año."), code="invalid", field="at")
    if not is_template and not policy.window(conversation, at).is_open:
        text = Words("A esa hora la ventana ya estará cerrada: WhatsApp solo aceptaría una plantilla. Elija antes.")
        raise Refused(422, text, code="window_closed", field="at")
    if not is_open(at, zone, country):
        text = Words("A esa hora no se le puede escribir: está fuera del horario de contacto donde vive.")
        raise Refused(422, text, code="outside_hours", field="at")
