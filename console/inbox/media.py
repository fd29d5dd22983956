"""Attachments as rows: which are to be fetched, by whom at this moment, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import func, or_, select, update

from console import audit, clock
from console.audit import SYSTEM
from console.db import Tx, says
from console.inbox.media_files import Nature
from console.inbox.models import Conversation, Media, Message
from console.scanning import keeping as scanning

LEASE = timedelta(minutes=5)
WIRE_ID_LIVES = timedelta(days=7)
"""After that Meta has forgotten the file (whatsapp.md §12)."""
LARGEST_FILE = 100 * 1024 * 1024
DAILY_QUOTA = 500 * 1024 * 1024
"""What one contact may fill in 24 hours; their messages go on, further files are not fetched (M24)."""
LONGEST_RETRY = timedelta(minutes=30)


class Wanted(msgspec.Struct, frozen=True):
    """One attachment to fetch."""

    id: int
    message_id: int
    conversation_id: int
    contact_id: int
    wire_id: str
    declared_type: str | None
    declared_sha256: str | None


async def is_due(tx: Tx) -> bool:
    """Whether anything waits to be fetched; a glance without a lock."""
    return (
        await tx.scalar(select(Media.id).where(says(Media.state, "pending"), Media.due_at <= clock.now()).limit(1))
        is not None
    )


async def claim(tx: Tx, *, limit: int) -> list[Wanted]:
    """Take up to `limit` attachments that are due. Who sent too much today is answered here, without a download."""
    now = clock.now()
    due = (
        select(Media, Message.conversation_id, Conversation.contact_id)
        .join(Message, Message.id == Media.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            says(Media.state, "pending"),
            Media.due_at <= now,
            or_(Media.claimed_until.is_(None), Media.claimed_until <= now, Media.claimed_until > now + 2 * LEASE),
        )
        .order_by(Media.due_at, Media.id)
        .limit(limit)
        .with_for_update(of=Media, skip_locked=True)
    )
    wanted: list[Wanted] = []
    for row, conversation_id, contact_id in (await tx.execute(due)).all():
        if now - row.created_at > WIRE_ID_LIVES or row.wire_id is None:
            await _end(tx, row, conversation_id, "expired", "expired")
        elif await _fetched_today(tx, contact_id) >= DAILY_QUOTA:
            await _end(tx, row, conversation_id, "refused", "quota")
        else:
            row.claimed_until = now + LEASE
            wanted.append(
                Wanted(
                    id=row.id,
                    message_id=row.message_id,
                    conversation_id=conversation_id,
                    contact_id=contact_id,
                    wire_id=row.wire_id,
                    declared_type=row.declared_type,
                    declared_sha256=row.declared_sha256,
                ),
            )
    await tx.flush()
    return wanted


async def stored(tx: Tx, wanted: Wanted, *, sha256: str, size: int, nature: Nature) -> None:
    """The file is in its place, and is to be scanned. Records "media.stored"."""
    row = await tx.get_one(Media, wanted.id, with_for_update=True)
    if row.state != "pending":
        return
    row.state, row.sha256, row.size = "stored", sha256, size
    row.mime_type, row.flagged = nature.mime_type, nature.flagged
    row.due_at = row.claimed_until = None
    new = {"sha256": sha256, "size": size, "type": nature.mime_type, "flagged": nature.flagged}
    _record(tx, row, wanted.conversation_id, "media.stored", new)
    await scanning.want(tx, sha256)
    await scanning.tell_of(tx, row, wanted.conversation_id)


async def failed(tx: Tx, wanted: Wanted, *, state: str, reason: str) -> None:
    """There is no use in trying on: `state` is failed, expired, too_big or refused. Records "media.failed"."""
    row = await tx.get_one(Media, wanted.id, with_for_update=True)
    if row.state == "pending":
        await _end(tx, row, wanted.conversation_id, state, reason)


async def later(tx: Tx, wanted: Wanted, *, least: timedelta = timedelta(0)) -> None:
    """Try again, ever more seldom, for as long as Meta keeps the file."""
    row = await tx.get_one(Media, wanted.id, with_for_update=True)
    row.attempts += 1
    row.claimed_until = None
    row.due_at = clock.now() + max(least, min(timedelta(seconds=2 ** min(row.attempts, 12)), LONGEST_RETRY))


async def release(tx: Tx, ids: Sequence[int]) -> None:
    """Give back what was taken and not finished: a process that stops in order keeps nobody waiting for its leases."""
    await tx.execute(update(Media).where(Media.id.in_(ids), says(Media.state, "pending")).values(claimed_until=None))


async def tries(tx: Tx, wanted: Wanted) -> int:
    """How often it was tried in vain."""
    return (await tx.get_one(Media, wanted.id)).attempts


async def referenced(tx: Tx, hashes: Sequence[str]) -> set[str]:
    """Which of these files belong to an attachment."""
    found = await tx.scalars(select(Media.sha256).where(Media.sha256.in_(hashes)))
    return {sha256 for sha256 in found if sha256}


async def stored_after(tx: Tx, number: int, *, limit: int = 500) -> list[tuple[int, str]]:
    """Ids and hashes of stored attachments with a greater id, in order."""
    rows = await tx.execute(
        select(Media.id, Media.sha256)
        .where(Media.id > number, Media.state == "stored", Media.sha256.is_not(None))
        .order_by(Media.id)
        .limit(limit),
    )
    return [(id_, sha256) for id_, sha256 in rows.all() if sha256]


async def fetch_again(tx: Tx, media_id: int) -> None:
    """The file of a stored attachment is not in its place: fetch it once more, while Meta still has it."""
    await tx.execute(
        update(Media)
        .where(Media.id == media_id, Media.state == "stored")
        .values(state="pending", due_at=clock.now(), claimed_until=None, attempts=0),
    )


async def _fetched_today(tx: Tx, contact_id: int) -> int:
    size = (
        select(func.coalesce(func.sum(Media.size), 0))
        .join(Message, Message.id == Media.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Conversation.contact_id == contact_id,
            Message.direction == "in",
            Media.state == "stored",
            Media.created_at > clock.now() - timedelta(hours=24),
        )
    )
    return int(await tx.scalar(size) or 0)


async def _end(tx: Tx, row: Media, conversation_id: int, state: str, reason: str) -> None:
    row.state, row.flagged = state, reason
    row.due_at = row.claimed_until = None
    _record(tx, row, conversation_id, "media.failed", {"state": state, "reason": reason})
    await tx.flush()


def _record(tx: Tx, row: Media, conversation_id: int, action: str, new: dict[str, object]) -> None:
    audit.record(
        tx,
        SYSTEM,
        action,
        conversation_id=conversation_id,
        message_id=row.message_id,
        subject=f"media:{row.id}",
        new=new,
    )
