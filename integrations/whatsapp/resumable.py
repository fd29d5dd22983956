"""The Resumable Upload API: how the sample of a template's header reaches whoever reviews it.

A session is opened for the app, the bytes follow, and a handle comes back, which stands in the template's example. What
breaks half way goes on where Meta says it stopped. After developers.facebook.com/docs/graph-api/guides/upload: the
session's id is an address with its own query, to be used as it came, and the bytes travel under the scheme `OAuth`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from integrations.whatsapp import limits
from integrations.whatsapp.errors import Invalid, NoAnswer
from integrations.whatsapp.graph import Graph
from integrations.whatsapp.message_kinds import words

SAMPLE_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png", "video/mp4"})
"""What a session takes; a video of 3GPP can be sent, and not reviewed."""
_SESSION = re.compile(r"upload:[A-Za-z0-9+=_:-]{1,1000}(\?sig=[A-Za-z0-9_.%-]{1,500})?", re.ASCII)
_TRIES = 3
_TOTAL = 180.0
_CHUNK = 64 * 1024
_LONGEST_HANDLE = 4000


async def handle_of(graph: Graph, app_id: str, path: Path, *, mime_type: str, filename: str) -> str:
    """The handle of the file at `path`. Invalid, CallFailed; NoAnswer when it broke again and again."""
    if mime_type not in SAMPLE_TYPES:
        raise Invalid("file_type", f"{mime_type} is no type of a sample")
    name = limits.label("file_name", filename, limits.FILENAME)
    size = (await asyncio.to_thread(path.stat)).st_size
    told = {"file_name": name, "file_length": str(size), "file_type": mime_type}
    session = words((await graph.begin_upload(f"{app_id}/uploads", **told)).get("id")) or ""
    if not _SESSION.fullmatch(session):
        raise NoAnswer("an upload without a session")
    handle = await _brought(graph, session, path, size)
    if handle is None or len(handle) > _LONGEST_HANDLE:
        raise NoAnswer("an upload without a handle")
    return handle


async def _brought(graph: Graph, session: str, path: Path, size: int) -> str | None:
    offset = 0
    for tries in range(_TRIES):
        try:
            answer = await graph.send_bytes(
                session, _from(path, offset), offset=offset, size=size - offset, total=_TOTAL
            )
        except NoAnswer:
            if tries + 1 == _TRIES:
                raise
            offset = await _reached(graph, session, size)
        else:
            return words(answer.get("h"))
    raise AssertionError  # the last try returns or raises


async def _reached(graph: Graph, session: str, size: int) -> int:
    """How much of it Meta has: there the rest begins. From the beginning when it cannot say."""
    try:
        told = (await graph.upload_state(session)).get("file_offset")
    except NoAnswer:
        return 0
    return told if isinstance(told, int) and 0 <= told < size else 0


async def _from(path: Path, offset: int) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, offset)
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            yield piece
    finally:
        await asyncio.to_thread(file.close)
