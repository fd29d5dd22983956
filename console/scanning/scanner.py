"""The scanner's loop: shows each file to the malware scanner until there is a verdict, and waits while it is away.

A file that the scanner could say nothing of is tried again by itself, ever more seldom. A scanner that is away is
asked every few seconds whether it is back, and no file pays for that: then all go on at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from console import metrics, pacing
from console.audit import Entry
from console.db import Database
from console.failpoints import failpoint
from console.inbox import media_files
from console.scanning import keeping
from integrations.clamd import NoVerdict

log = structlog.get_logger()
AT_ONCE = 4
POLL_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds until a scanner that is away is asked again; doubled each time it is not there."""
ASK_EVERY = 15.0
"""Seconds after which it is asked whether it is there, though there is nothing to scan."""
WAKING = frozenset({"media.stored", "message.queued", "canned_text.file_added", "template_draft.file_set"})


class Scans(Protocol):
    """The part of a scanner's client that the loop needs."""

    async def ping(self) -> None:
        """Raises NoVerdict unless it answers."""

    async def scan(self, path: Path) -> str | None:
        """What was found. Raises NoVerdict, FileNotFoundError."""


class Scanner:
    """Scans what `keeping.claim` hands out from `folder`; `seconds` is how long the client may take for one file.

    `alone`: no other process scans, so what an earlier one left claimed is free.
    """

    def __init__(self, db: Database, client: Scans, folder: Path, *, seconds: float, alone: bool) -> None:
        self._db = db
        self._client = client
        self._folder = folder
        self._lease = timedelta(seconds=2 * seconds + 30)
        self._alone = alone
        self._is_there = False
        self._asked_at = 0.0
        self._seen: int | None = None
        self._looked_back = False
        self.awake = asyncio.Event()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look for files when one was kept (a follower of `Live`); those that are on nobody's record are looked for."""
        if any(entry.action in WAKING for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Scan until `stop`; what this cuts off is given back for somebody else."""
        if self._alone:
            async with self._db.transaction() as tx:
                await keeping.release(tx)
        scanning: dict[asyncio.Task[None], str] = {}

        def ended(task: asyncio.Task[None]) -> None:
            scanning.pop(task, None)
            self.awake.set()
            if not task.cancelled() and (failure := task.exception()):
                # Not even the failure could be written down: the lease ends, and another try begins.
                log.error("scan.unsettled", task=task.get_name(), reason=type(failure).__name__)

        try:
            while not stop.is_set():
                if not await self._is_back(stop):
                    return
                for sha256 in await self._claim(AT_ONCE - len(scanning)):
                    task = asyncio.create_task(self._scan(sha256), name=f"scan.{sha256[:12]}")
                    scanning[task] = sha256
                    task.add_done_callback(ended)
                await self._look_back()
                await self._rest(stop)
        finally:
            cut_off = dict(scanning)
            for task in cut_off:
                task.cancel()
            await asyncio.gather(*cut_off, return_exceptions=True)
            if cut_off:
                async with self._db.transaction() as tx:
                    await keeping.release(tx, list(cut_off.values()))

    async def _is_back(self, stop: asyncio.Event) -> bool:
        """Wait until the scanner answers; False when this process ends before. One that answered just now does."""
        pause = FIRST_PAUSE
        while not stop.is_set():
            if self._is_there and asyncio.get_running_loop().time() - self._asked_at < ASK_EVERY:
                return True
            if await self._answers():
                return True
            await pacing.pause(stop, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        return False

    async def _answers(self) -> bool:
        was_there = self._is_there
        try:
            await self._client.ping()
        except NoVerdict as away:
            self._is_there = False
            log.warning("scanner.away", reason=str(away))
        else:
            self._is_there = True
            if not was_there:
                log.info("scanner.there")
        self._asked_at = asyncio.get_running_loop().time()
        return self._is_there

    async def _claim(self, room: int) -> list[str]:
        if room <= 0 or not await self._db.read(keeping.is_due):
            return []
        async with self._db.transaction() as tx:
            return await keeping.claim(tx, limit=room, lease=self._lease)

    async def _rest(self, stop: asyncio.Event) -> None:
        await pacing.news(stop, self.awake, within=POLL_SECONDS)
        self.awake.clear()

    async def _scan(self, sha256: str) -> None:
        try:
            found = await self._client.scan(media_files.place(self._folder, sha256))
        except FileNotFoundError:
            log.error("scan.file_missing", sha256=sha256)  # noqa: TRY400 where it happened is known
            await self._later(sha256, "missing")
        except NoVerdict as none:
            await self._without_verdict(sha256, str(none))
        else:
            failpoint("scan.answered")
            async with self._db.transaction() as tx:
                await keeping.settle(tx, sha256, found)
            metrics.scans_total.labels("clean" if found is None else "infected").inc()
            if found is not None:
                log.warning("scan.infected", sha256=sha256, signature=found)

    async def _without_verdict(self, sha256: str, reason: str) -> None:
        """Is it the file, or the scanner? A file is not put off for a scanner that is away."""
        if await self._answers():
            await self._later(sha256, reason)
            return
        metrics.scans_total.labels("away").inc()
        async with self._db.transaction() as tx:
            await keeping.release(tx, [sha256])

    async def _later(self, sha256: str, reason: str) -> None:
        log.warning("scan.put_off", sha256=sha256, reason=reason)
        metrics.scans_total.labels("put_off").inc()
        async with self._db.transaction() as tx:
            await keeping.later(tx, sha256)

    async def _look_back(self) -> None:
        """Have scanned what was kept while no scanner was connected: one page of attachments, the newest first."""
        if self._looked_back:
            return
        async with self._db.reading() as tx:
            page = await keeping.kept_before(tx, self._seen)
            kept: dict[str, datetime | None] = {sha256: at for _id, sha256, at in page}
            if self._seen is None:
                kept |= dict.fromkeys(await keeping.on_no_message(tx))
            unasked = await keeping.unasked(tx, kept)
        if unasked:
            async with self._db.transaction() as tx:
                await keeping.ask(tx, {sha256: kept[sha256] for sha256 in unasked})
        if page:
            self._seen = page[-1][0]
            self.awake.set()
        else:
            self._looked_back = True
