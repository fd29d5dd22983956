"""A process that lets scheduled messages leave, at a moment it is given: a worker, without the rest of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from console import audit, clock
from console.db import Database
from console.scheduling import running
from tests.conftest import SECRET_KEY
from tests.front import settings_for


async def work(url: str, moment: datetime) -> None:
    """Until nothing is due."""
    clock.set_source(lambda: moment)
    database = Database(url, seal=audit.sealer(SECRET_KEY))
    try:
        await running.round_of(database, settings_for(url, Path()))
    finally:
        await database.close()


def main(arguments: list[str]) -> None:
    """The process: the database, and what time it is."""
    asyncio.run(work(arguments[0], datetime.fromisoformat(arguments[1])))
