"""The fetcher: brings attachments here as soon as they are announced, a few at a time, and keeps the folder tidy."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import structlog

from console import clock, pacing
from console.attachments import staging
from console.audit import Entry
from console.canned import files as canned_files
from console.consents import proof_files
from console.db import Database
from console.failpoints import failpoint
from console.inbox import media, media_files
from console.inbox.media import Wanted
from console.message_templates import files as template_files
from console.scanning import keeping as scanning
from integrations.whatsapp.errors import (
    CallFailed,
    Invalid,
    MediaGone,
    MediaRefused,
    MediaTooLarge,
    NoAnswer,
)
from integrations.whatsapp.media import Download, same_hash

log = structlog.get_logger()
AT_ONCE = 4
POLL_SECONDS = 1.0
BREATH = 0.02
FORGOTTEN_AFTER = timedelta(days=1)
"""A file that no row speaks of may be one whose row is about to be written; after this it is not."""
TRIES_WHEN_GONE = 3
MOST_LOST = 10
"""Files that may be missing one by one."""


class Downloads(Protocol):
    """The part of the WhatsApp client that the fetcher needs."""

    async def download_media(self, media_id: str, path: Path, *, most: int) -> Download:
        """Write a media object to `path`."""


class Fetcher:
    """Fetches what `media.claim` hands out into `folder`."""

    def __init__(self, db: Database, whatsapp: Downloads, folder: Path, *, at_once: int = AT_ONCE) -> None:
        self._db = db
        self._whatsapp = whatsapp
        self._folder = folder
        self._at_once = at_once
        self.awake = asyncio.Event()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look for attachments when messages come in (a follower of `Live`)."""
        if any(entry.action == "message.received" for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch until `stop`; downloads that this cuts off are given back for somebody else."""
        (self._folder / "tmp").mkdir(parents=True, exist_ok=True)
        fetching: dict[asyncio.Task[None], int] = {}

        def ended(task: asyncio.Task[None]) -> None:
            fetching.pop(task, None)
            self._ended(task)

        try:
            while not stop.is_set():
                for wanted in await self._claim(self._at_once - len(fetching)):
                    task = asyncio.create_task(self._fetch(wanted), name=f"media.{wanted.id}")
                    fetching[task] = wanted.id
                    task.add_done_callback(ended)
                await self._rest(stop)
        finally:
            cut_off = dict(fetching)
            for task in cut_off:
                task.cancel()
            await asyncio.gather(*cut_off, return_exceptions=True)
            if cut_off:
                async with self._db.transaction() as tx:
                    await media.release(tx, list(cut_off.values()))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.awake.set()
        if not task.cancelled() and (failure := task.exception()):
            # Not even the failure could be written down: the lease ends, and another try begins.
            log.error("media.unsettled", task=task.get_name(), reason=type(failure).__name__)

    async def _claim(self, room: int) -> list[Wanted]:
        if room <= 0:
            return []
        if not await self._db.read(media.is_due):
            return []
        async with self._db.transaction() as tx:
            return await media.claim(tx, limit=room)

    async def _rest(self, stop: asyncio.Event) -> None:
        await pacing.news(stop, self.awake, within=POLL_SECONDS)
        if not stop.is_set():
            # Messages come many at a time, and one look serves them all.
            await asyncio.sleep(BREATH)
        self.awake.clear()

    async def _fetch(self, wanted: Wanted) -> None:
        unfinished = self._folder / "tmp" / uuid.uuid4().hex
        try:
            await self._bring(wanted, unfinished)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("media.fetch_failed", media_id=wanted.id)
            await self._later(wanted)
        finally:
            unfinished.unlink(missing_ok=True)

    async def _bring(self, wanted: Wanted, unfinished: Path) -> None:
        try:
            download = await self._whatsapp.download_media(wanted.wire_id, unfinished, most=media.LARGEST_FILE)
        except MediaTooLarge:
            await self._give_up(wanted, "too_big", "too_big")
        except MediaRefused:
            await self._give_up(wanted, "refused", "foreign_host")
        except Invalid:
            await self._give_up(wanted, "failed", "bad_id")
        except MediaGone:
            await self._gone(wanted)
        except (CallFailed, NoAnswer) as failure:
            log.warning("media.not_fetched", media_id=wanted.id, reason=type(failure).__name__)
            await self._later(wanted)
        else:
            await self._store(wanted, unfinished, download)

    async def _store(self, wanted: Wanted, unfinished: Path, download: Download) -> None:
        nature = await asyncio.to_thread(media_files.examine, unfinished, wanted.declared_type)
        if False in {download.matches, same_hash(wanted.declared_sha256, download.sha256)}:
            nature = media_files.Nature(nature.mime_type, "hash_mismatch")
        await asyncio.to_thread(media_files.keep, self._folder, unfinished, download.sha256)
        failpoint("media.downloaded")
        async with self._db.transaction() as tx:
            await media.stored(tx, wanted, sha256=download.sha256, size=download.size, nature=nature)
        failpoint("media.stored")

    async def _gone(self, wanted: Wanted) -> None:
        """Meta does not know it. An id may be announced before it can be asked for, so once is not enough."""
        async with self._db.transaction() as tx:
            if await media.tries(tx, wanted) + 1 < TRIES_WHEN_GONE:
                await media.later(tx, wanted, least=timedelta(seconds=5))
            else:
                await media.failed(tx, wanted, state="expired", reason="gone")

    async def _give_up(self, wanted: Wanted, state: str, reason: str) -> None:
        async with self._db.transaction() as tx:
            await media.failed(tx, wanted, state=state, reason=reason)

    async def _later(self, wanted: Wanted) -> None:
        async with self._db.transaction() as tx:
            await media.later(tx, wanted)


async def sweep(db: Database, folder: Path) -> tuple[int, int]:
    """Remove what nobody will miss and fetch again what is missing; says how many of each.

    Files are removed only when no row speaks of them and they are older than FORGOTTEN_AFTER. When most are missing,
    the folder is: what WhatsApp has no longer would be given up for good, and stand there when the folder is back.
    """
    removed = await _remove_forgotten(db, folder)
    lost: list[int] = []
    looked_at = last = 0
    while True:
        async with db.reading() as tx:
            page = await media.stored_after(tx, last)
        if not page:
            break
        last = page[-1][0]
        looked_at += len(page)
        lost += await asyncio.to_thread(
            lambda page: [id_ for id_, sha256 in page if not media_files.place(folder, sha256).is_file()], page
        )
    if len(lost) > MOST_LOST and len(lost) > looked_at / 2:
        log.critical("media.folder_missing", lost=len(lost), of=looked_at)
        return removed, 0
    for media_id in lost:
        log.error("media.file_missing", media_id=media_id)
        async with db.transaction() as tx:
            await media.fetch_again(tx, media_id)
    return removed, len(lost)


async def _remove_forgotten(db: Database, folder: Path) -> int:
    than = clock.now().timestamp() - FORGOTTEN_AFTER.total_seconds()
    old = await asyncio.to_thread(_older, folder, than)
    removed = 0
    for start in range(0, len(old), 200):
        batch = old[start : start + 200]
        async with db.reading() as tx:
            names = [path.name for path in batch]
            needed = await media.referenced(tx, names) | await staging.referenced(tx, names)
            needed |= await proof_files.referenced(tx, names)
            needed |= await template_files.referenced(tx, names) | await canned_files.referenced(tx, names)
        gone: list[str] = []
        for path in batch:
            # The same bytes may have been brought again since: then a row is about to speak of them.
            if (path.parent.name == "tmp" or path.name not in needed) and _is_older(path, than):
                path.unlink(missing_ok=True)
                gone.append(path.name)
        removed += len(gone)
        if gone:
            async with db.transaction() as tx:
                await scanning.forget(tx, gone)
    return removed


def _older(folder: Path, than: float) -> list[Path]:
    tmp = folder / "tmp"
    found = [*media_files.kept(folder), *(tmp.iterdir() if tmp.is_dir() else ())]
    return [path for path in found if _is_older(path, than)]


def _is_older(path: Path, than: float) -> bool:
    try:
        return path.stat().st_mtime < than
    except FileNotFoundError:
        return False
