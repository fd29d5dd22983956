"""A file on its way in: where it waits, what it looks like, and how its columns are probably called."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import uuid
from pathlib import Path

import msgspec

from console import clock
from console.audit import Actor
from console.db import Database, Tx
from console.languages.words import Words
from console.portfolio import imports, sheet_files
from console.portfolio.batches import ImportBatch
from console.portfolio.columns import suggested
from console.portfolio.frames import Looked
from console.portfolio.preparing import Options
from console.portfolio.sheets import Unreadable
from console.portfolio.sources import source_for
from console.settings import Settings

FOLDER = "imports"
"""Below the attachments' folder, which all processes share."""
LARGEST = 100 * 1024 * 1024
"""Bytes; a portfolio of a hundred thousand debtors has fifteen million."""


def waiting_place(settings: Settings) -> Path:
    """A fresh place for a file, which only this program can read."""
    folder = settings.media_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / uuid.uuid4().hex


async def copy_in(settings: Settings, source: Path) -> Path:
    """A copy of `source` in its waiting place. Raises Unreadable when it is too large, OSError when it is not there."""
    if await asyncio.to_thread(_size, source) > LARGEST:
        raise Unreadable(too_large())
    place = waiting_place(settings)
    await asyncio.to_thread(shutil.copyfile, source, place)
    return place


def too_large() -> str:
    """What is said of a file that is."""
    return Words("El archivo pesa más de {most} MB: divídalo o guárdelo como CSV.", most=LARGEST // 1024**2)


async def arrive(
    db: Database,
    settings: Settings,
    place: Path,
    *,
    file_name: str,
    by: Actor,
    creditor: str | None = None,
    team_id: int | None = None,
) -> ImportBatch:
    """Look at the file in `place` and open an import for it. Raises Unreadable, and then the file is gone."""
    try:
        looked = await _looked(place)
    except Unreadable:
        await asyncio.to_thread(place.unlink, missing_ok=True)
        raise
    sha256, size = await asyncio.to_thread(_digest, place), await asyncio.to_thread(_size, place)
    async with db.transaction() as tx:
        source = await source_for(
            tx, settings, named=FOLDER, by=by, moment=clock.now(), creditor=creditor, team_id=team_id
        )
        return await imports.begin(
            tx,
            looked,
            source=source,
            file_name=file_name,
            path=f"{FOLDER}/{place.name}",
            size=size,
            sha256=sha256,
            by=by,
        )


async def probable(tx: Tx, batch: ImportBatch, settings: Settings) -> Options:
    """How the file is probably to be read: as the last one with this header, else by what its columns are called."""
    looked = msgspec.convert(batch.look, Looked)
    if looked.header is None:
        raise AssertionError("no import begins without a header")
    return Options(
        columns=suggested(looked.header, await imports.remembered(tx, batch.signature)),
        sheet=looked.shape.sheet,
        header_row=looked.header.row,
        names=[name or f"columna {letter(place)}" for place, name in enumerate(looked.header.names)],
        currency=settings.currency,
    )


def letter(place: int) -> str:
    """What spreadsheets call a column: A, B, … Z, AA."""
    before, last = divmod(place, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + last)


async def _looked(place: Path) -> Looked:
    looked = await sheet_files.look(place)
    if looked.header is None:
        raise Unreadable(Words("No se encontró una fila con los nombres de las columnas."))
    return looked


def _size(path: Path) -> int:
    return path.stat().st_size


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
