"""The loop that draws the samples of the week that is over. Any number of processes may run it beside each other."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from console import clock
from console.db import Database
from console.pacing import pause
from console.portfolio.states import today_in
from console.quality import sampling
from console.quality.drawing import week_before

LOOK_EVERY = 900.0
"""Seconds: on Monday morning the samples are there before anybody is."""


async def run(db: Database, zone: ZoneInfo, stop: asyncio.Event) -> None:
    """Draw what is due, until `stop`."""
    while not stop.is_set():
        await draw_due(db, zone)
        await pause(stop, LOOK_EVERY)


async def draw_due(db: Database, zone: ZoneInfo) -> int:
    """Draw for everybody whose last week nobody has drawn, an agent in each transaction; say how many were picked."""
    week_on = week_before(today_in(zone, clock.now()))
    async with db.reading() as tx:
        due = await sampling.undrawn(tx, week_on, zone)
    picked = 0
    for worked in due:
        async with db.transaction() as tx:
            picked += await sampling.draw_for(tx, worked, week_on)
    return picked
