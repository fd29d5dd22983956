"""What the bot did, to be looked at: dialogues under way and ended, one of them step by step, and the night in numbers.

Everything here is asked for somebody, and shows only conversations that they may see.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select

from console import audit, masking
from console.agents import Viewer
from console.bots.models import BotRules, BotSession, BotStep
from console.db import Tx
from console.errors import not_found
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import contact_name
from console.languages.recalled import recalled

MOST = 200
A_NIGHT = timedelta(hours=24)


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A dialogue in a list. `reason` is why a person is needed, None while the bot manages by itself."""

    id: int
    conversation_id: int
    name: str
    phone: str | None
    asking: str | None
    is_verified: bool
    verified_how: str | None
    replies: int
    reason: str | None
    urgency: int
    summary: str | None
    opened_at: datetime
    last_at: datetime
    handed_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One turn as it is replayed: what was said to the bot, how it took it, what it did and said."""

    id: int
    number: int
    at: datetime
    heard: list[str]
    intents: list[tuple[str, float]]
    rules: list[str]
    helped: str | None
    action: str
    asked: str | None
    deeds: list[dict[str, Any]]
    texts: list[tuple[str, str]]
    said: str | None
    message_id: int | None
    status: str | None
    is_unclear: bool
    labels: list[str]
    took_ms: int


class NightView(msgspec.Struct, frozen=True, kw_only=True):
    """Since a moment: dialogues, how many needed nobody, who proved to be there, who was told, and what it cost.

    `cost` is in hundredths of the smallest unit. `reasons` counts why people were needed.
    """

    sessions: int
    contained: int
    verified: int
    disclosed: int
    replies: int
    cost: int
    reasons: dict[str, int]


async def sessions_of(tx: Tx, viewer: Viewer, *, live: bool, since: datetime | None = None) -> list[SessionView]:
    """Dialogues under way, the most urgent first, or those that ended since, the latest first."""
    wanted = _visible(viewer).where(BotSession.ended_at.is_(None) if live else BotSession.ended_at.is_not(None))
    if since is not None:
        wanted = wanted.where(BotSession.opened_at >= since)
    order = (BotSession.urgency.desc(), BotSession.last_at.desc()) if live else (BotSession.ended_at.desc(),)
    rows = await tx.execute(wanted.order_by(*order, BotSession.id.desc()).limit(MOST))
    return [_session(row) for row in rows.all()]


async def replay(tx: Tx, viewer: Viewer, session_id: int) -> tuple[SessionView, list[StepView]]:
    """One dialogue, step by step; Refused(404) for what is not there or not to be seen."""
    row = (await tx.execute(_visible(viewer).where(BotSession.id == session_id))).one_or_none()
    if row is None:
        raise not_found()
    wanted = select(BotStep).where(BotStep.session_id == session_id).order_by(BotStep.through_sequence)
    steps = (await tx.scalars(wanted)).all()
    ids = {number for step in steps for number in (*step.heard, step.message_id) if number is not None}
    found = await tx.scalars(select(Message).where(Message.id.in_(ids)))
    messages = {message.id: message for message in found}
    return _session(row), [_step(step, messages) for step in steps]


async def night_of(tx: Tx, viewer: Viewer, *, since: datetime) -> NightView:
    """The numbers of what began since; two queries."""
    price = func.coalesce(BotRules.reply_price_minor, 0)
    wanted = (
        select(BotSession, price)
        .join(Conversation, Conversation.id == BotSession.conversation_id)
        .outerjoin(BotRules, BotRules.team_id == BotSession.team_id)
        .where(policy.visible(viewer), BotSession.opened_at >= since)
    )
    rows = (await tx.execute(wanted)).all()
    told = select(func.count(func.distinct(audit.AuditEntry.subject))).where(
        audit.AuditEntry.action == "bot.disclosed",
        audit.AuditEntry.subject.in_([f"bot_session:{session.id}" for session, _price in rows]),
    )
    reasons: dict[str, int] = {}
    for session, _price in rows:
        if session.reason is not None:
            reasons[session.reason] = reasons.get(session.reason, 0) + 1
    return NightView(
        sessions=len(rows),
        contained=sum(session.reason in {None, "promise"} for session, _price in rows),
        verified=sum(session.debtor_id is not None for session, _price in rows),
        disclosed=await tx.scalar(told) or 0,
        replies=sum(session.replies for session, _price in rows),
        cost=sum(session.replies * each for session, each in rows),
        reasons=dict(sorted(reasons.items(), key=lambda each: -each[1])),
    )


def _visible(viewer: Viewer) -> Select[BotSession, Contact]:
    return (
        select(BotSession, Contact)
        .join(Conversation, Conversation.id == BotSession.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(policy.visible(viewer))
    )


def _session(row: Row[BotSession, Contact]) -> SessionView:
    session, contact = row
    return SessionView(
        id=session.id,
        conversation_id=session.conversation_id,
        name=contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        phone=masking.phone(contact.wa_id) if contact.wa_id else None,
        asking=session.memory.get("asking"),
        is_verified=session.debtor_id is not None,
        verified_how=session.verified_how,
        replies=session.replies,
        reason=session.reason,
        urgency=session.urgency,
        summary=recalled(session.summary) if session.summary else None,
        opened_at=session.opened_at,
        last_at=session.last_at,
        handed_at=session.handed_at,
        ended_at=session.ended_at,
        ended_why=session.ended_why,
    )


def _step(step: BotStep, messages: dict[int, Message]) -> StepView:
    answer = messages.get(step.message_id) if step.message_id is not None else None
    return StepView(
        id=step.id,
        number=step.number,
        at=step.at,
        heard=[messages[each].text or f"[{messages[each].kind}]" for each in step.heard if each in messages],
        intents=intents_of(step),
        rules=step.understood.get("rules", []),
        helped=step.understood.get("helped"),
        action=step.action,
        asked=step.asked,
        deeds=step.deeds,
        texts=[(key, version) for key, version in step.texts],
        said=answer.text if answer is not None else None,
        message_id=step.message_id,
        status=answer.status if answer is not None else None,
        is_unclear=step.is_unclear,
        labels=step.labels.split(",") if step.labels else [],
        took_ms=step.took_ms,
    )


def intents_of(step: BotStep) -> list[tuple[str, float]]:
    """What it was taken for, with scores."""
    return [(label, score) for label, score in step.understood.get("intents", [])]
