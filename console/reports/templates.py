"""Templates, failures and charges as facts: what became of messages of ours that cost or did not arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, delete, or_, select, update

from console.bulk import among, fetch
from console.db import Tx, bulk_insert, table_of
from console.inbox.models import Message, Tick
from console.reports.local_days import Calendar
from console.reports.models import MessageFate, TemplateSent
from console.reports.talking import NOT_TALK

REPLY_WITHIN = timedelta(hours=24)
_MOVES = frozenset({"message.queued", "message.sent", "message.delivered", "message.read", "message.failed"})
_OURS = select(
    Message.id,
    Message.conversation_id,
    Message.author_kind,
    Message.author_id,
    Message.kind,
    Message.content,
    Message.status,
    Message.error_code,
    Message.created_at,
).where(among(Message.id, "ids"), Message.direction == "out")
_PRICED = (
    select(Message.id, Tick.payload)
    .join(Tick, (Tick.wamid == Message.wamid) & (Tick.channel_id == Message.channel_id))
    .where(
        among(Message.id, "ids"),
        # Meta writes it with and without a blank.
        or_(Tick.payload.contains('"billable":true'), Tick.payload.contains('"billable": true')),
    )
    .order_by(Tick.id)
)
_SENT = table_of(TemplateSent)
_UNANSWERED = select(_SENT.c.message_id, _SENT.c.conversation_id, _SENT.c.sent_at).where(
    among(_SENT.c.conversation_id, "of"), _SENT.c.replied.is_(False)
)
_FATE = table_of(MessageFate)


async def note(tx: Tx, entries: Sequence[Row[*tuple[Any, ...]]], calendar: Calendar) -> None:
    """Note templates that went out, how they and failures and charges stand now, and who wrote back."""
    ids = sorted({entry.message_id for entry in entries if entry.action in _MOVES and entry.message_id is not None})
    rows = await fetch(tx, _OURS, {"ids": ids}) if ids else ()
    await bulk_insert(
        tx, TemplateSent, [_sent(row, calendar) for row in rows if row.kind == "template"], or_ignore=True
    )
    await _fates(tx, rows, calendar)
    await _replies(tx, entries)


def _sent(row: Any, calendar: Calendar) -> dict[str, Any]:  # noqa: ANN401 a database row
    day, hour = calendar.place(row.created_at)
    return {
        "message_id": row.id,
        "day": day,
        "hour": hour,
        "conversation_id": row.conversation_id,
        "agent_id": _agent(row),
        "template": name_of(row.content),
        "sent_at": row.created_at,
        "replied": False,
    }


def name_of(content: Any) -> str:  # noqa: ANN401 what the message says of itself
    """The name of the template that a message was made of."""
    named = (content or {}).get("template") or {}
    return str(named.get("name") or "?")


def _agent(row: Any) -> int:  # noqa: ANN401 a database row
    return (row.author_id or 0) if row.author_kind == "agent" else 0


async def _fates(tx: Tx, rows: Sequence[Any], calendar: Calendar) -> None:
    ids = [row.id for row in rows]
    charged = await _charges(tx, ids)
    await tx.execute(delete(_FATE).where(_FATE.c.message_id.in_(ids)))
    facts = [
        {
            "message_id": row.id,
            "day": calendar.place(row.created_at).day,
            "conversation_id": row.conversation_id,
            "agent_id": _agent(row),
            "status": row.status,
            "error_code": row.error_code if row.status == "failed" else None,
            "charged": charged.get(row.id),
        }
        for row in rows
        if row.kind == "template" or row.status == "failed" or row.id in charged
    ]
    await bulk_insert(tx, MessageFate, facts)


async def _charges(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """The pricing category of those that Meta bills (whatsapp.md: `pricing` comes with sent or delivered)."""
    found: dict[int, str] = {}
    for number, payload in await fetch(tx, _PRICED, {"ids": ids}) if ids else ():
        pricing = msgspec.json.decode(payload).get("pricing") or {}
        if pricing.get("billable") is True:
            found[number] = str(pricing.get("category") or "?")[:24]
    return found


async def _replies(tx: Tx, entries: Iterable[Row[*tuple[Any, ...]]]) -> None:
    ids = sorted({entry.message_id for entry in entries if entry.action == "message.received"} - {None})
    if not ids:
        return
    wrote: defaultdict[int, list[datetime]] = defaultdict(list)
    theirs = select(Message.conversation_id, Message.created_at).where(
        Message.id.in_(ids), Message.target_id.is_(None), Message.kind.not_in(NOT_TALK)
    )
    for conversation, at in await tx.execute(theirs):
        wrote[conversation].append(at)
    answered = [
        row.message_id
        for row in await fetch(tx, _UNANSWERED, {"of": sorted(wrote)})
        if any(row.sent_at < at <= row.sent_at + REPLY_WITHIN for at in wrote[row.conversation_id])
    ]
    if answered:
        await tx.execute(update(_SENT).where(_SENT.c.message_id.in_(answered)).values(replied=True))
