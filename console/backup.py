"""A copy of everything in one file, taken while serving, and the way back.

The file is a tar: `manifest.json`, the database (`aldia.sqlite`, or `aldia.pgdump` as pg_dump writes it), then the
attachments. The database is copied first: attachments are stored under the hash of their bytes and never change, so
whatever the copied rows name is there when its turn comes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url

from console import audit, clock, postgres_copies, schema
from console.agents import SignInSession
from console.audit import SYSTEM, AuditEntry
from console.bulk_jobs import asking
from console.bulk_jobs.models import AT_WORK, BulkJob
from console.db import Database, Tx
from console.inbox.models import Message, Status
from console.languages.words import Words
from console.pdf_pages import keeping as drawn_pages
from console.portfolio import reminders
from console.portfolio.agreements import Promise
from console.portfolio.ledger import Payment
from console.postgres_copies import Unusable
from console.scheduling import later
from console.scheduling.models import ScheduledMessage
from console.settings import Settings

MANIFEST = "manifest.json"
SQLITE, POSTGRES = "aldia.sqlite", "aldia.pgdump"
MEDIA = "media"
UNFINISHED = "tmp"


class Manifest(msgspec.Struct, kw_only=True):
    """What a copy holds, to compare with after the way back."""

    made_at: str
    database: str
    head: str
    messages: int


async def back_up(settings: Settings, to: Path) -> Manifest:
    """Write a consistent copy of database and attachments to `to`. Nobody who is being served has to wait."""
    part = to.with_name(f"{to.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".aldia-backup-") as folder:
            name = SQLITE if settings.is_sqlite else POSTGRES
            copy = Path(folder, name)
            _copy_sqlite(settings, copy) if settings.is_sqlite else postgres_copies.dump(settings.database_url, copy)
            manifest = await _describe(settings, copy, name)
            _pack(settings, part, copy, manifest)
        part.replace(to)
    except OSError as refused:
        raise Unusable(f"La copia no se pudo escribir en {to.parent} ({refused.strerror or refused}).") from refused
    finally:
        # Half a copy each night would take the room that the next one needs.
        part.unlink(missing_ok=True)
    return manifest


def _copy_sqlite(settings: Settings, to: Path) -> None:
    source = Path(make_url(settings.database_url).database or "")
    if not source.is_file():
        raise Unusable(f"No hay una base de datos en {source}: revise ALDIA_DATABASE_URL.")
    try:
        reading = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)
        with contextlib.closing(reading), contextlib.closing(sqlite3.connect(to)) as writing:
            # In one step: under WAL writers go on meanwhile, and the copy is of one moment.
            reading.backup(writing)
            # Without its own log the copy is one file, whole by itself.
            writing.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as refused:
        raise Unusable(f"La base de datos no se pudo copiar a {to.parent.parent} ({refused}).") from refused


async def _describe(settings: Settings, copy: Path, name: str) -> Manifest:
    # A dump cannot be counted; the live database is a little ahead of it, which the way back allows for.
    url = f"sqlite+aiosqlite:///{copy}" if settings.is_sqlite else settings.database_url
    db = Database(url)
    try:
        async with db.reading() as tx:
            head, messages = await _head_and_messages(tx)
    finally:
        await db.close()
    return Manifest(made_at=clock.now().isoformat(timespec="seconds"), database=name, head=head, messages=messages)


async def _head_and_messages(tx: Tx) -> tuple[str, int]:
    newest = select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    row = (await tx.execute(newest)).one_or_none()
    messages = await tx.scalar(select(func.count()).select_from(Message)) or 0
    return (f"{row.id}:{row.hash}" if row else f"0:{audit.GENESIS}"), messages


def _pack(settings: Settings, part: Path, copy: Path, manifest: Manifest) -> None:
    # Debts, messages and password hashes: for the owner's eyes alone.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            described = msgspec.json.encode(manifest)
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(described)
            tar.addfile(entry, io.BytesIO(described))
            tar.add(copy, manifest.database)
            for path in attachments(settings.media_dir):
                # One that is let go of at this very moment is no longer named by anything.
                with contextlib.suppress(FileNotFoundError):
                    tar.add(path, f"{MEDIA}/{path.relative_to(settings.media_dir).as_posix()}")
        file.flush()
        os.fsync(file.fileno())


def attachments(folder: Path) -> Iterator[Path]:
    """What a copy takes from the folder of attachments; what is not drawn again nor fetched again."""
    left_out = {folder / drawn_pages.FOLDER, folder / UNFINISHED}
    found = (path for path in sorted(folder.rglob("*")) if left_out.isdisjoint(path.parents))
    return (path for path in found if path.is_file() and not path.is_symlink())


# The way back


async def restore(settings: Settings, source: Path) -> Manifest:
    """Put a copy back in place of what is there, verified first. What it replaces on SQLite is kept beside it.

    Everybody is signed out, and what was waiting to leave becomes "sin confirmar": it may have left after the copy
    was made, and no machine sends anything twice. For the same reason what was to leave by itself since then (what was
    scheduled, reminders, receipts, jobs on many) is left to people. All that is so before anybody can be served.
    """
    place = Path(make_url(settings.database_url).database or "") if settings.is_sqlite else settings.media_dir
    # On a fresh machine nothing of the folders is there yet.
    place.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(source) as tar, tempfile.TemporaryDirectory(dir=place.parent) as folder:
        manifest = _manifest_of(tar)
        if (manifest.database == SQLITE) != settings.is_sqlite:
            raise Unusable("La copia es de otra clase de base de datos que la de ALDIA_DATABASE_URL.")
        copy = Path(folder, manifest.database)
        _extract(tar, manifest.database, copy)
        if settings.is_sqlite:
            await _make_ready(settings, f"sqlite+aiosqlite:///{copy}")
        # Before the database: a disk that is full of them has replaced nothing yet, and more of them do no harm.
        _put_attachments_back(tar, settings.media_dir)
        if settings.is_sqlite:
            _swap(copy, place)
        else:
            await _replace_postgres(settings, copy)
    return manifest


async def _make_ready(settings: Settings, url: str) -> None:
    """Verify a copy where it lies, and bring it to where it may be served from."""
    db = Database(url)
    try:
        async with db.reading() as tx:
            await _verify(tx, settings)
    finally:
        await db.close()
    await schema.migrate(url)
    await _settle(url, settings)
    with contextlib.closing(sqlite3.connect(make_url(url).database or "")) as whole:
        # One file again, on the disk to its last byte, before it gets its name.
        whole.execute("PRAGMA journal_mode=DELETE")


async def _replace_postgres(settings: Settings, copy: Path) -> None:
    url, settled = settings.database_url, False

    async def judge(tx: Tx) -> None:
        nonlocal settled
        await _verify(tx, settings)
        # A copy of a former release has no tables yet to settle in.
        if settled := await schema.is_newest(tx):
            await _hold_back(tx)
            await audit.sealer(settings.secret_key)(tx)

    await postgres_copies.put_back(url, copy, judge)
    await schema.migrate(url)
    if not settled:
        await _settle(url, settings)


def _manifest_of(tar: tarfile.TarFile) -> Manifest:
    try:
        file = tar.extractfile(MANIFEST)
        manifest = msgspec.json.decode(file.read() if file else b"", type=Manifest)
    except (KeyError, msgspec.MsgspecError) as foreign:
        raise Unusable("El archivo no es una copia de aldia backup.") from foreign
    if manifest.database not in {SQLITE, POSTGRES}:
        raise Unusable("El archivo no es una copia de aldia backup.")
    return manifest


def _swap(copy: Path, target: Path) -> None:
    if target.exists():
        _fold_its_log_in(target)
        kept = target.with_name(f"{target.name}.before-restore")
        kept.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            # Under both names, so that there is a database at every moment.
            os.link(target, kept)
        if not kept.exists():
            target.replace(kept)
    for log in ("-wal", "-shm"):
        Path(f"{target}{log}").unlink(missing_ok=True)
    copy.replace(target)


def _fold_its_log_in(target: Path) -> None:
    """Everything that only the log of the old database holds goes into the file that is kept."""
    try:
        with contextlib.closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as used:
        raise Unusable(f"Alguien tiene abierta la base de datos ({used}): ciérrela y vuelva a intentarlo.") from used
    except sqlite3.DatabaseError:
        # Damaged, which is why a copy is put back: its log is kept beside it, as it is.
        for log in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{target}{log}").replace(f"{target}.before-restore{log}")


async def _verify(tx: Tx, settings: Settings) -> None:
    verdict = await audit.verify(tx, settings.secret_key)
    if not verdict.intact:
        raise Unusable(
            f"El historial de la copia no está íntegro (entrada {verdict.first_bad}, {verdict.reason}): "
            "revise que ALDIA_SECRET_KEY sea la de entonces.",
        )


def _put_attachments_back(tar: tarfile.TarFile, folder: Path) -> None:
    for entry in tar:
        place = PurePosixPath(entry.name)
        if not entry.isfile() or place.parts[:1] != (MEDIA,):
            continue
        if ".." in place.parts or place.is_absolute():
            raise Unusable("El archivo nombra lugares fuera de los adjuntos: no es una copia de aldia backup.")
        target = folder.joinpath(*place.parts[1:])
        # One that an interrupted attempt left half written is not the file.
        if not target.exists() or target.stat().st_size != entry.size:
            target.parent.mkdir(parents=True, exist_ok=True)
            _extract(tar, entry.name, target)


def _extract(tar: tarfile.TarFile, name: str, to: Path) -> None:
    source = tar.extractfile(name)
    if source is None:
        raise Unusable(f"A la copia le falta {name}.")
    part = to.with_name(f"{to.name}.part")
    try:
        with source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        part.replace(to)
    except OSError as refused:
        raise Unusable(f"La copia no cabe en {to.parent} ({refused.strerror or refused}): nada cambió.") from refused
    finally:
        part.unlink(missing_ok=True)


async def _settle(url: str, settings: Settings) -> None:
    db = Database(url, seal=audit.sealer(settings.secret_key))
    try:
        async with db.transaction() as tx:
            await _hold_back(tx)
    finally:
        await db.close()


async def _hold_back(tx: Tx) -> None:
    await _hold_back_unsent(tx)
    held = await _hold_back_due(tx, clock.now())
    await tx.execute(
        update(SignInSession).where(SignInSession.ended_at.is_(None)).values(ended_at=clock.now()),
    )
    audit.record(tx, SYSTEM, "backup.restored", new={"held": held})


async def _hold_back_unsent(tx: Tx) -> None:
    waiting = Message.status.in_([Status.QUEUED, Status.SENDING])
    held = (await tx.execute(select(Message.id, Message.conversation_id, Message.status).where(waiting))).all()
    await tx.execute(update(Message).where(waiting).values(status=Status.UNKNOWN, claim=None, claimed_until=None))
    for message_id, conversation_id, status in held:
        audit.record(
            tx,
            SYSTEM,
            "message.unconfirmed",
            conversation_id=conversation_id,
            message_id=message_id,
            old={"status": status},
            new={"status": Status.UNKNOWN, "why": "backup_restored"},
        )


async def _hold_back_due(tx: Tx, moment: datetime) -> dict[str, int]:
    """What the console would say by itself, now that its moment has come, it may have said after the copy was made.

    Says how much of each there was.
    """
    due = (ScheduledMessage.state == "waiting", ScheduledMessage.due_at <= moment)
    scheduled = (await tx.scalars(select(ScheduledMessage).where(*due))).all()
    for waits in scheduled:
        later.end(tx, waits, await tx.get_one(Message, waits.message_id), "held", "restored", by=SYSTEM)
    promises = (await tx.scalars(select(Promise.id).where(Promise.remind_at <= moment))).all()
    for promise_id in promises:
        await reminders.forgo(tx, promise_id, by=SYSTEM)
    jobs = (await tx.scalars(select(BulkJob).where(BulkJob.state.in_(AT_WORK)))).all()
    for job in jobs:
        await asking.cancel(tx, job, by=SYSTEM, why=Words("Se restauró una copia: lo que faltaba puede estar hecho."))
    thanks = update(Payment).where(Payment.receipt_due).values(receipt_due=False).returning(Payment.id)
    receipts = (await tx.execute(thanks)).all()
    return {
        "scheduled": len(scheduled),
        "reminders": len(promises),
        "jobs": len(jobs),
        "receipts": len(receipts),
    }


def digest_of(path: Path) -> str:
    """The SHA-256 of a copy, to write down beside it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
