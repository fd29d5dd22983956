"""Bringing a file: judged by its bytes, made fit to leave, kept under their hash, and waiting for its message.

Nothing here is said to anybody yet, so it is not on record: like a draft, it is its author's alone.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy import ColumnElement, delete, func, select, update

from console import clock
from console.agents import Viewer
from console.attachments import kinds
from console.attachments.models import StagedFile
from console.attachments.stripping import DamagedError, stripped
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import media_files
from console.inbox.file_names import clean_name
from console.inbox.models import Conversation
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.scanning import keeping as scanning
from console.voice.notes import BrokenError, voice_note

MOST_WAITING = 10
"""Files that one author may have waiting in one conversation."""
KEPT_FOR = timedelta(days=7)


class Kept(msgspec.Struct, frozen=True):
    """A file in its place, ready to be sent."""

    kind: str
    mime_type: str
    filename: str
    size: int
    sha256: str
    voice: bool


def keep(folder: Path, unfinished: Path, *, filename: str, voice: bool) -> Kept:
    """Judge the file, take out what it tells of whoever made it, and keep it durably. Refuses as `kinds.judge`.

    Slow (it reads, writes and syncs): to be called beside the event loop. `unfinished` is gone when it returns.
    """
    judged = kinds.judge(unfinished, filename=filename, voice=voice)
    _make_fit(unfinished, judged)
    with unfinished.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = unfinished.stat().st_size
    media_files.keep(folder, unfinished, sha256)
    plain = judged.mime_type.partition(";")[0]
    name = clean_name(unicodedata.normalize("NFC", filename), plain, fallback="nota-de-voz" if voice else "archivo")
    return Kept(judged.kind, judged.mime_type, name, size, sha256, judged.voice)


def _make_fit(unfinished: Path, judged: kinds.Judged) -> None:
    try:
        if judged.voice:
            unfinished.write_bytes(voice_note(unfinished.read_bytes()))
        elif judged.mime_type in kinds.PHOTOS:
            unfinished.write_bytes(stripped(unfinished.read_bytes(), judged.mime_type))
    except DamagedError:
        raise Refused(422, Words("La imagen llegó incompleta o está dañada."), code="damaged", field="file") from None
    except BrokenError:
        raise Refused(422, Words("La grabación está vacía o dañada."), code="damaged", field="file") from None


async def stage(
    tx: Tx, conversation: Conversation, kept: Kept, *, by: Viewer | Actor, for_header: bool = False
) -> StagedFile:
    """Put a kept file beside the draft of its author, and have it scanned. Refuses 409 "too_many".

    One for the header of a template waits on no screen: where there are too many of those, the oldest goes.
    """
    here = (*_of(conversation, by), StagedFile.for_header == for_header)
    if for_header:
        await _make_room(tx, here)
    elif (await tx.scalar(select(func.count()).where(*here)) or 0) >= MOST_WAITING:
        text = Words("Ya hay {most_waiting} archivos por enviar en esta conversación.", most_waiting=MOST_WAITING)
        raise Refused(409, text, code="too_many", field="file")
    actor = actor_of(by)
    staged = StagedFile(
        conversation_id=conversation.id,
        author_kind=actor.kind,
        author_id=actor.id,
        for_header=for_header,
        created_at=clock.now(),
        **msgspec.structs.asdict(kept),
    )
    tx.add(staged)
    await tx.flush()
    await scanning.want(tx, kept.sha256)
    return staged


async def _make_room(tx: Tx, here: tuple[ColumnElement[bool], ...]) -> None:
    newest = select(StagedFile.id).where(*here).order_by(StagedFile.id.desc()).limit(MOST_WAITING - 1)
    kept = list(await tx.scalars(newest))
    await tx.execute(delete(StagedFile).where(*here, StagedFile.id.not_in(kept)))


async def waiting(tx: Tx, conversation: Conversation, *, by: Viewer | Actor) -> Sequence[StagedFile]:
    """What `by` brought here to be sent by itself and has not sent, oldest first."""
    here = (*_of(conversation, by), StagedFile.for_header.is_(False))
    return (await tx.scalars(select(StagedFile).where(*here).order_by(StagedFile.id))).all()


async def remove(tx: Tx, conversation: Conversation, staged_id: int, *, by: Viewer | Actor) -> None:
    """Take a waiting file away; what is not there (any more) changes nothing. The file itself is swept up later."""
    await tx.execute(delete(StagedFile).where(*_of(conversation, by), StagedFile.id == staged_id))


async def brought(
    tx: Tx, conversation: Conversation, staged_id: int, *, by: Viewer | Actor, field: str = "attachment"
) -> StagedFile:
    """The author's own file, sent or not. Refuses 422 "attachment_gone", naming `field`."""
    actor = actor_of(by)
    staged = await tx.get(StagedFile, staged_id)
    mine = staged is not None and (staged.author_kind, staged.author_id) == (actor.kind, actor.id)
    if staged is None or not mine or staged.conversation_id != conversation.id:
        text = Words("Ese archivo ya no está disponible; adjúntelo otra vez.")
        raise Refused(422, text, code="attachment_gone", field=field)
    return staged


async def referenced(tx: Tx, hashes: Collection[str]) -> set[str]:
    """Which of these files wait for a message."""
    return set(await tx.scalars(select(StagedFile.sha256).where(StagedFile.sha256.in_(hashes))))


async def forget_old(tx: Tx) -> None:
    """Forget what was brought and not sent for KEPT_FOR."""
    await tx.execute(delete(StagedFile).where(StagedFile.created_at < clock.now() - KEPT_FOR))


async def sent(tx: Tx, staged: StagedFile, message_id: int) -> None:
    """It waits no more."""
    await tx.execute(update(StagedFile).where(StagedFile.id == staged.id).values(message_id=message_id))


def _of(conversation: Conversation, by: Viewer | Actor) -> tuple[ColumnElement[bool], ...]:
    actor = actor_of(by)
    return (
        StagedFile.conversation_id == conversation.id,
        StagedFile.author_kind == actor.kind,
        StagedFile.author_id == actor.id,
        StagedFile.message_id.is_(None),
    )
