"""Whether an SQLite file is what it was written as: a disk may give back other bytes than it took."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from console.db import Database
from console.settings import Settings

LOOKED_THROUGH_AT_START = 256_000_000
"""Bytes. A larger file is looked through at night: every page is read, which takes seconds for each gigabyte."""
DAMAGED = (
    "La base de datos está dañada ({what}): no se escribe más en ella. Guarde el archivo aparte"
    " y restaure la última copia con aldia restore."
)


async def damage(db: Database) -> str | None:
    """The first thing that is wrong with the file, as SQLite names it; None when all is well, and on PostgreSQL.

    PostgreSQL has page checksums of its own and refuses to read what fails them.
    """
    if not db.is_sqlite:
        return None
    try:
        async with db.reading() as tx:
            found = str(await tx.scalar(text("PRAGMA quick_check(1)")))
    except DatabaseError as failed:
        said = str(failed.orig)
        if "malformed" in said or "not a database" in said:
            return said
        raise
    return None if found == "ok" else " ".join(found.split())[:200]


def log_size(settings: Settings) -> int:
    """Bytes of the log that SQLite commits to and copies into the file as readers let it; 0 on PostgreSQL."""
    url = make_url(settings.database_url)
    log = Path(f"{url.database}-wal")
    return log.stat().st_size if url.get_backend_name() == "sqlite" and log.is_file() else 0


def is_quick(settings: Settings) -> bool:
    """Whether looking through the file holds up a start by no more than a moment."""
    path = Path(make_url(settings.database_url).database or "")
    return path.is_file() and path.stat().st_size <= LOOKED_THROUGH_AT_START
