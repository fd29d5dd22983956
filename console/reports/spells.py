"""Spells as facts: from the first message after the last resolution to the next resolution."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Row, case, func, select, update

from console.db import Tx, bulk_insert
from console.inbox.models import Conversation, Message
from console.reports.local_days import Calendar, seconds
from console.reports.models import Spell
from console.reports.talking import NOT_TALK


async def note(tx: Tx, entries: Iterable[Row[*tuple[Any, ...]]], calendar: Calendar) -> set[date]:
    """Note each resolution that had messages before it, and say on which days; resolving twice in a row is one."""
    days = set()
    for entry in entries:
        if entry.action == "conversation.resolved" and entry.message_id is not None:
            days.add(await _note(tx, entry, calendar))
    return {day for day in days if day is not None}


async def _note(tx: Tx, entry: Row[*tuple[Any, ...]], calendar: Calendar) -> date | None:
    closing = (
        await tx.execute(
            select(Message.id, Message.conversation_id, Message.sequence, Message.created_at, Conversation.team_id)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id == entry.message_id)
        )
    ).one_or_none()
    if closing is None:
        return None
    before = select(func.max(Spell.sequence)).where(
        Spell.conversation_id == closing.conversation_id, Spell.sequence < closing.sequence
    )
    begun = await tx.scalar(before) or 0
    said = (
        await tx.execute(
            select(
                func.min(Message.created_at).label("at"),
                func.sum(case((Message.author_kind == "bot", 1), else_=0)).label("bot"),
                func.sum(case((Message.author_kind == "agent", 1), else_=0)).label("person"),
            ).where(
                Message.conversation_id == closing.conversation_id,
                Message.sequence > begun,
                Message.sequence < closing.sequence,
                Message.direction.in_(("in", "out")),
                Message.target_id.is_(None),
                Message.kind.not_in(NOT_TALK),
            )
        )
    ).one()
    if said.at is None:
        return None
    day, hour = calendar.place(closing.created_at)
    row = {
        "message_id": closing.id,
        "day": day,
        "hour": hour,
        "conversation_id": closing.conversation_id,
        "sequence": closing.sequence,
        "agent_id": entry.actor_id if entry.actor_kind == "agent" else 0,
        "opened_at": said.at,
        "closed_at": closing.created_at,
        "calendar_s": seconds(said.at, closing.created_at),
        "business_s": calendar.business_s(closing.team_id, said.at, closing.created_at),
        "by_bot": bool(said.bot),
        "by_person": bool(said.person),
    }
    await bulk_insert(tx, Spell, [row], or_ignore=True)
    return day


async def merge(tx: Tx, entry: Row[*tuple[Any, ...]]) -> None:
    """The absorbed conversation's spells stand after those of the one that stays, as its messages do."""
    moved = msgspec.json.decode(entry.old)
    await tx.execute(
        update(Spell)
        .where(Spell.conversation_id == moved["absorbed"])
        .values(conversation_id=entry.conversation_id, sequence=Spell.sequence + moved["first_sequence"] - 1)
    )
