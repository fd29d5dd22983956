"""Whether a file may be opened, by anybody, by any door: the one place that decides it.

Where a scanner is connected only what it found clean opens; what it has not seen yet is as closed as what it found to
be infected. Where none is, nothing is known of any file, and all open but those that one found infected before.
"""

from __future__ import annotations

import enum
from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from console.db import Tx, says
from console.errors import Refused
from console.languages.words import Words
from console.scanning.models import ScannedFile, Verdict

_AT_ONCE = 500


class Closed(enum.StrEnum):
    """Why a file may not be opened, as its state is shown."""

    CHECKING = "checking"
    QUARANTINED = "quarantined"


REFUSALS = {
    Closed.CHECKING: Words("El archivo se está revisando con el antivirus. Se podrá abrir en cuanto termine."),
    Closed.QUARANTINED: Words("El antivirus retuvo este archivo: nadie puede abrirlo ni enviarlo."),
}


def scans(tx: Tx) -> bool:
    """Whether a scanner is connected (console.db is told so at the start)."""
    return bool(tx.info.get("scans"))


def why_closed(verdict: str | None, *, scans: bool) -> Closed | None:
    """Why a file with this verdict (None: nobody asked for one) may not be opened; None when it may."""
    if verdict == Verdict.INFECTED:
        return Closed.QUARANTINED
    return Closed.CHECKING if scans and verdict != Verdict.CLEAN else None


def is_open(tx: Tx, sha256: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """`why_closed` as a condition on a column of hashes."""
    of = exists().where(ScannedFile.sha256 == sha256)
    if scans(tx):
        return of.where(says(ScannedFile.verdict, Verdict.CLEAN))
    return ~of.where(says(ScannedFile.verdict, Verdict.INFECTED))


async def closed(tx: Tx, hashes: Collection[str | None]) -> dict[str, Closed]:
    """Which of these files may not be opened, and why."""
    wanted = sorted({each for each in hashes if each})
    known: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = ScannedFile.sha256.in_(wanted[start : start + _AT_ONCE])
        known |= dict((await tx.execute(select(ScannedFile.sha256, ScannedFile.verdict).where(part))).all())
    why = {each: why_closed(known.get(each), scans=scans(tx)) for each in wanted}
    return {each: reason for each, reason in why.items() if reason is not None}


async def require_open(tx: Tx, sha256: str | None) -> None:
    """Refuses 409 "checking" and 403 "quarantined"."""
    why = (await closed(tx, [sha256])).get(sha256 or "")
    if why is not None:
        raise Refused(409 if why is Closed.CHECKING else 403, REFUSALS[why], code=why)


async def require_sendable(tx: Tx, sha256: str | None, *, field: str) -> None:
    """Refuses 422 "quarantined", naming `field`. What is being checked may be queued: it leaves when it is clean."""
    if (await closed(tx, [sha256])).get(sha256 or "") is Closed.QUARANTINED:
        raise Refused(422, REFUSALS[Closed.QUARANTINED], code=Closed.QUARANTINED, field=field)
