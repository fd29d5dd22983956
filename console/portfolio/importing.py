"""The loop that does what is asked of imports, in whichever process has time."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from console.db import Database
from console.pacing import news
from console.portfolio import imports
from console.portfolio.batches import BatchState, ImportBatch
from console.settings import Settings

LOOK_EVERY = 0.7
"""Seconds between looks, each of which is one step of an index: somebody watches a bar."""
WAKING = ("import.asked", "import.confirmed", "import.undo_asked")
"""What the history calls what is asked of imports."""


async def run(db: Database, settings: Settings, awake: asyncio.Event, stop: asyncio.Event) -> None:
    """Do what is asked until `stop`, whenever woken; what a process that died had begun is begun again."""
    await _link_what_was_left(db)
    await imports.tidy(db, settings)
    while not stop.is_set():
        awake.clear()
        for batch_id in await imports.asked_for(db):
            await imports.work(db, settings, batch_id)
        await news(stop, awake, within=LOOK_EVERY)


async def _link_what_was_left(db: Database) -> None:
    async with db.reading() as tx:
        left = select(ImportBatch.id).where(ImportBatch.state == BatchState.COMMITTED, ImportBatch.linked_at.is_(None))
        ids = list(await tx.scalars(left))
    for batch_id in ids:
        await imports.link_late(db, batch_id)
