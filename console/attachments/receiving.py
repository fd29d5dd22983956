"""Taking in the body of a request as a file: never more of it than is allowed, nothing of it when it is cut."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

from console.attachments import kinds, staging
from console.attachments.staging import Kept
from console.failpoints import failpoint
from console.inbox import media_files

LONGEST_HEADER = 2000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def name_in(header: str) -> str:
    """The file name that a percent-encoded header says; any part of a path is taken off later."""
    return _UNPRINTABLE.sub("", unquote(header[:LONGEST_HEADER]))


async def receive(folder: Path, body: AsyncIterator[bytes], *, filename: str, voice: bool) -> Kept:
    """Write `body` beside the kept files, then judge and keep it. Refuses 413 as soon as there is too much of it.

    Whatever goes wrong, a client that goes away included, leaves nothing behind.
    """
    unfinished = folder / "tmp" / uuid.uuid4().hex
    await asyncio.to_thread(unfinished.parent.mkdir, parents=True, exist_ok=True)
    try:
        await _write(unfinished, body, voice=voice)
        kept = await asyncio.to_thread(staging.keep, folder, unfinished, filename=filename, voice=voice)
        failpoint("attachments.kept")
        return kept
    finally:
        unfinished.unlink(missing_ok=True)


async def _write(unfinished: Path, body: AsyncIterator[bytes], *, voice: bool) -> None:
    head, size, most = b"", 0, kinds.LARGEST
    file = await asyncio.to_thread(unfinished.open, "wb")
    try:
        async for piece in body:
            size += len(piece)
            if len(head) < media_files.HEAD:
                head = (head + piece)[: media_files.HEAD]
                most = kinds.limit_of(head, voice=voice)
            if size > most:
                raise kinds.too_large(head, voice=voice)
            await asyncio.to_thread(file.write, piece)
    finally:
        await asyncio.to_thread(file.close)
