"""Following the history: the facts of the reports grow with it, batch by batch, each read once.

A batch and the cursor behind it are one transaction: after a crash the batch is read again as if never before.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Row, delete, select

from console import audit, clock
from console.audit import AuditEntry
from console.db import Base, Database, Tx
from console.pacing import Pace, Portion, pause
from console.portfolio.states import today_in
from console.reports import accounts_then, daybook, spells, talking, templates
from console.reports.local_days import Calendar
from console.reports.models import (
    AccountThen,
    Answer,
    DayKept,
    DayPage,
    MessageFate,
    MonthClose,
    Recovery,
    ReportCursor,
    Spell,
    Talk,
    TemplateSent,
)

AT_ONCE, AT_LEAST, WITHIN = 200, 25, 0.03
"""Entries in one transaction, at most and at least, and seconds: messages that arrive meanwhile wait for no more."""
SHARE, BREATH = 0.25, 0.02
"""Of the time, and seconds between two steps."""
LOOK_EVERY = 5.0
"""Seconds between looks at the history."""
FACTS: tuple[type[Base], ...] = (Talk, Answer, Spell, TemplateSent, MessageFate, Recovery, AccountThen, MonthClose)
_COLUMNS = (
    AuditEntry.id,
    AuditEntry.at_us,
    AuditEntry.actor_kind,
    AuditEntry.actor_id,
    AuditEntry.action,
    AuditEntry.conversation_id,
    AuditEntry.message_id,
    AuditEntry.account_id,
    AuditEntry.subject,
    AuditEntry.old,
    AuditEntry.new,
)
_MOVES = frozenset({"conversation.merged", "conversation.transferred"})
Entries = list[Row[*tuple[Any, ...]]]


async def step(tx: Tx, zone: ZoneInfo, *, limit: int = AT_ONCE) -> int:
    """Read the next entries of the history, at most `limit`, and say how many there were."""
    cursor = await _cursor(tx, zone)
    wanted = select(*_COLUMNS).where(AuditEntry.id > cursor.entry_id).order_by(AuditEntry.id).limit(limit)
    entries: Entries = list((await tx.execute(wanted)).all())
    calendar = await Calendar.of(tx, zone)
    await accounts_then.close_until(tx, cursor, entries, calendar)
    if entries:
        await _merge(tx, entries)
        days = await talking.count(tx, entries, calendar)
        days |= await spells.note(tx, entries, calendar)
        days |= await talking.answers(tx, entries, calendar)
        # A conversation in another team takes the numbers of its days along.
        days |= await daybook.days_of(tx, [each.conversation_id for each in entries if each.action in _MOVES])
        await daybook.strike(tx, days)
        await templates.note(tx, entries, calendar)
        cursor.entry_id = entries[-1].id
    # Who is behind knows nothing of today yet: the page says how far its numbers go.
    cursor.read_at = audit.instant(entries[-1].at_us) if len(entries) == limit else clock.now()
    return len(entries)


async def catch_up(db: Database, zone: ZoneInfo) -> None:
    """Read all there is."""
    portion = _portion()
    while await _further(db, zone, portion):
        pass


def _portion() -> Portion:
    return Portion(least=AT_LEAST, most=AT_ONCE, within=WITHIN)


async def _further(db: Database, zone: ZoneInfo, portion: Portion) -> bool:
    """One step; whether there is more."""
    wanted = portion.size

    async def work(tx: Tx) -> bool:
        with portion.held():
            return await step(tx, zone, limit=wanted) >= wanted

    return await db.write(work, lengthy=True)


class Counted(msgspec.Struct, frozen=True):
    """A day as its facts were when the history had been read up to `entry_id`."""

    day: date
    entry_id: int
    pages: dict[daybook.Of, daybook.Page]


async def keep_days(db: Database, zone: ZoneInfo, *, at_most: int | None = None) -> int:
    """Keep the days that are over, the newest first; say how many were kept."""
    today = today_in(zone, clock.now())
    async with db.reading() as tx:
        days = (await daybook.to_keep(tx, today))[:at_most]
    return sum([await keep(db, zone, await count(db, day)) for day in days])


async def count(db: Database, day: date) -> Counted:
    """Count a day beside the writer, which messages need meanwhile."""
    async with db.reading() as tx:
        entry_id, _when = await read_until(tx)
        return Counted(day, entry_id, await daybook.pages_of(tx, day))


async def keep(db: Database, zone: ZoneInfo, counted: Counted) -> bool:
    """Keep what was counted, unless the history was read on since: then it is counted another time."""
    async with db.transaction() as tx:
        if (await _cursor(tx, zone)).entry_id != counted.entry_id:
            return False
        await daybook.keep(tx, counted.day, counted.pages)
    return True


async def again(db: Database, zone: ZoneInfo) -> None:
    """Forget every fact and make them anew from the history."""
    async with db.transaction() as tx:
        await _forget(tx)
        await tx.execute(delete(ReportCursor))
    await catch_up(db, zone)


async def run(db: Database, zone: ZoneInfo, stop: asyncio.Event) -> None:
    """Follow the history, and keep the days that are over, until `stop`."""
    pace, portion = Pace(SHARE, least=BREATH), _portion()
    while not stop.is_set():
        with pace.working():
            is_more = await _is_behind(db, zone) and await _further(db, zone, portion)
            # A day at a time: the history is read on in between.
            kept = 0 if is_more else await keep_days(db, zone, at_most=1)
        await pace.rest(stop)
        if not (is_more or kept):
            await pause(stop, LOOK_EVERY)


async def read_until(tx: Tx) -> tuple[int, datetime | None]:
    """The last entry that was read, and until when the numbers are whole."""
    cursor = await tx.get(ReportCursor, 1)
    return (cursor.entry_id, cursor.read_at) if cursor else (0, None)


async def _is_behind(db: Database, zone: ZoneInfo) -> bool:
    """Whether there is anything new; asked without taking the writer."""
    async with db.reading() as tx:
        cursor = await tx.get(ReportCursor, 1)
        if cursor is None or cursor.zone != zone.key:
            return True
        if cursor.next_close_at is not None and cursor.next_close_at <= clock.now():
            return True
        newer = select(AuditEntry.id).where(AuditEntry.id > cursor.entry_id).limit(1)
        return await tx.scalar(newer) is not None


async def _cursor(tx: Tx, zone: ZoneInfo) -> ReportCursor:
    """Held until `tx` ends: of two processes one reads."""
    held = select(ReportCursor).where(ReportCursor.id == 1).with_for_update()
    cursor = (await tx.scalars(held)).one_or_none()
    if cursor is not None and cursor.zone == zone.key:
        return cursor
    if cursor is not None:
        # Days and hours begin elsewhere now: everything is counted again.
        await _forget(tx)
        await tx.delete(cursor)
        await tx.flush()
    cursor = ReportCursor(id=1, entry_id=0, zone=zone.key, next_close_at=None)
    tx.add(cursor)
    await tx.flush()
    return cursor


async def _forget(tx: Tx) -> None:
    every: tuple[type[Base], ...] = (*FACTS, DayPage, DayKept)
    for table in every:
        await tx.execute(delete(table))


async def _merge(tx: Tx, entries: Entries) -> None:
    """What was counted for a conversation that became part of another is that other's from here on."""
    for entry in entries:
        if entry.action == "conversation.merged":
            await talking.merge(tx, entry)
            await spells.merge(tx, entry)
            for each in (TemplateSent, MessageFate, Recovery):
                await talking.move(tx, each, entry)
