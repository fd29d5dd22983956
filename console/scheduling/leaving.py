"""The moment of a scheduled message: everything that held when it was written is asked again, and filled in afresh.

It leaves, or it is cancelled because its reason has gone, or it is held until somebody looks at it: then its author is
told by a note that mentions them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from console import clock
from console.agents import Agent, AgentTeam, ApiToken, Viewer
from console.audit import SYSTEM, Actor, ActorKind
from console.db import Tx, says
from console.errors import Refused
from console.inbox import policy, reply
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.message_templates import header_files
from console.portfolio.contact_hours import is_open
from console.portfolio.reminders import not_now
from console.portfolio.whereabouts import whereabouts
from console.scheduling import filling
from console.scheduling.filling import House
from console.scheduling.later import end, template_of
from console.scheduling.models import ScheduledMessage
from console.scheduling.reasons import why_not

_HOLDING = frozenset({"template_not_found", "template_not_approved", "template_unsupported", "template_variables"})
"""Refusals that somebody can do something about."""


class _Obstacle(msgspec.Struct, frozen=True):
    """Why it does not leave, in a word, and what becomes of it."""

    state: Literal["cancelled", "held"]
    reason: str
    field: str | None = None


async def turn(tx: Tx, moment: datetime, *, house: House) -> bool:
    """End one scheduled message whose moment has come or whose reason has gone; say whether there was one.

    Of several processes one has it: the conversation is held first, as by every verb, and what another holds is passed
    over. The message itself goes under a key of its own, once.
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
    waits = (await tx.scalars(first.execution_options(populate_existing=True))).one_or_none()
    if waits is None:
        return False
    row = await tx.get_one(Message, waits.message_id, populate_existing=True)
    obstacle = await _obstacle(tx, waits, row, conversation, moment=moment, house=house)
    if obstacle is None:
        obstacle = await _send(tx, waits, row, conversation, house)
    if obstacle is not None:
        end(tx, waits, row, obstacle.state, obstacle.reason, by=SYSTEM, field=obstacle.field)
        if obstacle.state == "held":
            await _tell(tx, waits, row, conversation)
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
        says(ScheduledMessage.state, "waiting"),
        or_(
            ScheduledMessage.due_at <= moment,
            and_(ScheduledMessage.on_reply, Conversation.inbound_count != ScheduledMessage.inbound_count),
            and_(ScheduledMessage.on_payment, _has_paid()),
        ),
    )


def _has_paid() -> ColumnElement[bool]:
    """That they owe less; a text says what it says, so that any change of what they owe makes it doubtful."""
    now, then = Conversation.balance_minor, ScheduledMessage.balance_minor
    return or_(
        func.coalesce(now, 0) < func.coalesce(then, 0),
        and_(ScheduledMessage.template_id.is_(None), now.is_distinct_from(then)),
    )


async def _obstacle(
    tx: Tx, waits: ScheduledMessage, row: Message, conversation: Conversation, *, moment: datetime, house: House
) -> _Obstacle | None:
    """What has changed since it was written."""
    reason = _reason_gone(waits, row, conversation)
    if reason is None and not await _may_still_write(tx, waits, conversation):
        reason = "author"
    if reason is not None:
        return _Obstacle("cancelled", reason)
    is_template = waits.template_id is not None
    zone, country = await whereabouts(tx, conversation, zone=house.zone.key, country=house.country)
    if is_template:
        why, _later = await not_now(tx, conversation, moment, zone, country)
        if why is not None:
            return _Obstacle("held", why)
    elif not is_open(moment, zone, country):
        return _Obstacle("cancelled", "hours")
    owes_other = conversation.balance_minor != waits.balance_minor
    if owes_other and filling.says_a_number(row.text, row.content or {}, is_template=is_template):
        return _Obstacle("held", "stale")
    return None


def _reason_gone(waits: ScheduledMessage, row: Message, conversation: Conversation) -> str | None:
    """That nobody needs it any more: the twin of `_is_ready`."""
    now, then = conversation.balance_minor, waits.balance_minor
    if waits.on_reply and conversation.inbound_count != waits.inbound_count:
        return "replied"
    if waits.on_payment and (now or 0) < (then or 0):
        return "balance" if waits.template_id is None else "paid"
    if waits.on_payment and waits.template_id is None and now != then:
        return "balance"
    return "erased" if row.text is None else None


async def _may_still_write(tx: Tx, waits: ScheduledMessage, conversation: Conversation) -> bool:
    """Whether its author still works here and sees the conversation; a program, whether its token holds."""
    if waits.agent_id is None:
        token = await tx.get_one(ApiToken, waits.token_id, populate_existing=True)
        return token.revoked_at is None and (token.expires_at is None or token.expires_at > clock.now())
    agent = await tx.get_one(Agent, waits.agent_id, populate_existing=True)
    teams = await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent.id))
    viewer = Viewer(id=agent.id, name=agent.name, role=agent.role, team_ids=frozenset(teams))
    may = policy.sees(viewer, team_id=conversation.team_id, holder_id=conversation.holder_id)
    return agent.disabled_at is None and may


async def _send(
    tx: Tx, waits: ScheduledMessage, row: Message, conversation: Conversation, house: House
) -> _Obstacle | None:
    kind: ActorKind = "agent" if waits.agent_id is not None else "token"
    author = Actor(kind=kind, id=row.author_id, name=row.author_name, origin="schedule")
    try:
        sent = await _queue(tx, waits, row, conversation, by=author, house=house)
    except Refused as refused:
        if waits.template_id is None or refused.code not in _HOLDING:
            return _Obstacle("cancelled", refused.code)
        return _Obstacle("held", refused.code, (refused.field or "").removeprefix("variables.")[:80] or None)
    if sent is None:
        return _Obstacle("held", "template_changed")
    waits.sent_id = sent.id
    end(tx, waits, row, "sent", None, by=author)
    return None


async def _queue(
    tx: Tx, waits: ScheduledMessage, row: Message, conversation: Conversation, *, by: Actor, house: House
) -> Message | None:
    """The message, filled in as things stand now; None for a template that says something else since."""
    key = f"scheduled:{row.id}"
    if waits.template_id is None:
        return await reply.reply(tx, conversation, by=by, text=row.text or "", client_key=key)
    template, content = await template_of(tx, conversation, waits.template_id), row.content or {}
    if filling.wording_of(template) != content["wording"]:
        return None
    values = await filling.known_now(tx, conversation, agent=by.name or "", house=house, moment=clock.now())
    file = await header_files.chosen(tx, conversation, template, content["variables"], by=by)
    variables = filling.fill(template, content["variables"], values, file.file if file else None)
    return await reply.send_template(
        tx, conversation, by=by, template_id=template.id, variables=variables, client_key=key
    )


async def _tell(tx: Tx, waits: ScheduledMessage, row: Message, conversation: Conversation) -> None:
    """Its author, by a note that mentions them: it stands among their mentions until they have seen it."""
    reason = why_not(waits.state, waits.reason, waits.field)
    text = Words("La plantilla programada no salió: {reason}. Cámbiela o cancélela.", reason=reason)
    if waits.template_id is None:
        text = Words("El mensaje programado no salió: {reason}. Cámbielo o cancélelo.", reason=reason)
    people = {waits.agent_id} if waits.agent_id is not None else set()
    await reply.note(
        tx, conversation, by=SYSTEM, text=str(text), client_key=f"held:{row.id}:{row.version}", mentions=people
    )
