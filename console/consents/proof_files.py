"""Files that prove a consent: kept byte for byte under their hash, offered for download only."""

from __future__ import annotations

import asyncio
import hashlib
import unicodedata
import uuid
from collections.abc import Collection
from pathlib import Path

from litestar.datastructures import UploadFile
from sqlalchemy import select

from console.consents.models import ConsentRecord
from console.db import Tx
from console.errors import Refused
from console.inbox import media_files
from console.inbox.file_names import clean_name
from console.languages.words import Words

LARGEST = 10 * 1024 * 1024
TYPES = frozenset(
    {"application/pdf", "image/jpeg", "image/png", "image/webp", "audio/mpeg", "audio/ogg", "audio/mp4", "audio/aac"}
)
_CHUNK = 256 * 1024


async def keep(folder: Path, upload: UploadFile) -> tuple[str, str, str]:
    """Keep the file as it came: its hash, its name and what it is.

    Whatever goes wrong leaves nothing behind. Refuses: 413; 422 (field file) for an empty one or another type.
    """
    unfinished = folder / "tmp" / uuid.uuid4().hex
    await asyncio.to_thread(unfinished.parent.mkdir, parents=True, exist_ok=True)
    try:
        size = 0
        with unfinished.open("wb") as file:
            while piece := await upload.read(_CHUNK):
                size += len(piece)
                if size > LARGEST:
                    raise Refused(413, Words("El archivo pasa de 10 MB."), code="too_big", field="file")
                await asyncio.to_thread(file.write, piece)
        return await asyncio.to_thread(_judged, folder, unfinished, upload.filename, size)
    finally:
        unfinished.unlink(missing_ok=True)


def _judged(folder: Path, unfinished: Path, name: str, size: int) -> tuple[str, str, str]:
    nature = media_files.examine(unfinished, None)
    if not size or nature.flagged is not None or nature.mime_type not in TYPES:
        text = Words("Suba un PDF, una foto (JPG, PNG, WebP) o una grabación (MP3, OGG, M4A).")
        raise Refused(422, text, code="invalid", field="file")
    with unfinished.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    media_files.keep(folder, unfinished, sha256)
    shown = clean_name(unicodedata.normalize("NFC", name or ""), nature.mime_type, fallback="prueba")
    return sha256, shown, nature.mime_type


async def referenced(tx: Tx, hashes: Collection[str]) -> set[str]:
    """Which of these files prove something."""
    wanted = select(ConsentRecord.sha256).where(ConsentRecord.sha256.in_(hashes))
    return {each for each in await tx.scalars(wanted) if each}
