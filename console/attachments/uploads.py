"""Files at WhatsApp's: asked for with a message, uploaded by the background work, pointed to by any number of messages.

A message that waits for its file is queued without a moment to leave at (`due_at`), so it keeps its place in the
conversation and nothing later overtakes it. When the file is there, the message is due.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import InstrumentedAttribute

from console import audit, clock
from console.attachments.models import StagedFile, Upload
from console.audit import SYSTEM
from console.db import Tx, dialect_of, says
from console.inbox.message_templates import HeaderFile
from console.inbox.models import Media, Message, Status
from console.scanning import keeping as scanning
from console.scanning import verdicts
from console.scanning.models import ScannedFile, Verdict

KINDS = frozenset({"image", "video", "audio", "document", "sticker"})
LEASE = timedelta(minutes=5)
KEPT_BY_META = timedelta(days=30)
"""How long an uploaded file can be pointed to (whatsapp.md §12)."""
MARGIN = timedelta(days=1)
GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_RETRY = timedelta(minutes=5)
QUARANTINED = verdicts.Closed.QUARANTINED.value
"""What stands for details where a message failed for its file: the scanner held it back."""
FORGOTTEN_CODES = frozenset({33, 100, 131009, 131053})
"""What WhatsApp may answer to a message whose file it does not have any more."""


class Wanted(msgspec.Struct, frozen=True):
    """One file that this process may upload. `claim` is the fencing token."""

    channel_id: int
    sha256: str
    mime_type: str
    filename: str
    claim: str


class Attached(msgspec.Struct, frozen=True):
    """The file of a message as it goes on the wire."""

    wire_id: str
    filename: str | None
    voice: bool


def carries_file(kind: str, content: Mapping[str, Any] | None) -> bool:
    """Whether a message of ours goes out with a file of ours: as itself, or in the header of a template."""
    return kind in KINDS or (kind == "template" and "file" in (content or {}))


async def attach(tx: Tx, message: Message, staged: StagedFile | HeaderFile) -> None:
    """Hang the file on a message just queued; the message leaves when WhatsApp has the file.

    Refuses as `verdicts.require_sendable` (field attachment).
    """
    await verdicts.require_sendable(tx, staged.sha256, field="attachment")
    media = Media(
        message_id=message.id,
        kind=staged.kind,
        declared_type=staged.mime_type,
        filename=staged.filename,
        voice=staged.voice,
        state="stored",
        mime_type=staged.mime_type.partition(";")[0],
        size=staged.size,
        sha256=staged.sha256,
        created_at=clock.now(),
    )
    tx.add(media)
    await scanning.want(tx, staged.sha256)
    await _wait_for(tx, message, media)


async def attach_again(tx: Tx, message: Message, of: Message) -> None:
    """Hang the files of an earlier message on one that repeats it. A file WhatsApp refused is uploaded anew.

    Refuses as `attach`.
    """
    earlier = (await tx.scalars(select(Media).where(Media.message_id == of.id).order_by(Media.id))).all()
    for one in earlier:
        await verdicts.require_sendable(tx, one.sha256, field="attachment")
        copied = {name: getattr(one, name) for name in _COPIED}
        media = Media(message_id=message.id, state="stored", created_at=clock.now(), **copied)
        tx.add(media)
        if of.error_code in FORGOTTEN_CODES:
            await _forget(tx, message.channel_id, media)
        await _wait_for(tx, message, media)


_COPIED = ("kind", "declared_type", "filename", "voice", "mime_type", "size", "sha256", "flagged")


async def with_their_files(
    tx: Tx, rows: Sequence[Row[*tuple[Any, ...]]]
) -> tuple[Sequence[Row[*tuple[Any, ...]]], dict[int, Attached]]:
    """Those of these messages that may leave, and the files of those that carry one.

    A message whose file WhatsApp keeps no longer, or no scanner has found clean, waits until it is uploaded again.
    """
    ids = [row.id for row in rows if carries_file(row.kind, row.content)]
    if not ids:
        return rows, {}
    found = await tx.execute(
        select(Media.message_id, Upload.wire_id, Media.filename, Media.voice)
        .join(Message, Message.id == Media.message_id)
        .join(Upload, _same(Message.channel_id))
        .where(
            Media.message_id.in_(ids),
            Upload.state == "done",
            Upload.expires_at > clock.now(),
            verdicts.is_open(tx, Upload.sha256),
        ),
    )
    files = {number: Attached(wire_id, filename, voice) for number, wire_id, filename, voice in found.all() if wire_id}
    if gone := [number for number in ids if number not in files]:
        await wait_again(tx, sorted(gone))
    return [row for row in rows if row.id not in gone], files


async def wait_again(tx: Tx, ids: Sequence[int], *, forget: bool = False) -> None:
    """Let queued messages wait for their files once more: WhatsApp keeps them no longer.

    `forget`: whatever we believe to be there is not.
    """
    found = select(Message, Media).join(Media, Media.message_id == Message.id).where(Message.id.in_(ids))
    for message, media in (await tx.execute(found.order_by(Message.id))).all():
        if forget:
            await _forget(tx, message.channel_id, media)
        await _wait_for(tx, message, media)


async def is_due(tx: Tx) -> bool:
    """Whether a claim might bring anything; a glance without a lock."""
    return await tx.scalar(select(Upload.sha256).where(*_due(tx, clock.now())).limit(1)) is not None


async def claim(tx: Tx, *, limit: int) -> list[Wanted]:
    """Take up to `limit` files to upload, oldest first. Of what a scanner held back the messages fail here."""
    now = clock.now()
    due = select(Upload).where(*_due(tx, now)).order_by(Upload.due_at).limit(limit).with_for_update(skip_locked=True)
    wanted = []
    for upload in (await tx.scalars(due)).all():
        upload.claim, upload.claimed_until = str(uuid.uuid4()), now + LEASE
        wanted.append(Wanted(upload.channel_id, upload.sha256, upload.mime_type, upload.filename, upload.claim))
    await tx.flush()
    closed = await verdicts.closed(tx, [each.sha256 for each in wanted])
    for each in wanted:
        if each.sha256 in closed:
            await failed(tx, each, code=None, details=QUARANTINED)
    return [each for each in wanted if each.sha256 not in closed]


async def done(tx: Tx, wanted: Wanted, wire_id: str) -> None:
    """WhatsApp has it: the messages that waited for it are due. Records "media.uploaded" on each."""
    upload = await _locked(tx, wanted)
    if upload is None:
        return
    upload.state, upload.wire_id, upload.attempts = "done", wire_id, 0
    upload.expires_at = clock.now() + KEPT_BY_META - MARGIN
    upload.due_at = upload.claim = upload.claimed_until = None
    await _release(tx, wanted, "media.uploaded", {"due_at": clock.now()}, {"sha256": wanted.sha256})


async def failed(tx: Tx, wanted: Wanted, *, code: int | None, details: str | None) -> None:
    """WhatsApp will not have it: the messages that waited have failed. Records "message.failed" on each."""
    upload = await _locked(tx, wanted)
    if upload is None:
        return
    await tx.delete(upload)
    values = {"status": Status.FAILED, "error_code": code, "error_details": details}
    await _release(tx, wanted, "message.failed", values, {"status": Status.FAILED, "code": code})


async def later(tx: Tx, wanted: Wanted) -> bool:
    """Try again after a while, ever longer; False when it was tried for GIVE_UP_AFTER and there is no use."""
    upload = await _locked(tx, wanted)
    if upload is None:
        return True
    now = clock.now()
    if now - upload.since > GIVE_UP_AFTER:
        return False
    upload.attempts += 1
    upload.claim = upload.claimed_until = None
    upload.due_at = now + min(timedelta(seconds=2 ** min(upload.attempts, 9)), LONGEST_RETRY)
    return True


async def give_back(tx: Tx, wanted: Sequence[Wanted]) -> None:
    """What was taken and not finished is anybody's again."""
    claims = [each.claim for each in wanted]
    await tx.execute(update(Upload).where(Upload.claim.in_(claims)).values(claim=None, claimed_until=None))


async def _wait_for(tx: Tx, message: Message, media: Media) -> None:
    """Make the message due if its file is at WhatsApp's and clean, else let it wait and have the file uploaded.

    The upload's row is held until the commit, so a message either sees the file there or is seen by whoever ends
    the upload.
    """
    now = clock.now()
    assert media.sha256 is not None  # noqa: S101 it is stored
    key = {"channel_id": message.channel_id, "sha256": media.sha256, "mime_type": _wire_type(media)}
    insert = sqlite_insert if dialect_of(tx) == "sqlite" else postgresql_insert
    named = {"filename": media.filename or "archivo", "state": "pending", "attempts": 0, "since": now, "due_at": now}
    await tx.execute(insert(Upload).values(**key, **named).on_conflict_do_nothing(index_elements=list(key)))
    found = select(Upload).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    upload = (await tx.scalars(found)).one()
    is_there = upload.state == "done" and upload.expires_at is not None and upload.expires_at > now
    if is_there and not await verdicts.closed(tx, [media.sha256]):
        message.due_at = now
    else:
        message.due_at = None
        if upload.state == "done":
            upload.state, upload.wire_id, upload.attempts, upload.since, upload.due_at = "pending", None, 0, now, now
    await tx.flush()


async def _forget(tx: Tx, channel_id: int, media: Media) -> None:
    key = {"channel_id": channel_id, "sha256": media.sha256, "mime_type": _wire_type(media)}
    await tx.execute(update(Upload).filter_by(**key).where(Upload.state == "done").values(expires_at=clock.now()))


async def _locked(tx: Tx, wanted: Wanted) -> Upload | None:
    """The row, if the claim is still this process's."""
    key = {"channel_id": wanted.channel_id, "sha256": wanted.sha256, "mime_type": wanted.mime_type}
    found = select(Upload).filter_by(**key, claim=wanted.claim).with_for_update()
    return (await tx.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def _release(tx: Tx, wanted: Wanted, action: str, values: dict[str, Any], new: dict[str, Any]) -> None:
    mine = exists().where(
        Media.message_id == Message.id,
        Media.sha256 == wanted.sha256,
        Media.declared_type == wanted.mime_type,
    )
    released = await tx.execute(
        update(Message)
        .where(
            says(Message.status, Status.QUEUED),
            Message.due_at.is_(None),
            Message.channel_id == wanted.channel_id,
            mine,
        )
        .values(**values, version=Message.version + 1)
        .returning(Message.id, Message.conversation_id)
        .execution_options(synchronize_session=False),
    )
    for number, conversation_id in released.all():
        audit.record(tx, SYSTEM, action, conversation_id=conversation_id, message_id=number, new=new)


def _wire_type(media: Media) -> str:
    return media.declared_type or media.mime_type or ""


def _same(channel_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return and_(
        Upload.channel_id == channel_id,
        Upload.sha256 == Media.sha256,
        Upload.mime_type == Media.declared_type,
    )


def _due(tx: Tx, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """To be uploaded now: with a scanner, what it has spoken of, also where that is to be refused."""
    free = or_(Upload.claimed_until.is_(None), Upload.claimed_until <= now, Upload.claimed_until > now + 2 * LEASE)
    due = (says(Upload.state, "pending"), Upload.due_at <= now, free)
    if not verdicts.scans(tx):
        return due
    spoken = says(ScannedFile.verdict, Verdict.CLEAN, Verdict.INFECTED)
    return (*due, exists().where(ScannedFile.sha256 == Upload.sha256, spoken))
