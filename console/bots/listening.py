"""Hearing what happened: the history is followed from where the bot left off, so that nothing written is missed.

Receiving a message costs nothing more for it. One process listens at a time: whoever holds the cursor's row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select

from console import audit
from console.audit import Entry
from console.bots import attending, conduct, doubting, sessions
from console.bots.gathering import Place
from console.bots.models import BotCursor, BotRules, BotSession
from console.db import Tx
from console.inbox.models import Conversation, Message

BATCH = 1000
PAUSE = timedelta(milliseconds=700)
"""How long the bot waits after a bubble for the next one."""
PATIENCE = timedelta(seconds=3)
"""How long, counted from the first bubble, it lets itself be put off."""
LATEST_OLD = timedelta(minutes=30)
"""What is so much older than what was written last is not part of the question."""
_PEOPLE_DO = frozenset({"message.queued", "conversation.assigned", "conversation.resolved", "conversation.snoozed"})


class Listened(msgspec.Struct, frozen=True):
    """Whether more is waiting, and the dialogues that a person took: they are to be ended."""

    is_more: bool
    taken: frozenset[int] = frozenset()


async def is_behind(tx: Tx) -> bool:
    """Whether anything happened since; a glance without a lock."""
    position = await tx.scalar(select(BotCursor.position).where(BotCursor.id == 1))
    return position is None or await audit.head_of(tx) > position


async def listen(tx: Tx, places: dict[int, Place], *, default: Place, moment: datetime) -> Listened:
    """Read on, and let every dialogue that has something to answer be due; a fixed number of statements.

    The first time, only what happens from now on is heard. `places` are the teams', by id.
    """
    cursor = await tx.get_one(BotCursor, 1, with_for_update=True, populate_existing=True)
    if cursor.position is None:
        cursor.position, cursor.since = await audit.head_of(tx), moment
        return Listened(is_more=False)
    entries = await audit.entries_after(tx, cursor.position, limit=BATCH)
    if not entries:
        return Listened(is_more=False)
    cursor.position = entries[-1].id
    heard = {e.conversation_id: audit.instant(e.at_us) for e in entries if _is_heard(e) and e.conversation_id}
    taken = await _taken(tx, entries)
    await attending.attended(tx, entries)
    await doubting.doubted(tx, entries)
    if heard:
        await _let_be_due(tx, heard, places, default, moment)
    return Listened(len(entries) == BATCH, frozenset(taken))


def _is_heard(entry: Entry) -> bool:
    given = entry.action == "conversation.assigned" and entry.actor_kind == "agent"
    return entry.action == "message.received" or given


async def _taken(tx: Tx, entries: Sequence[Entry]) -> set[int]:
    """Conversations in which a person did something: on a screen, or on the number's own telephone."""
    done = {e.conversation_id for e in entries if e.actor_kind == "agent" and e.action in _PEOPLE_DO}
    sent = [e.message_id for e in entries if e.action == "message.sent" and e.message_id is not None]
    if sent:
        phone = select(Message.conversation_id).where(Message.id.in_(sent), Message.author_kind == "phone")
        done |= set(await tx.scalars(phone))
    return {number for number in done if number is not None}


async def _let_be_due(
    tx: Tx, heard: dict[int, datetime], places: dict[int, Place], default: Place, moment: datetime
) -> None:
    rules = await conduct.rules_by_team(tx)
    bot = await sessions.the_bot(tx)
    wanted = select(Conversation).where(Conversation.id.in_(heard)).execution_options(populate_existing=True)
    live = await _live(tx, heard)
    latest: dict[int, BotSession] | None = None
    for conversation in (await tx.scalars(wanted)).all():
        its = rules.get(conversation.team_id) or conduct.usual(conversation.team_id)
        place = places.get(conversation.team_id, default)
        session = live.get(conversation.id)
        if session is None and conversation.waiting_since is None:
            continue
        due_at = _due_at(its, conversation, bot.id, place.is_open, _Now(moment, heard[conversation.id]))
        if due_at is None:
            continue
        if session is None:
            latest = await sessions.latest_of(tx, heard) if latest is None else latest
            session = sessions.begin(conversation, latest.get(conversation.id), moment)
            session.answered_sequence = max(session.answered_sequence, await _said_before(tx, conversation, moment))
            tx.add(session)
        session.heard_at = session.heard_at or heard[conversation.id]
        session.due_at = min(due_at, session.heard_at + PATIENCE) if due_at < moment + PATIENCE else due_at
    await tx.flush()


def _due_at(rules: BotRules, conversation: Conversation, bot_id: int, is_open: bool, now: _Now) -> datetime | None:  # noqa: FBT001
    may = sessions.leave(
        rules, conversation, bot_id=bot_id, is_open=is_open, people_until=None, moment=now.moment
    )  # fmt: skip
    return now.last + PAUSE if may.given else may.again_at


class _Now(msgspec.Struct, frozen=True):
    moment: datetime
    last: datetime


async def _live(tx: Tx, ids: Collection[int]) -> dict[int, BotSession]:
    wanted = select(BotSession).where(BotSession.conversation_id.in_(ids), BotSession.ended_at.is_(None))
    found = await tx.scalars(wanted.with_for_update().execution_options(populate_existing=True))
    return {session.conversation_id: session for session in found}


async def _said_before(tx: Tx, conversation: Conversation, moment: datetime) -> int:
    """How far in the thread everything is old: the bot answers what came lately, not what the day left behind."""
    old = select(func.max(Message.sequence)).where(
        Message.conversation_id == conversation.id, Message.created_at < moment - LATEST_OLD
    )
    return await tx.scalar(old) or 0
