"""The clock of scheduled messages: looks every second, one message a transaction, beside any number of others."""

from __future__ import annotations

import asyncio

from console import clock
from console.db import Database
from console.failpoints import failpoint
from console.pacing import pause
from console.scheduling import leaving
from console.scheduling.filling import House
from console.settings import Settings

LOOK_EVERY = 1.0


async def run(db: Database, settings: Settings, stop: asyncio.Event) -> None:
    """Let scheduled messages leave, or say why they do not, until `stop`."""
    while not stop.is_set():
        await round_of(db, settings)
        await pause(stop, LOOK_EVERY)


async def round_of(db: Database, settings: Settings) -> None:
    """All that is due now, as far as no other process has it."""
    house = House.of(settings)
    while await db.read(lambda tx: leaving.is_due(tx, clock.now())):
        async with db.transaction() as tx:
            if not await leaving.turn(tx, clock.now(), house=house):
                return
            failpoint("schedule.decided")
        failpoint("schedule.left")
