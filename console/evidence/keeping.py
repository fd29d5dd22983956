"""Copies of the seals where whoever holds the database cannot reach: a file elsewhere, the mail of a third person.

What keeps a copy is a Witness. What a time-stamping authority says of a seal stands beside it: console.evidence.stamps
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import select

from console import clock
from console.db import Database
from console.evidence import seals
from console.evidence.keys import signer_of
from console.evidence.seals import Seal, Sealed, SealKeeper
from console.settings import Settings
from integrations import mail

log = structlog.get_logger()


class Witness(Protocol):
    """Somebody who keeps copies. `place` is its row in seal_keeper, `every` the least time between two copies."""

    place: str
    every: timedelta

    async def keep(self, sealed: Sequence[Sealed]) -> None:
        """Keep these, oldest first. Raises OSError when it can't: they come again."""


class File:
    """One JSON object a line, at the end of a file: on another machine's disk, or where only appending is allowed."""

    place = "file"
    every = timedelta()

    def __init__(self, path: Path) -> None:
        self._path = path

    async def keep(self, sealed: Sequence[Sealed]) -> None:
        """Append, and let go only once the disk has it. A repeated seal does no harm."""
        await asyncio.to_thread(self._append, b"".join(msgspec.json.encode(seal) + b"\n" for seal in sealed))

    def _append(self, lines: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


class Letter:
    """The newest seal by mail, once a day, to somebody who is not in charge of the database."""

    place = "mail"
    every = timedelta(days=1)

    def __init__(self, post: mail.Post, to: str, company: str) -> None:
        self._post, self._to, self._company = post, to, company

    async def keep(self, sealed: Sequence[Sealed]) -> None:
        """The last of them: it signs for all before it."""
        newest = sealed[-1]
        text = (
            f"El historial de {self._company} quedó sellado hasta la entrada {newest.last} ({newest.at}).\n\n"
            "Guarde este mensaje: si alguien cambia el historial, lo delata.\n"
            "Se comprueba con: aldia audit verify --seals ARCHIVO, con la línea de abajo en el archivo.\n\n"
            f"{msgspec.json.encode(newest).decode()}\n"
        )
        subject = f"Sello {newest.number} del historial de {self._company}"
        await asyncio.to_thread(self._post.send, to=self._to, subject=subject, text=text)


def witnesses_of(settings: Settings) -> list[Witness]:
    """Who keeps copies, by the configuration."""
    found: list[Witness] = []
    if settings.seal_file is not None:
        found.append(File(settings.seal_file))
    if settings.smtp_url is not None and settings.seal_mail is not None:
        found.append(Letter(mail.post_of(settings.smtp_url, settings.mail_from), settings.seal_mail, settings.company))
    return found


async def seal_and_keep(db: Database, settings: Settings) -> None:
    """Seal what is not sealed yet, and hand every witness what it has not seen. What fails is tried next time."""
    made = await seals.seal_up(db, signer_of(settings.secret_key), clock.now())
    if made:
        log.info("history.sealed", seals=made)
    for witness in witnesses_of(settings):
        try:
            await hand_over(db, witness, clock.now())
        except OSError as failure:
            log.warning("history.seal_not_kept", place=witness.place, reason=type(failure).__name__)


async def hand_over(db: Database, witness: Witness, moment: datetime) -> int:
    """Give `witness` the seals it has not kept yet; says how many. It gets one twice rather than never."""
    async with db.reading() as tx:
        keeper = await tx.get_one(SealKeeper, witness.place)
        waits = keeper.at is not None and moment < keeper.at + witness.every
        rows = [] if waits else list(await tx.scalars(select(Seal).where(Seal.id > keeper.seal_id).order_by(Seal.id)))
    if not rows:
        return 0
    await witness.keep([seals.plainly(row) for row in rows])
    async with db.transaction() as tx:
        keeper = await tx.get_one(SealKeeper, witness.place, with_for_update=True)
        keeper.seal_id, keeper.at = max(keeper.seal_id, rows[-1].id), moment
    return len(rows)


def read_kept(path: Path) -> list[Sealed]:
    """The seals of a file that a witness wrote. Raises ValueError naming the line that is no seal."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line, type=Sealed))
        except msgspec.DecodeError as wrong:
            raise ValueError(f"la línea {number} no es un sello") from wrong
    return found
