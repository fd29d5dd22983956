"""What the subcommands of `aldia` share: settings, a database to work on, and how one fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from console import audit, settings
from console.db import Database
from console.settings import Settings

Result = TypeVar("Result")


class Failed(Exception):  # noqa: N818 read aloud, as one line
    """The command could not do what it was asked; the text says why and how to mend it."""


Loop = Callable[[], asyncio.AbstractEventLoop]


def run(work: Coroutine[Any, Any, Result], *, loop_factory: Loop | None = None) -> Result:
    """Run a subcommand's asynchronous part to its end; a database that cannot be used is said in one line."""
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(work)
    except DBAPIError as failed:
        # The dialect calls much of what a server says by one name; beneath it is the server's own.
        kind, said = type((failed.orig and failed.orig.__cause__) or failed.orig).__name__, str(failed.orig)
        if kind == "InvalidCatalogNameError":
            raise Failed("El servidor no tiene esa base de datos: créela, o revise ALDIA_DATABASE_URL.") from failed
        if "no such table" in said or "does not exist" in said:
            raise Failed("La base de datos no tiene las tablas de Al Día: ejecute primero aldia migrate.") from failed
        if "not a database" in said or "malformed" in said:
            raise Failed("El archivo no es una base de datos sana: restaure una copia con aldia restore.") from failed
        if "disk" in said:
            raise Failed(f"El disco de la base de datos está lleno o falla ({said}): haga espacio en él.") from failed
        if "unable to open" in said or "readonly" in said:
            raise Failed(f"No se puede abrir o escribir el archivo de la base de datos ({said}).") from failed
        raise Failed(f"La base de datos no respondió ({kind}): revise ALDIA_DATABASE_URL con aldia doctor.") from failed
    except TimeoutError as late:
        raise Failed("La base de datos no terminó a tiempo: intente otra vez con menos carga.") from late


@contextlib.asynccontextmanager
async def database(of: Settings | None = None) -> AsyncIterator[Database]:
    """The configured database, sealing the history, for as long as a subcommand needs it."""
    of = of or settings.load()
    db = Database(of.database_url, seal=audit.sealer(of.secret_key), scans=of.scanner is not None)
    try:
        yield db
    finally:
        await db.close()
