"""Scheduling a message, cancelling it, and its moment: everything that held when it was written is asked again.

It only answers inside the service window that was open when it was written, and in the contact hours of the debtor.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, or_, select

from console import audit, clock
from console.agents import Agent, AgentTeam, Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import policy, reply, thread
from console.inbox.models import Conversation, Message, Status
from console.portfolio.contact_hours import is_open
from console.portfolio.whereabouts import whereabouts
from console.scheduling.models import ScheduledMessage
from console.texts import variables as blanks

MOST_WAITING = 5
"""Messages that may wait in one conversation."""
LEAST_AHEAD = timedelta(minutes=1)


async def schedule(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer,
    text: str,
    at: datetime,
    client_key: str,
    zone: ZoneInfo,
    country: str,
) -> Message:
    """Let `text` leave at `at`; the row of the thread that says so. The same `client_key` again gives the same row.

    Records "message.scheduled". Refuses: 422 "text" as `reply.reply`; 422 "at" for a moment that is past, outside the
    contact hours of `country` in `zone`, or after the service window closes; 409 "too_many", and whoever may not be
    written to.
    """
    text = reply.tidy(text)
    reply.check_text(text)
    blanks.require_filled(text, field="text")
    conversation = await thread.lock(tx, conversation)
    content = {"due_at": at.isoformat()}
    said: dict[str, Any] = {"kind": "scheduled", "text": text, "content": content, "reply_to_wamid": None}
    if earlier := await reply.already(tx, conversation, by=by, client_key=client_key, said=said):
        return earlier
    await reply.require_reachable(tx, conversation)
    _check_moment(conversation, at, zone, country)
    waiting = select(ScheduledMessage.message_id).where(
        ScheduledMessage.conversation_id == conversation.id, ScheduledMessage.state == "waiting"
    )
    if len((await tx.scalars(waiting)).all()) >= MOST_WAITING:
        text = f"Ya hay {MOST_WAITING} mensajes programados en esta conversación."
        raise Refused(409, text, code="too_many", field="text")
    row = await thread.append(
        tx, conversation, direction="none", author=by.actor, status=Status.NOTED, client_key=client_key, **said
    )
    tx.add(
        ScheduledMessage(
            message_id=row.id,
            conversation_id=conversation.id,
            agent_id=by.id,
            due_at=at,
            inbound_count=conversation.inbound_count,
            balance_minor=conversation.balance_minor,
            state="waiting",
        ),
    )
    new = {"due_at": at, "digest": thread.digest_of(row)}
    audit.record(tx, by.actor, "message.scheduled", conversation_id=conversation.id, message_id=row.id, new=new)
    await tx.flush()
    return row


async def cancel(tx: Tx, conversation: Conversation, message_id: int, *, by: Viewer) -> Message:
    """Let it not leave. Records "message.schedule_cancelled"; once it left or was cancelled, changes nothing.

    Refuses: 404 for what is not scheduled here.
    """
    await thread.lock(tx, conversation)
    waiting = await tx.get(ScheduledMessage, message_id, with_for_update=True, populate_existing=True)
    if waiting is None or waiting.conversation_id != conversation.id:
        raise Refused(404, "Ese mensaje programado ya no está aquí.", code="not_found", field="message")
    row = await tx.get_one(Message, message_id)
    if waiting.state == "waiting":
        _end(tx, waiting, row, "cancelled", "by_hand", by=by.actor)
    await tx.flush()
    return row


async def turn(tx: Tx, moment: datetime, *, zone: str, country: str) -> bool:
    """End one scheduled message whose moment has come or whose reason has gone; say whether there was one.

    `zone` and `country` are the business's. Of several processes one has it: the conversation is held first, as by
    every verb, and what another holds is passed over. The message itself goes under a key of its own, once.
    """
    wanted = select(Conversation.id).where(Conversation.id.in_(_ready(moment))).order_by(Conversation.id).limit(1)
    conversation_id = await tx.scalar(wanted.with_for_update(skip_locked=True))
    if conversation_id is None:
        return False
    conversation = await tx.get_one(Conversation, conversation_id, populate_existing=True)
    first = (
        select(ScheduledMessage)
        .join(Conversation, Conversation.id == ScheduledMessage.conversation_id)
        .where(ScheduledMessage.conversation_id == conversation_id, *_is_ready(moment))
        .order_by(ScheduledMessage.due_at, ScheduledMessage.message_id)
        .limit(1)
        .with_for_update(of=ScheduledMessage)
    )
    waiting = (await tx.scalars(first.execution_options(populate_existing=True))).one_or_none()
    if waiting is None:
        return False
    row = await tx.get_one(Message, waiting.message_id)
    where, law = await whereabouts(tx, conversation, zone=zone, country=country)
    reason = await _obstacle(tx, waiting, conversation) or (None if is_open(moment, where, law) else "hours")
    if reason is None:
        reason = await _send(tx, waiting, row, conversation)
    if reason is not None:
        _end(tx, waiting, row, "cancelled", reason, by=SYSTEM)
    await tx.flush()
    return True


async def is_due(tx: Tx, moment: datetime) -> bool:
    """Whether a turn might do anything; a glance without a lock."""
    return await tx.scalar(_ready(moment).limit(1)) is not None


def _ready(moment: datetime) -> Select[int]:
    return (
        select(ScheduledMessage.conversation_id)
        .join(Conversation, Conversation.id == ScheduledMessage.conversation_id)
        .where(*_is_ready(moment))
    )


def _is_ready(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        ScheduledMessage.state == "waiting",
        or_(
            ScheduledMessage.due_at <= moment,
            Conversation.inbound_count != ScheduledMessage.inbound_count,
            Conversation.balance_minor.is_distinct_from(ScheduledMessage.balance_minor),
        ),
    )


def _check_moment(conversation: Conversation, at: datetime, zone: ZoneInfo, country: str) -> None:
    now = clock.now()
    if at < now + LEAST_AHEAD:
        raise Refused(422, "Elija un momento en el futuro.", code="invalid", field="at")
    if not policy.window(conversation, at).is_open:
        text = "A esa hora la ventana ya estará cerrada: WhatsApp solo aceptaría una plantilla. Elija antes."
        raise Refused(422, text, code="window_closed", field="at")
    if not is_open(at, zone, country):
        text = "A esa hora no se le puede escribir: está fuera del horario de contacto donde vive."
        raise Refused(422, text, code="outside_hours", field="at")


async def _obstacle(tx: Tx, waiting: ScheduledMessage, conversation: Conversation) -> str | None:
    """What has changed since it was written, in a word."""
    if conversation.inbound_count != waiting.inbound_count:
        return "replied"
    if conversation.balance_minor != waiting.balance_minor:
        return "balance"
    agent = await tx.get_one(Agent, waiting.agent_id)
    teams = await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent.id))
    viewer = Viewer(id=agent.id, name=agent.name, role=agent.role, team_ids=frozenset(teams))
    may = policy.sees(viewer, team_id=conversation.team_id, holder_id=conversation.holder_id)
    return "author" if agent.disabled_at is not None or not may else None


async def _send(tx: Tx, waiting: ScheduledMessage, row: Message, conversation: Conversation) -> str | None:
    author = Actor(kind="agent", id=row.author_id, name=row.author_name, origin="schedule")
    key = f"scheduled:{row.id}"
    try:
        sent = await reply.reply(tx, conversation, by=author, text=row.text or "", client_key=key)
    except Refused as refused:
        return refused.code
    waiting.sent_id = sent.id
    _end(tx, waiting, row, "sent", None, by=author)
    return None


def _end(tx: Tx, waiting: ScheduledMessage, row: Message, state: str, reason: str | None, *, by: Actor) -> None:
    waiting.state, waiting.reason, waiting.ended_at = state, reason, clock.now()
    row.version += 1
    action = "message.schedule_sent" if state == "sent" else "message.schedule_cancelled"
    new = {"state": state, "reason": reason, "sent_id": waiting.sent_id}
    audit.record(tx, by, action, conversation_id=row.conversation_id, message_id=row.id, new=new)
