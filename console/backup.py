"""A copy of everything in one file, taken while serving, and the way back.

The file is a tar: `manifest.json`, the database (`aldia.sqlite`, or `aldia.pgdump` as pg_dump writes it), then the
attachments. The database is copied first: attachments are stored under the hash of their bytes and never change, so
whatever the copied rows name is there when its turn comes.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.engine import URL, make_url

from console import audit, clock, schema
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
from console.scheduling import later
from console.scheduling.models import ScheduledMessage
from console.settings import Settings

MANIFEST = "manifest.json"
SQLITE, POSTGRES = "aldia.sqlite", "aldia.pgdump"
MEDIA = "media"


class Unusable(Exception):  # noqa: N818 read aloud by the command line
    """The copy cannot be made or read; the text says why and how to mend it."""


class Manifest(msgspec.Struct, kw_only=True):
    """What a copy holds, to compare with after the way back."""

    made_at: str
    database: str
    head: str
    messages: int


async def back_up(settings: Settings, to: Path) -> Manifest:
    """Write a consistent copy of database and attachments to `to`. Nobody who is being served has to wait."""
    part = to.with_name(f"{to.name}.part")
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".aldia-backup-") as folder:
        name = SQLITE if settings.is_sqlite else POSTGRES
        copy = Path(folder, name)
        _copy_sqlite(settings, copy) if settings.is_sqlite else _dump_postgres(settings, copy)
        manifest = await _describe(settings, copy, name)
        _pack(settings, part, copy, manifest)
    part.replace(to)
    return manifest


def _copy_sqlite(settings: Settings, to: Path) -> None:
    source = Path(make_url(settings.database_url).database or "")
    if not source.is_file():
        raise Unusable(f"No hay una base de datos en {source}: revise ALDIA_DATABASE_URL.")
    reading, writing = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(to)
    try:
        # In one step: under WAL writers go on meanwhile, and the copy is of one moment.
        reading.backup(writing)
        # Without its own log the copy is one file, whole by itself.
        writing.execute("PRAGMA journal_mode=DELETE")
    finally:
        reading.close()
        writing.close()


def _dump_postgres(settings: Settings, to: Path) -> None:
    _run_tool(settings, ["pg_dump", "--format=custom", f"--file={to}"])


def _run_tool(settings: Settings, command: list[str]) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise Unusable(f"Falta {command[0]}: instale las herramientas de cliente de PostgreSQL en esta máquina.")
    done = subprocess.run(  # noqa: S603 our own arguments
        [program, "--no-password", *command[1:]],
        env=os.environ | _libpq(make_url(settings.database_url)),
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["sin explicación"])[-1]
        raise Unusable(f"{command[0]} no pudo: {last}")


def _libpq(url: URL) -> dict[str, str]:
    """The connection for PostgreSQL's own tools, in the environment: other users can read a command line."""
    host = url.host or url.query.get("host")
    named = {
        "PGHOST": host if isinstance(host, str) else None,
        "PGPORT": str(url.port or url.query.get("port") or 5432),
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
    }
    return {name: value for name, value in named.items() if value}


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
                tar.add(path, f"{MEDIA}/{path.relative_to(settings.media_dir).as_posix()}")
        file.flush()
        os.fsync(file.fileno())


def attachments(folder: Path) -> Iterator[Path]:
    """What a copy takes from the folder of attachments; drawn pages are drawn again."""
    drawn = folder / drawn_pages.FOLDER
    found = (path for path in sorted(folder.rglob("*")) if drawn not in path.parents)
    return (path for path in found if path.is_file() and not path.is_symlink())


# The way back


async def restore(settings: Settings, source: Path) -> Manifest:
    """Put a copy back in place of what is there, verified first. What it replaces on SQLite is kept beside it.

    Everybody is signed out, and what was waiting to leave becomes "sin confirmar": it may have left after the copy
    was made, and no machine sends anything twice. For the same reason what was to leave by itself since then (what was
    scheduled, reminders, receipts, jobs on many) is left to people.
    """
    # On a fresh machine nothing of the folders is there yet.
    settings.media_dir.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(source) as tar, tempfile.TemporaryDirectory(dir=settings.media_dir.parent) as folder:
        manifest = _manifest_of(tar)
        if (manifest.database == SQLITE) != settings.is_sqlite:
            raise Unusable("La copia es de otra clase de base de datos que la de ALDIA_DATABASE_URL.")
        copy = Path(folder, manifest.database)
        _extract(tar, manifest.database, copy)
        if settings.is_sqlite:
            await _replace_sqlite(settings, copy)
        else:
            _run_tool(settings, ["pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
                                 f"--dbname={make_url(settings.database_url).database}", str(copy)])  # fmt: skip
            await _verify(settings, settings.database_url)
        _put_attachments_back(tar, settings.media_dir)
    await schema.migrate(settings.database_url)
    await _settle(settings)
    return manifest


def _manifest_of(tar: tarfile.TarFile) -> Manifest:
    try:
        file = tar.extractfile(MANIFEST)
        manifest = msgspec.json.decode(file.read() if file else b"", type=Manifest)
    except (KeyError, msgspec.MsgspecError) as foreign:
        raise Unusable("El archivo no es una copia de aldia backup.") from foreign
    if manifest.database not in {SQLITE, POSTGRES}:
        raise Unusable("El archivo no es una copia de aldia backup.")
    return manifest


async def _replace_sqlite(settings: Settings, copy: Path) -> None:
    await _verify(settings, f"sqlite+aiosqlite:///{copy}")
    _swap(copy, Path(make_url(settings.database_url).database or ""))


def _swap(copy: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        # Everything that only the log holds goes into the file that is kept.
        with sqlite3.connect(target) as old:
            old.execute("PRAGMA journal_mode=DELETE")
        old.close()
        target.replace(target.with_name(f"{target.name}.before-restore"))
    for log in ("-wal", "-shm"):
        Path(f"{copy}{log}").unlink(missing_ok=True)
        Path(f"{target}{log}").unlink(missing_ok=True)
    shutil.move(copy, target)


async def _verify(settings: Settings, url: str) -> None:
    db = Database(url)
    try:
        async with db.reading() as tx:
            verdict = await audit.verify(tx, settings.secret_key)
    finally:
        await db.close()
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
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _extract(tar, entry.name, target)


def _extract(tar: tarfile.TarFile, name: str, to: Path) -> None:
    source = tar.extractfile(name)
    if source is None:
        raise Unusable(f"A la copia le falta {name}.")
    with source, to.open("wb") as target:
        shutil.copyfileobj(source, target)


async def _settle(settings: Settings) -> None:
    db = Database(settings.database_url, seal=audit.sealer(settings.secret_key))
    try:
        async with db.transaction() as tx:
            await _hold_back_unsent(tx)
            held = await _hold_back_due(tx, clock.now())
            await tx.execute(
                update(SignInSession).where(SignInSession.ended_at.is_(None)).values(ended_at=clock.now()),
            )
            audit.record(tx, SYSTEM, "backup.restored", new={"held": held})
    finally:
        await db.close()


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
