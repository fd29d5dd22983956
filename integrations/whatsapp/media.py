"""Media up and down: ids live 7 days (from webhooks) or 30 (uploaded), addresses five minutes."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import re
from pathlib import Path
from typing import BinaryIO, Literal

import httpx
from msgspec import Struct

from integrations.whatsapp import limits
from integrations.whatsapp.errors import CallFailed, Invalid, MediaGone, MediaRefused, MediaTooLarge, NoAnswer
from integrations.whatsapp.graph import Graph
from integrations.whatsapp.hosts import may_carry_token
from integrations.whatsapp.message_kinds import words
from integrations.whatsapp.people import identifier

MEGABYTE = 1024 * 1024
LARGEST_INBOUND = 100 * MEGABYTE
_TOTAL = 180.0
_CHUNK = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_NO_SUCH_OBJECT = frozenset({33, 100, 803})
_LARGEST_UPLOAD = {
    "audio": 16 * MEGABYTE,
    "video": 16 * MEGABYTE,
    "image/webp": MEGABYTE // 2,
    "image": 5 * MEGABYTE,
}


class MediaInfo(Struct, frozen=True, kw_only=True):
    """What Meta says of a media object. `url` lives five minutes; `sha256` is base64 or hexadecimal."""

    media_id: str
    url: str
    mime_type: str | None = None
    sha256: str | None = None
    size: int | None = None


class Download(Struct, frozen=True, kw_only=True):
    """A finished download. `sha256` in hexadecimal; `matches`: the declared hash, None when none can be read."""

    sha256: str
    size: int
    mime_type: str | None = None
    matches: bool | None = None


async def info(graph: Graph, media_id: str, phone_number_id: str) -> MediaInfo:
    """Where the object is now. MediaGone when it is no more; CallFailed, NoAnswer."""
    try:
        answer = await graph.get(_checked(media_id), phone_number_id=phone_number_id)
    except CallFailed as error:
        if error.http_status == 404 or error.code in _NO_SUCH_OBJECT:
            raise MediaGone("the media object does not exist") from error
        raise
    url = words(answer.get("url"))
    if url is None:
        raise NoAnswer("a media object without an address")
    size = identifier(answer.get("file_size"))
    return MediaInfo(
        media_id=media_id,
        url=url,
        mime_type=words(answer.get("mime_type")),
        sha256=words(answer.get("sha256")),
        size=int(size) if size and size.isascii() and size.isdigit() else None,
    )


async def download(graph: Graph, media_id: str, phone_number_id: str, path: Path, *, most: int) -> Download:
    """Write the object to `path`, at most `most` bytes; nothing is left behind on failure.

    An address that has expired is asked for anew, once. MediaGone, MediaTooLarge, MediaRefused (an address
    that the token may not travel to, or a redirect), CallFailed, NoAnswer.
    """
    for last_try in (False, True):
        found = await info(graph, media_id, phone_number_id)
        if found.size is not None and found.size > most:
            raise MediaTooLarge(f"declared {found.size} bytes, limit {most}")
        if not may_carry_token(found.url, graph.base_url):
            raise MediaRefused("the media object is on a host that is not Meta's")
        try:
            return await _fetch(graph, found, path, most)
        except MediaGone:
            if last_try:
                raise
    raise AssertionError  # the second try returns or raises


async def upload(graph: Graph, phone_number_id: str, content: bytes | Path, *, mime_type: str, filename: str) -> str:
    """The id of the uploaded object, good for 30 days. Invalid for what Meta would refuse by its size."""
    mime_type = limits.label("type", mime_type, 100)
    fields = {"messaging_product": "whatsapp", "type": mime_type}
    size = len(content) if isinstance(content, bytes) else (await asyncio.to_thread(content.stat)).st_size
    if not 0 < size <= _largest(mime_type):
        raise Invalid("file", f"takes 1 to {_largest(mime_type)} bytes, not {size}")
    name = limits.label("file.name", filename, limits.FILENAME)
    path = f"{phone_number_id}/media"
    if isinstance(content, bytes):
        answer = await graph.upload(path, fields, (name, content, mime_type), total=_TOTAL)
    else:
        file = await _open(content, "rb")
        try:
            answer = await graph.upload(path, fields, (name, file, mime_type), total=_TOTAL)
        finally:
            file.close()
    media_id = identifier(answer.get("id"))
    if media_id is None:
        raise NoAnswer("an upload without an id")
    return media_id


def same_hash(declared: str | None, sha256: str) -> bool | None:
    """Whether `declared` (base64 in webhooks, hexadecimal in some answers) is `sha256`; None when it is neither."""
    if declared is None:
        return None
    if re.fullmatch(r"[0-9a-fA-F]{64}", declared):
        return declared.lower() == sha256
    try:
        digest = base64.b64decode(declared, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() == sha256 if len(digest) == 32 else None


async def _fetch(graph: Graph, found: MediaInfo, path: Path, most: int) -> Download:
    unfinished = path.with_name(path.name + ".part")
    try:
        async with graph.stream(found.url, total=_TOTAL) as response:
            _check(response, most)
            file = await _open(unfinished, "wb")
            try:
                sha256, size = await _copy(response, file, most)
            finally:
                await asyncio.to_thread(file.close)
        await asyncio.to_thread(unfinished.replace, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return Download(sha256=sha256, size=size, mime_type=found.mime_type, matches=same_hash(found.sha256, sha256))


async def _open(path: Path, mode: Literal["rb", "wb"]) -> BinaryIO:
    """Open a file without holding up others. A thread opens it even for who was cancelled, who then closes it."""
    opening = asyncio.create_task(asyncio.to_thread(path.open, mode))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            (await opening).close()
        raise


async def _copy(response: httpx.Response, file: BinaryIO, most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    async for chunk in response.aiter_bytes(_CHUNK):
        size += len(chunk)
        if size > most:
            raise MediaTooLarge(f"more than {most} bytes")
        digest.update(chunk)
        await asyncio.to_thread(file.write, chunk)
    return digest.hexdigest(), size


def _check(response: httpx.Response, most: int) -> None:
    if response.status_code in {404, 410}:
        raise MediaGone("the address of the media object has expired")
    if response.is_redirect:
        raise MediaRefused("the media object redirects elsewhere")
    if response.status_code != 200:
        failed = CallFailed(None, response.status_code)
        raise failed if response.is_client_error else NoAnswer("no media", http_status=response.status_code)
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > most:
        raise MediaTooLarge(f"declared {declared} bytes, limit {most}")


def _checked(media_id: str) -> str:
    if not _ID.fullmatch(media_id):
        raise Invalid("media_id", "is no id")  # it comes from outside and goes into a path
    return media_id


def _largest(mime_type: str) -> int:
    kind = mime_type.partition(";")[0]
    return _LARGEST_UPLOAD.get(kind) or _LARGEST_UPLOAD.get(kind.partition("/")[0]) or LARGEST_INBOUND
