"""The uploader: brings files to WhatsApp as soon as a message waits for them, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import structlog

from console import pacing
from console.attachments import uploads
from console.attachments.uploads import Wanted
from console.audit import Entry
from console.db import Database
from console.failpoints import failpoint
from console.inbox import media_files
from integrations.whatsapp.errors import Action, CallFailed, Invalid, NoAnswer

log = structlog.get_logger()
AT_ONCE = 4
POLL_SECONDS = 1.0
WAKING = frozenset({"message.queued", "message.requeued"})


class Uploads(Protocol):
    """The part of the WhatsApp client that the uploader needs."""

    async def upload_media(self, content: bytes | Path, *, mime_type: str, filename: str) -> str:
        """The id of the uploaded file."""


class Uploader:
    """Uploads what `uploads.claim` hands out from `folder`. An upload may safely be tried again: it sends nothing."""

    def __init__(self, db: Database, whatsapp: Uploads, folder: Path, *, at_once: int = AT_ONCE) -> None:
        self._db = db
        self._whatsapp = whatsapp
        self._folder = folder
        self._at_once = at_once
        self.awake = asyncio.Event()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look for files when something is queued (a follower of `Live`)."""
        if any(entry.action in WAKING for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Upload until `stop`; what this cuts off is given back for somebody else."""
        uploading: dict[asyncio.Task[None], Wanted] = {}

        def ended(task: asyncio.Task[None]) -> None:
            uploading.pop(task, None)
            self.awake.set()

        try:
            while not stop.is_set():
                for wanted in await self._claim(self._at_once - len(uploading)):
                    task = asyncio.create_task(self._upload(wanted), name=f"upload.{wanted.sha256[:12]}")
                    uploading[task] = wanted
                    task.add_done_callback(ended)
                await self._rest(stop)
        finally:
            cut_off = dict(uploading)
            for task in cut_off:
                task.cancel()
            await asyncio.gather(*cut_off, return_exceptions=True)
            if cut_off:
                async with self._db.transaction() as tx:
                    await uploads.give_back(tx, list(cut_off.values()))

    async def _claim(self, room: int) -> list[Wanted]:
        if room <= 0 or not await self._db.read(uploads.is_due):
            return []
        async with self._db.transaction() as tx:
            return await uploads.claim(tx, limit=room)

    async def _rest(self, stop: asyncio.Event) -> None:
        await pacing.news(stop, self.awake, within=POLL_SECONDS)
        self.awake.clear()

    async def _upload(self, wanted: Wanted) -> None:
        try:
            await self._bring(wanted)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("upload.failed", sha256=wanted.sha256)
            await self._later(wanted, "error")

    async def _bring(self, wanted: Wanted) -> None:
        path = media_files.place(self._folder, wanted.sha256)
        try:
            wire_id = await self._whatsapp.upload_media(path, mime_type=wanted.mime_type, filename=wanted.filename)
        except FileNotFoundError:
            log.error("upload.file_missing", sha256=wanted.sha256)  # noqa: TRY400 where it happened is known
            await self._give_up(wanted, None, "the file is not in its place")
        except Invalid as invalid:
            await self._give_up(wanted, None, str(invalid))
        except CallFailed as refused:
            if refused.verdict.action is Action.FAIL:
                await self._give_up(wanted, refused.code, refused.details or refused.title)
            else:
                await self._later(wanted, f"refused with {refused.code}", refused.code)
        except NoAnswer:
            await self._later(wanted, "no answer")
        else:
            failpoint("uploads.answered")
            async with self._db.transaction() as tx:
                await uploads.done(tx, wanted, wire_id)
            failpoint("uploads.settled")

    async def _later(self, wanted: Wanted, reason: str, code: int | None = None) -> None:
        log.warning("upload.not_done", sha256=wanted.sha256, reason=reason)
        async with self._db.transaction() as tx:
            if not await uploads.later(tx, wanted):
                await uploads.failed(tx, wanted, code=code, details=reason)

    async def _give_up(self, wanted: Wanted, code: int | None, details: str | None) -> None:
        async with self._db.transaction() as tx:
            await uploads.failed(tx, wanted, code=code, details=details)
