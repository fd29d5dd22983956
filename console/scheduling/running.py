"""The clock of scheduled messages: looks every second, one message a transaction, beside any number of others."""

from __future__ import annotations

import asyncio

from console import clock
from console.db import Database
from console.pacing import pause
from console.scheduling import later
from console.settings import Settings

LOOK_EVERY = 1.0


async def run(db: Database, settings: Settings, stop: asyncio.Event) -> None:
    """Let scheduled messages leave, or say why they do not, until `stop`."""
    while not stop.is_set():
        while await db.read(lambda tx: later.is_due(tx, clock.now())):
            async with db.transaction() as tx:
                if not await later.turn(tx, clock.now(), zone=settings.timezone, country=settings.country):
                    break
        await pause(stop, LOOK_EVERY)
