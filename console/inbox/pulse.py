"""Whether the line lives: messages that do not leave, and a WhatsApp that has stopped telling us anything.

Nobody hears silence. Without this an agent learns from a debtor that nothing has gone out since noon.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from console import audit
from console.audit import AuditEntry
from console.db import Tx
from console.inbox import channel_state
from console.inbox.channel import Channel
from console.inbox.models import Message, Tick
from console.inbox.ticks import META

STUCK_AFTER = timedelta(seconds=60)
"""How long a message that may leave can wait before everybody is told."""
SILENT_AFTER = timedelta(minutes=5)
"""How long WhatsApp may say nothing about a message it took. It reports within seconds that it was sent on."""
STUCK, SILENT = "stuck", "silent"


async def has_changed(tx: Tx, channel_id: int, moment: datetime) -> bool:
    """Whether `feel` would have news: asked of a view that keeps no writer waiting."""
    channel = await tx.get_one(Channel, channel_id)
    kind, _since = await _trouble(tx, channel, moment)
    return kind != channel.trouble


async def feel(tx: Tx, channel_id: int, moment: datetime) -> bool:
    """Note what is wrong with the line at `moment`, or that it is well again; says whether that is news.

    Records "channel.troubled" and "channel.recovered". A paused channel has nothing to send and is no trouble of ours.
    """
    channel = await tx.get_one(Channel, channel_id)
    kind, since = await _trouble(tx, channel, moment)
    if kind == channel.trouble:
        return False
    channel = await channel_state.lock(tx, channel_id)
    old = {"trouble": channel.trouble, "since": channel.trouble_since}
    channel.trouble, channel.trouble_since = kind, since
    action = "channel.troubled" if kind else "channel.recovered"
    new = {"trouble": kind, "since": since}
    audit.record(tx, audit.SYSTEM, action, subject=f"channel:{channel.id}", old=old, new=new)
    return True


async def _trouble(tx: Tx, channel: Channel, moment: datetime) -> tuple[str | None, datetime | None]:
    if channel.paused_at is not None:
        return None, None
    slow = channel.slow_until is not None and channel.slow_until > moment
    if not slow and (waits := await _stuck_since(tx, moment)) is not None:
        return STUCK, waits
    taken = await _newest_taken(tx, moment - SILENT_AFTER)
    if taken is not None and taken > await last_heard(tx):
        return SILENT, taken
    return None, None


async def _stuck_since(tx: Tx, moment: datetime) -> datetime | None:
    """Since when something has waited to leave while nothing left; a long queue that moves is not stuck."""
    due = select(Message.due_at).where(Message.status == "queued").order_by(Message.due_at, Message.id).limit(1)
    # Each vain try left its reason and put the next one off, or another is under way at this very moment.
    on_the_way, in_vain = Message.status.in_(["queued", "sending"]), Message.error_details.is_not(None)
    tried = select(func.min(Message.created_at)).where(on_the_way, in_vain)
    waiting = [at for at in (await tx.scalar(due), await tx.scalar(tried)) if at is not None]
    oldest = min(waiting, default=moment)
    left = await _newest_taken(tx, moment)
    return oldest if max(oldest, left or oldest) <= moment - STUCK_AFTER else None


async def _newest_taken(tx: Tx, before: datetime) -> datetime | None:
    """When WhatsApp last took a message of ours, of those it has had time to report on."""
    cut = int(before.timestamp() * 1_000_000)
    # What was written on the telephone is "sent" too, but it was WhatsApp that told us so.
    taken = select(AuditEntry.at_us).where(
        AuditEntry.action == "message.sent", AuditEntry.actor_name == META.name, AuditEntry.at_us <= cut
    )
    at_us = await tx.scalar(taken.order_by(AuditEntry.id.desc()).limit(1))
    return None if at_us is None else audit.instant(at_us)


async def last_heard(tx: Tx) -> datetime:
    """When WhatsApp last told us anything about a message, anybody's."""
    told = await tx.scalar(select(Tick.received_at).order_by(Tick.id.desc()).limit(1))
    received = select(AuditEntry.at_us).where(AuditEntry.action == "message.received")
    at_us = await tx.scalar(received.order_by(AuditEntry.id.desc()).limit(1))
    heard = audit.instant(at_us or 0)
    return max(heard, told) if told is not None else heard
