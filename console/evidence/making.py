"""The loop that makes the packs people asked for, in whichever process has time, and lets go of old ones."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from console import clock
from console.db import Database
from console.evidence import packs
from console.evidence.compiling import compile_pack
from console.evidence.packs import EvidencePack
from console.evidence.proofs import Unproven
from console.languages.words import Words
from console.pacing import news
from console.settings import Settings

LOOK_EVERY = 1.0
"""Seconds between looks: somebody watches a bar."""
WAKING = ("evidence.requested",)
"""What the history calls a pack that is to be made."""
EXPIRE_EVERY = 300
_CHUNK = 1024 * 1024


async def run(db: Database, settings: Settings, awake: asyncio.Event, stop: asyncio.Event) -> None:
    """Make what is asked for until `stop`, whenever woken."""
    looks = 0
    while not stop.is_set():
        if looks % EXPIRE_EVERY == 0:
            await let_go(db, settings)
        looks += 1
        awake.clear()
        while await make_next(db, settings):
            continue
        await news(stop, awake, within=LOOK_EVERY)


async def make_next(db: Database, settings: Settings) -> bool:
    """Make one pack, if any waits; says whether one did."""
    async with db.reading() as tx:
        if not await packs.is_anything_asked(tx, clock.now()):
            return False
    async with db.transaction() as tx:
        pack = await packs.claim(tx, clock.now())
    if pack is None:
        return False
    to = packs.place(settings.media_dir, pack.id)
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        await compile_pack(db, settings, pack.scope, to, by=pack.asked_by_name, pack_id=pack.id)
    except Unproven:
        await _fail(db, pack.id, Words("El historial no está íntegro: avise a su administrador (aldia audit verify)."))
        return True
    except OSError as failure:
        await _fail(
            db,
            pack.id,
            Words("No se pudo escribir ({why}): intente más tarde.", why=failure.strerror or Words("sin espacio")),
        )
        return True
    sha256 = await asyncio.to_thread(_digest, to)
    async with db.transaction() as tx:
        row = await tx.get_one(EvidencePack, pack.id, with_for_update=True)
        packs.finish(tx, row, sha256=sha256, size=to.stat().st_size, moment=clock.now())
    return True


async def let_go(db: Database, settings: Settings) -> None:
    """Remove the files whose time is over; the rows first, so that nobody is offered a file that is not there."""
    async with db.transaction() as tx:
        gone = await packs.expire(tx, settings.media_dir, clock.now())
    for path in gone:
        path.unlink(missing_ok=True)


async def _fail(db: Database, pack_id: int, why: str) -> None:
    async with db.transaction() as tx:
        packs.fail(tx, await tx.get_one(EvidencePack, pack_id, with_for_update=True), why)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
