"""Messages as facts: how many of whom in which hour, and how long a person's answer took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, exists, func, select, update
from sqlalchemy.orm import aliased

from console.bulk import among, execute_many, fetch
from console.db import Base, Tx, bulk_insert, table_of
from console.inbox.models import Conversation, Message
from console.reports.local_days import Calendar, seconds
from console.reports.models import Answer, Spell, Talk

# Whom a message is of. What the phone app, programs and the product itself wrote is "other".
AUTHORS = {"contact": "in", "agent": "agent", "bot": "bot"}
NOT_TALK = frozenset({"edit", "revoke", "system", "reaction"})
"""Kinds that change a message or say something about the line, and that nobody answers."""
_BEGUN = frozenset({"message.received", "message.queued"})
_MESSAGES = select(
    Message.id,
    Message.conversation_id,
    Message.direction,
    Message.author_kind,
    Message.author_id,
    Message.kind,
    Message.target_id,
    Message.created_at,
).where(among(Message.id, "ids"))
_TALK = table_of(Talk)
_KEY = ("day", "conversation_id", "hour", "author", "agent_id")
_ADD = (
    update(_TALK)
    .where(*(_TALK.c[name] == bindparam(f"of_{name}") for name in _KEY))
    .values(n=_TALK.c.n + bindparam("more"))
)


async def count(tx: Tx, entries: Iterable[Row[*tuple[Any, ...]]], calendar: Calendar) -> set[date]:
    """Count the messages that these entries brought; say on which days they were."""
    named: dict[int, str] = {}
    for entry in entries:
        # What was queued and sent between two looks was queued: the first thing said of a message is how it began.
        if entry.message_id is not None and (entry.action in _BEGUN or entry.action == "message.sent"):
            named.setdefault(entry.message_id, entry.action)
    found: Counter[tuple[Any, ...]] = Counter()
    for row in await fetch(tx, _MESSAGES, {"ids": sorted(named)}):
        # What somebody wrote on the phone itself begins as sent; what we sent began in the queue.
        if named[row.id] == "message.sent" and row.author_kind != "phone":
            continue
        if row.direction == "none" or row.target_id is not None or row.kind in NOT_TALK:
            continue
        day, hour = calendar.place(row.created_at)
        agent = row.author_id if row.author_kind == "agent" else 0
        found[day, row.conversation_id, hour, AUTHORS.get(row.author_kind, "other"), agent or 0] += 1
    await _add(tx, found)
    return {key[0] for key in found}


async def _add(tx: Tx, found: Counter[tuple[Any, ...]]) -> None:
    rows = [dict(zip(_KEY, key, strict=True)) for key in sorted(found)]
    await bulk_insert(tx, Talk, [{**row, "n": 0} for row in rows], or_ignore=True)
    more = [{f"of_{name}": row[name] for name in _KEY} | {"more": found[tuple(row.values())]} for row in rows]
    await execute_many(tx, _ADD, more)


_SAID = aliased(Message, name="said")
_WE = aliased(Message, name="we")
_THEY = aliased(Message, name="they")
_EARLIER = aliased(Message, name="earlier")
_LAST_OUT = (
    select(_WE.sequence)
    .where(
        _WE.conversation_id == _SAID.conversation_id,
        _WE.sequence < _SAID.sequence,
        _WE.direction == "out",
        _WE.author_kind != "system",
        _WE.target_id.is_(None),
    )
    .order_by(_WE.sequence.desc())
    .limit(1)
    .correlate(_SAID)
    .scalar_subquery()
)
_CLOSED = (
    select(Spell.sequence)
    .where(Spell.conversation_id == _SAID.conversation_id, Spell.sequence < _SAID.sequence)
    .order_by(Spell.sequence.desc())
    .limit(1)
    .correlate(_SAID)
    .scalar_subquery()
)
# What was resolved waits for nothing: a "gracias" at the end of a matter does not begin the wait of the next one.
_ASKED = (
    select(func.min(_THEY.created_at))
    .where(
        _THEY.conversation_id == _SAID.conversation_id,
        _THEY.sequence < _SAID.sequence,
        _THEY.sequence > func.coalesce(_LAST_OUT, 0),
        _THEY.sequence > func.coalesce(_CLOSED, 0),
        _THEY.direction == "in",
        _THEY.target_id.is_(None),
        _THEY.kind.not_in(NOT_TALK),
    )
    .correlate(_SAID)
    .scalar_subquery()
)
_ANSWERED_BEFORE = exists(
    select(_EARLIER.id)
    .where(
        _EARLIER.conversation_id == _SAID.conversation_id,
        _EARLIER.sequence < _SAID.sequence,
        _EARLIER.sequence > func.coalesce(_CLOSED, 0),
        _EARLIER.author_kind == "agent",
        _EARLIER.direction == "out",
        _EARLIER.target_id.is_(None),
    )
    .correlate(_SAID)
)
_ANSWERS = select(
    _SAID.id,
    _SAID.conversation_id,
    _SAID.author_id,
    _SAID.created_at,
    Conversation.team_id,
    _ASKED.label("asked_at"),
    _ANSWERED_BEFORE.label("is_next"),
).join(Conversation, Conversation.id == _SAID.conversation_id)


async def answers(tx: Tx, entries: Iterable[Row[*tuple[Any, ...]]], calendar: Calendar) -> set[date]:
    """Note what people of ours answered, and how long somebody had waited for it; say on which days."""
    ids = [entry.message_id for entry in entries if entry.action == "message.queued" and entry.actor_kind == "agent"]
    found = (await tx.execute(_ANSWERS.where(_SAID.id.in_(ids)))).all() if ids else ()
    rows = [_answer(row, calendar) for row in found if row.asked_at is not None]
    await bulk_insert(tx, Answer, rows, or_ignore=True)
    return {row["day"] for row in rows}


def _answer(row: Any, calendar: Calendar) -> dict[str, Any]:  # noqa: ANN401 a database row
    asked: datetime = row.asked_at
    day, hour = calendar.place(row.created_at)
    return {
        "message_id": row.id,
        "day": day,
        "hour": hour,
        "conversation_id": row.conversation_id,
        "agent_id": row.author_id or 0,
        "is_first": not row.is_next,
        "asked_at": asked,
        "answered_at": row.created_at,
        "calendar_s": seconds(asked, row.created_at),
        "business_s": calendar.business_s(row.team_id, asked, row.created_at),
    }


async def merge(tx: Tx, entry: Row[*tuple[Any, ...]]) -> None:
    """Move what was counted of the absorbed conversation to the one that stays."""
    gone = msgspec.json.decode(entry.old)["absorbed"]
    rows = (await tx.scalars(select(Talk).where(Talk.conversation_id == gone))).all()
    found: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        found[row.day, entry.conversation_id, row.hour, row.author, row.agent_id] += row.n
        await tx.delete(row)
    await tx.flush()
    await _add(tx, found)
    await move(tx, Answer, entry)


async def move(tx: Tx, table: type[Base], entry: Row[*tuple[Any, ...]]) -> None:
    """Give facts of `table` to the conversation that stays."""
    facts = table_of(table)
    gone = msgspec.json.decode(entry.old)["absorbed"]
    of_it = update(facts).where(facts.c.conversation_id == gone)
    await tx.execute(of_it.values(conversation_id=entry.conversation_id))
