"""Attachments over HTTP: who may see one is asked twice, and what leaves can run nothing in our origin."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import structlog
from litestar import HttpMethod, Request, Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import AuditEntry
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.inbox import media_files, queries
from console.inbox.file_names import clean_name
from console.inbox.models import Media, Message
from console.languages.words import Words
from console.scanning import verdicts
from console.settings import Settings

log = structlog.get_logger()
LINK_LIVES = 300
"""Seconds that a link works, for the viewer it was made for alone."""
CHUNK = 256 * 1024
LONGEST_RANGE = 100

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@get("/media/{media_id:int}")
async def media_link(
    media_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[bytes]:
    """Lead whoever may see the attachment to a link of their own that works for five minutes.

    Records "media.viewed", once per link's life: a player asks for a film in many pieces.
    Refuses: 404, and as `verdicts.require_open`.
    """
    async with db.transaction() as tx:
        media, message = await visible_media(tx, viewer, media_id)
        await record_view(tx, viewer, media, message)
    expiry = int(clock.now().timestamp()) + LINK_LIVES
    signature = _signature(settings, media_id, viewer.id, expiry)
    headers = {"location": f"/media/{media_id}/{expiry}/{signature}", "cache-control": "private, no-store"}
    return Response(b"", status_code=303, headers=headers)


@route("/media/{media_id:int}/{expiry:int}/{signature:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def media_file(
    *,
    request: Request[Any, Any, Any],
    media_id: FromPath[int],
    expiry: FromPath[int],
    signature: FromPath[str],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The bytes, or the one range asked for. The session and the right to see are asked again.

    Refuses: 403, 404, and as `verdicts.require_open`.
    """
    genuine = hmac.compare_digest(_signature(settings, media_id, viewer.id, expiry).encode(), signature.encode())
    if not genuine or not 0 < expiry - clock.now().timestamp() <= LINK_LIVES:
        raise Refused(
            403, Words("El enlace venció; abra el archivo de nuevo desde la conversación."), code="link_expired"
        )
    async with db.reading() as tx:
        media, _message = await visible_media(tx, viewer, media_id)
    path = media_files.place(settings.media_dir, media.sha256 or "")
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
    except FileNotFoundError:
        log.error("media.file_missing", media_id=media_id)  # noqa: TRY400 where it happened is known
        raise not_found() from None
    return await _answer(request, _headers(media), path, size)


async def house_file(
    request: Request[Any, Any, Any], db: Database, folder: Path, *, sha256: str, mime_type: str, filename: str
) -> Response[Any]:
    """A file of the house's own, about nobody: no link of one's own, and no record of who looked.

    Refuses: 404, and as `verdicts.require_open`.
    """
    async with db.reading() as tx:
        await verdicts.require_open(tx, sha256)
    path = media_files.place(folder, sha256)
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
    except FileNotFoundError:
        log.error("media.house_file_missing", sha256=sha256)  # noqa: TRY400 where it happened is known
        raise not_found() from None
    plain = mime_type.partition(";")[0]
    return await _answer(request, headers_of(plain, filename, inline=plain in media_files.SHOWN_INLINE), path, size)


routes = [media_link, media_file]


async def visible_media(tx: Tx, viewer: Viewer, media_id: int) -> tuple[Media, Message]:
    """The attachment of a conversation that `viewer` may see, if it may be opened; its own id alone opens nothing."""
    if media_id > queries.LARGEST_ID:
        raise not_found()
    found = select(Media, Message).join(Message, Message.id == Media.message_id).where(Media.id == media_id)
    row = (await tx.execute(found)).one_or_none()
    if row is None:
        raise not_found()
    media, message = row
    await queries.open_conversation(tx, viewer, message.conversation_id)
    if media.state != "stored":
        raise not_found()
    await verdicts.require_open(tx, media.sha256)
    return media, message


async def record_view(tx: Tx, viewer: Viewer, media: Media, message: Message) -> None:
    """Record "media.viewed", unless the same person's last look at it is less than `LINK_LIVES` ago."""
    subject = f"media:{media.id}"
    since = int((clock.now().timestamp() - LINK_LIVES) * 1_000_000)
    seen = select(AuditEntry.id).where(
        AuditEntry.conversation_id == message.conversation_id,
        AuditEntry.action == "media.viewed",
        AuditEntry.actor_id == viewer.id,
        AuditEntry.subject == subject,
        AuditEntry.at_us > since,
    )
    if await tx.scalar(seen.limit(1)) is None:
        audit.record(
            tx,
            viewer.actor,
            "media.viewed",
            conversation_id=message.conversation_id,
            message_id=message.id,
            subject=subject,
            new={"sha256": media.sha256},
        )


async def _answer(request: Request[Any, Any, Any], headers: dict[str, str], path: Path, size: int) -> Response[Any]:
    piece = piece_asked_for(request.headers.get("range", ""), size)
    if piece is not None and not piece:
        return Response(b"", status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    sent = range(size) if piece is None else piece
    headers["content-length"] = str(len(sent))
    if piece is not None:
        headers["content-range"] = f"bytes {piece.start}-{piece.stop - 1}/{size}"
    how: dict[str, Any] = {
        "status_code": 200 if piece is None else 206,
        "media_type": headers.pop("content-type"),
        "headers": headers,
    }
    if request.method == HttpMethod.HEAD or not sent:
        return Response(b"", **how)
    return Stream(_pieces(path, sent), **how)


def piece_asked_for(asked: str, size: int) -> range | None:
    """The bytes that a Range header asks for; None when it asks for all, an empty range when there are none such.

    Several ranges, and what is no range, count as none at all, as RFC 9110 14.2 allows.
    """
    found = _RANGE.fullmatch(asked) if len(asked) <= LONGEST_RANGE else None
    if found is None or not (found[1] or found[2]):
        return None
    first, last = found[1], found[2]
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _headers(media: Media) -> dict[str, str]:
    mime_type = media.mime_type or media_files.OCTETS
    inline = media.flagged is None and mime_type in media_files.SHOWN_INLINE
    if media.flagged in {"type_mismatch", "active_content"}:
        mime_type = media_files.OCTETS
    return headers_of(mime_type, clean_name(media.filename, mime_type, fallback=f"archivo-{media.id}"), inline=inline)


def headers_of(mime_type: str, name: str, *, inline: bool) -> dict[str, str]:
    """With what a kept file leaves: nothing in it may run in our origin."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace('"', "").replace("\\", "")
    kind = "inline" if inline else "attachment"
    return {
        "content-type": mime_type,
        # RFC 6266: a plain name for the old, the real one for everybody else.
        "content-disposition": f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, no-store",
        "accept-ranges": "bytes",
    }


async def _pieces(path: Path, sent: range) -> AsyncIterator[bytes]:
    file: BinaryIO = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, sent.start)
        left = len(sent)
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(CHUNK, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
    finally:
        file.close()


def _signature(settings: Settings, media_id: int, viewer_id: int, expiry: int) -> str:
    key = hashlib.sha256(b"aldia media link\0" + settings.secret_key.encode()).digest()
    return hmac.digest(key, f"{media_id}:{viewer_id}:{expiry}".encode(), "sha256").hex()
