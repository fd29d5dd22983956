"""Files that are to be scanned, as rows: asked for with the file, claimed by the background work, settled once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update

from console import audit, clock
from console.attachments.models import StagedFile, Upload
from console.audit import SYSTEM
from console.canned.models import CannedFile
from console.consents.models import ConsentRecord
from console.db import Tx, bulk_insert, says
from console.inbox.models import Media, Message
from console.message_templates.models import TemplateFile
from console.scanning.models import ScannedFile, Verdict
from console.scanning.verdicts import scans

LONGEST_RETRY = timedelta(minutes=10)
_AT_ONCE = 500
MOST_TOLD = 500
"""Conversations, newest first, in which a verdict is put on record: the same file may have gone to everybody."""


async def want(tx: Tx, sha256: str) -> None:
    """Have the file scanned before anybody opens it; one whose verdict is known keeps it. Nothing without a scanner."""
    if scans(tx):
        await ask(tx, {sha256: None})


async def ask(tx: Tx, hashes: Mapping[str, datetime | None]) -> None:
    """Have these files scanned unless that was asked for already: each as one that came then, None for now."""
    now = clock.now()
    rows = [
        {"sha256": sha256, "verdict": Verdict.WAITING, "attempts": 0, "created_at": now, "due_at": at or now}
        for sha256, at in hashes.items()
    ]
    await bulk_insert(tx, ScannedFile, rows, or_ignore=True)


async def unasked(tx: Tx, hashes: Collection[str]) -> set[str]:
    """Those of these files that nobody had scanned."""
    left, wanted = set(hashes), list(hashes)
    for start in range(0, len(wanted), _AT_ONCE):
        part = ScannedFile.sha256.in_(wanted[start : start + _AT_ONCE])
        left -= set(await tx.scalars(select(ScannedFile.sha256).where(part)))
    return left


async def kept_before(tx: Tx, number: int | None, *, limit: int = 200) -> list[tuple[int, str, datetime]]:
    """Attachments that are kept, newest first: id, hash and since when; those with ids less than `number`."""
    earlier = [] if number is None else [Media.id < number]
    kept = select(Media.id, Media.sha256, Media.created_at).where(
        Media.state == "stored", Media.sha256.is_not(None), *earlier
    )
    found = await tx.execute(kept.order_by(Media.id.desc()).limit(limit))
    return [(id_, sha256, at) for id_, sha256, at in found if sha256]


async def on_no_message(tx: Tx) -> set[str]:
    """The files that wait to be sent, the house's own, and proofs."""
    found: set[str] = set()
    for column in (StagedFile.sha256, CannedFile.sha256, TemplateFile.sha256, ConsentRecord.sha256):
        found |= {each for each in await tx.scalars(select(column).where(column.is_not(None)).distinct()) if each}
    return found


async def is_due(tx: Tx) -> bool:
    """Whether a claim might bring anything; a glance without a lock."""
    return await tx.scalar(select(ScannedFile.sha256).where(*_due(clock.now())).limit(1)) is not None


async def claim(tx: Tx, *, limit: int, lease: timedelta) -> list[str]:
    """Take up to `limit` files to scan for as long as `lease`: what came last is what somebody looks at."""
    now = clock.now()
    free = or_(
        ScannedFile.claimed_until.is_(None),
        ScannedFile.claimed_until <= now,
        ScannedFile.claimed_until > now + 2 * lease,
    )
    due = select(ScannedFile).where(*_due(now), free).order_by(ScannedFile.due_at.desc()).limit(limit)
    rows = (await tx.scalars(due.with_for_update(skip_locked=True))).all()
    for row in rows:
        row.claimed_until = now + lease
    await tx.flush()
    return [row.sha256 for row in rows]


async def later(tx: Tx, sha256: str) -> None:
    """The scanner is there, and could not say anything of this file: again after a while, ever longer."""
    row = await _waiting(tx, sha256)
    if row is not None:
        row.attempts += 1
        row.claimed_until = None
        row.due_at = clock.now() + min(timedelta(seconds=2 ** min(row.attempts, 12)), LONGEST_RETRY)


async def release(tx: Tx, hashes: Sequence[str] | None = None) -> None:
    """Give back what was taken and not settled; all of it where nobody else can have it."""
    mine = [] if hashes is None else [ScannedFile.sha256.in_(hashes)]
    taken = (says(ScannedFile.verdict, Verdict.WAITING), ScannedFile.claimed_until.is_not(None))
    await tx.execute(update(ScannedFile).where(*taken, *mine).values(claimed_until=None))


async def settle(tx: Tx, sha256: str, signature: str | None) -> None:
    """The scanner has spoken: `signature` is what it found, None for nothing.

    Records "media.cleared" or "media.quarantined" in the newest MOST_TOLD conversations that have the file, and
    "file.quarantined" for one that waits to be sent, or is the house's own or a proof.
    """
    row = await _waiting(tx, sha256)
    if row is None:
        return
    row.verdict = Verdict.CLEAN if signature is None else Verdict.INFECTED
    row.signature, row.scanned_at, row.due_at, row.claimed_until = signature, clock.now(), None, None
    await tx.flush()
    await _tell_conversations(tx, sha256, signature)
    if signature is not None:
        # What WhatsApp has of it is pointed to by no message any more.
        await tx.execute(delete(Upload).where(Upload.sha256 == sha256, says(Upload.state, "done")))
        await _tell_owners(tx, sha256, signature)


async def tell_of(tx: Tx, media: Media, conversation_id: int) -> None:
    """An attachment was kept whose bytes are known to be infected: record "media.quarantined" for it, too."""
    row = await tx.get(ScannedFile, media.sha256) if media.sha256 else None
    if row is not None and row.verdict == Verdict.INFECTED:
        _record(tx, (media.id, media.message_id, conversation_id), row.sha256, row.signature)


async def forget(tx: Tx, hashes: Iterable[str]) -> None:
    """The files are gone."""
    await tx.execute(delete(ScannedFile).where(ScannedFile.sha256.in_(list(hashes))))


async def _waiting(tx: Tx, sha256: str) -> ScannedFile | None:
    row = await tx.get(ScannedFile, sha256, with_for_update=True, populate_existing=True)
    return row if row is not None and row.verdict == Verdict.WAITING else None


async def _tell_conversations(tx: Tx, sha256: str, signature: str | None) -> None:
    newest = (
        select(Media.id, Media.message_id, Message.conversation_id)
        .join(Message, Message.id == Media.message_id)
        .where(Media.sha256 == sha256, Media.state == "stored")
        .order_by(Media.id.desc())
        .limit(MOST_TOLD)
    )
    for place in await tx.execute(newest):
        _record(tx, place, sha256, signature)


def _record(tx: Tx, place: tuple[int, int, int], sha256: str, signature: str | None) -> None:
    media_id, message_id, conversation_id = place
    new: dict[str, Any] = {"sha256": sha256} if signature is None else {"sha256": sha256, "signature": signature}
    audit.record(
        tx,
        SYSTEM,
        "media.cleared" if signature is None else "media.quarantined",
        conversation_id=conversation_id,
        message_id=message_id,
        subject=f"media:{media_id}",
        new=new,
    )


async def _tell_owners(tx: Tx, sha256: str, signature: str) -> None:
    staged = select(StagedFile.id, StagedFile.conversation_id).where(
        StagedFile.sha256 == sha256, StagedFile.message_id.is_(None)
    )
    canned = select(CannedFile.canned_id).where(CannedFile.sha256 == sha256)
    samples = select(TemplateFile.draft_id).where(TemplateFile.sha256 == sha256)
    proofs = select(ConsentRecord.id, ConsentRecord.conversation_id).where(ConsentRecord.sha256 == sha256)
    owners: list[tuple[str, int | None]] = [
        *[(f"staged_file:{id_}", place) for id_, place in (await tx.execute(staged))],
        *[(f"canned_text:{id_}", None) for id_ in await tx.scalars(canned)],
        *[(f"template_draft:{id_}", None) for id_ in await tx.scalars(samples)],
        *[(f"consent:{id_}", place) for id_, place in (await tx.execute(proofs))],
    ]
    for subject, conversation_id in owners:
        new = {"sha256": sha256, "signature": signature}
        audit.record(tx, SYSTEM, "file.quarantined", conversation_id=conversation_id, subject=subject, new=new)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (says(ScannedFile.verdict, Verdict.WAITING), ScannedFile.due_at <= now)
