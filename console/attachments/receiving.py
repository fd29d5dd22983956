"""Taking in the body of a request as a file: never more of it than is allowed, nothing of it when it is cut."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from litestar import Request

from console.attachments import kinds, staging
from console.attachments.staging import Kept
from console.errors import Refused
from console.failpoints import failpoint
from console.inbox import media_files
from console.languages.words import Words

LONGEST_HEADER = 2000
OCTETS = "application/octet-stream"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def name_in(header: str) -> str:
    """The file name that a percent-encoded header says; any part of a path is taken off later."""
    return _UNPRINTABLE.sub("", unquote(header[:LONGEST_HEADER]))


async def file_of(request: Request[Any, Any, Any], folder: Path, *, voice: bool = False) -> Kept:
    """The file that is the whole body of a request, its name percent-encoded in `X-File-Name`.

    Refuses as `receive`, and 415 for another content type than application/octet-stream, which a form that another
    site sends cannot have without asking first.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != OCTETS:
        raise Refused(415, Words("Envíe el archivo como {type}.", type=OCTETS), code="unsupported_media_type")
    name = name_in(request.headers.get("x-file-name", ""))
    return await receive(folder, request.stream(), filename=name, voice=voice)


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
