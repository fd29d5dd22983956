"""Finding entries of the history: by whatever narrows it, newest first, in bounded time however long it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, or_, select

from console import audit
from console.agents import Agent, Viewer
from console.audit import AuditEntry
from console.db import Tx
from console.evidence.groups import GROUPS
from console.evidence.readable import ACTORS
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.portfolio.models import Account

AT_ONCE = 50
MOST_CONVERSATIONS = 200
"""Of people found by a part of their name; whoever finds more writes more."""
# Ids follow the order of commit, times the order of doing: a transaction lives no longer than this.
SLACK = timedelta(minutes=10)
# A filter that no index serves is looked for in stretches of ids, each longer than the last, until a page is full.
FIRST_STRETCH, LONGEST_STRETCH = 5_000, 200_000
BUDGET = 0.15
"""Seconds of looking before the reader is asked whether to go on: the last stretch begun may take as long again."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, as it was typed."""

    group: str = ""
    conversation: str = ""
    contact: str = ""
    account: str = ""
    actor: str = ""
    action: str = ""
    since: str = ""
    until: str = ""


class Found(msgspec.Struct, frozen=True):
    """A page of entries, and the id to go on below. `is_partial`: looking took too long, and there may be more."""

    entries: Sequence[AuditEntry]
    following: int | None
    is_partial: bool = False


async def find(
    tx: Tx, viewer: Viewer, asked: Asked, zone: ZoneInfo, *, below: int | None = None, at_once: int = AT_ONCE
) -> Found:
    """The newest entries that fit and that `viewer` may see, below the id `below`.

    What can be no filter fits nothing.
    """
    conditions = [*visible(viewer), *await _conditions(tx, asked)]
    top = await audit.head_of(tx) + 1
    bottom = 0
    if asked.since:
        since = begin_of_day(asked.since, zone)
        conditions.append(AuditEntry.at_us >= since)
        bottom = await first_at(tx, since - SLACK // timedelta(microseconds=1), top) - 1
    if asked.until:
        until = begin_of_day(asked.until, zone, days_later=1)
        conditions.append(AuditEntry.at_us < until)
        top = min(top, await first_at(tx, until + SLACK // timedelta(microseconds=1), top))
    top = min(top, below) if below is not None else top
    # Where an index holds the entries in order, one question is enough; the rest is walked.
    is_narrow = bool(asked.conversation or asked.account or asked.contact)
    return await _walk(tx, conditions, top, bottom, at_once, stretch=top if is_narrow else FIRST_STRETCH)


def visible(viewer: Viewer) -> list[ColumnElement[bool]]:
    """That an entry is of a conversation `viewer` may see; administrators see all of the history."""
    if viewer.sees_all:
        return []
    return [AuditEntry.conversation_id.in_(select(Conversation.id).where(policy.visible(viewer)))]


def begin_of_day(typed: str, zone: ZoneInfo, *, days_later: int = 0) -> int:
    """The first microsecond of a local day since 1970; what is no day is before everything."""
    try:
        day = date.fromisoformat(typed) + timedelta(days=days_later)
        return int(datetime.combine(day, time_of_day(), zone).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return 0


async def _walk(
    tx: Tx, conditions: Sequence[ColumnElement[bool]], top: int, bottom: int, at_once: int, *, stretch: int
) -> Found:
    begun, rows = time.perf_counter(), list[AuditEntry]()
    while top - 1 > bottom:
        low = max(bottom, top - stretch - 1)
        page = select(AuditEntry).where(AuditEntry.id < top, AuditEntry.id > low, *conditions)
        rows += await tx.scalars(page.order_by(AuditEntry.id.desc()).limit(at_once + 1 - len(rows)))
        if len(rows) > at_once:
            return Found(rows[:at_once], rows[at_once - 1].id)
        top, stretch = low + 1, min(stretch * 4, LONGEST_STRETCH)
        if time.perf_counter() - begun > BUDGET and top - 1 > bottom:
            return Found(rows, top, is_partial=True)
    return Found(rows, None)


async def first_at(tx: Tx, at_us: int, top: int) -> int:
    """The least id whose entry is not older than `at_us`, by halving: ids have no gaps, so no index is needed."""
    low, high = 1, top
    while low < high:
        middle = (low + high) // 2
        at = await tx.scalar(select(AuditEntry.at_us).where(AuditEntry.id == middle))
        if at is not None and at < at_us:
            low = middle + 1
        else:
            high = middle
    return low


async def _conditions(tx: Tx, asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.group:
        found.append(_of_group(asked.group))
    if asked.conversation:
        found.append(AuditEntry.conversation_id == _number(asked.conversation))
    if asked.contact:
        found.append(AuditEntry.conversation_id.in_(await _conversations_with(tx, asked.contact)))
    if asked.account:
        named = select(Account.id).where(Account.external_id == asked.account.replace("\0", ""))
        found.append(AuditEntry.account_id.in_(list(await tx.scalars(named))))
    if asked.actor:
        found.append(_done_by(asked.actor))
    if asked.action:
        found.append(AuditEntry.action == asked.action.replace("\0", ""))
    return found


def _of_group(name: str) -> ColumnElement[bool]:
    """Actions of a group: whole ones, and all about an object ("promise.")."""
    group = GROUPS.get(name)
    if group is None:
        return false()
    whole = [each for each in group.actions if not each.endswith(".")]
    about = [
        and_(AuditEntry.action >= each, AuditEntry.action < f"{each[:-1]}/")
        for each in group.actions
        if each.endswith(".")
    ]
    return or_(AuditEntry.action.in_(whole), *about)


async def _conversations_with(tx: Tx, typed: str) -> list[int]:
    """Of people by a number, or by a part of a name."""
    words = typed.replace("\0", "").strip()
    digits = "".join(letter for letter in words if letter.isdigit())
    if len(digits) >= 6:
        of = Contact.wa_id.endswith(digits, autoescape=True)
    else:
        lower = words.lower()
        of = or_(*(func.lower(name).contains(lower, autoescape=True) for name in (Contact.name, Contact.profile_name)))
    wanted = select(Conversation.id).join(Contact, Contact.id == Conversation.contact_id).where(of)
    return list(await tx.scalars(wanted.order_by(Conversation.last_at.desc()).limit(MOST_CONVERSATIONS)))


def _done_by(typed: str) -> ColumnElement[bool]:
    """By kind, by an agent's number, or by a part of an agent's name."""
    if typed in ACTORS:
        return AuditEntry.actor_kind == typed
    if typed.isascii() and typed.isdigit():
        who = select(Agent.id).where(Agent.id == _number(typed))
    else:
        who = select(Agent.id).where(func.lower(Agent.name).contains(typed.lower().replace("\0", ""), autoescape=True))
    return AuditEntry.actor_kind.in_(["agent", "bot"]) & AuditEntry.actor_id.in_(who)


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else -1
