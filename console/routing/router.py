"""The loop that gives out the queues: woken by what happens, and looking by itself every two seconds.

All it knows is in rows, so any number of processes may run it beside each other and none has to end in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from zoneinfo import ZoneInfo

import structlog

from console import clock, pacing
from console.audit import Entry
from console.db import Database, Tx
from console.routing import availability, mending, serve, waiting

log = structlog.get_logger()
LOOK_EVERY = 2.0
"""Seconds without news after which the queues are looked at all the same: well within the five that are promised."""
BREATH = 0.05
"""Seconds that news is let gather: a burst of messages is one look."""
FADE_EVERY, MEND_EVERY = 10.0, 30.0
_WAKES = frozenset(
    {
        "conversation.created",
        "conversation.reopened",
        "conversation.released",
        "conversation.resolved",
        "conversation.snoozed",
        "conversation.transferred",
        "conversation.assigned",
        "message.queued",
        "presence.changed",
        "routing.updated",
        "agent.created",
        "agent.disabled",
        "hours.updated",
    }
)


class Router:
    """Gives out what waits, whenever somebody may have become free or something came in."""

    def __init__(self, db: Database, zone: ZoneInfo) -> None:
        self._db = db
        self._zone = zone
        self.awake = asyncio.Event()
        self._faded_at = self._mended_at = 0.0

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Something happened: look, if it can matter to a queue."""
        if any(entry.action in _WAKES for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Give out until `stop`."""
        while not stop.is_set():
            await self.look()
            await self._wait(stop)

    async def look(self) -> int:
        """Mend, let fade and give out once; say how many conversations were given."""
        await self._sometimes()
        given = 0
        async with self._db.reading() as tx:
            teams = await waiting.teams_with_a_queue(tx)
            now = clock.now()
            wanted = [team_id for team_id in sorted(teams) if await serve.could_give(tx, team_id, moment=now)]
        for team_id in wanted:
            given += await self._drain(team_id)
        return given

    async def _drain(self, team_id: int) -> int:
        """Until nothing is left to give, a transaction at a time."""
        given = 0
        while True:
            async with self._db.transaction() as tx:
                now = await serve.drain(tx, team_id, moment=clock.now(), zone=self._zone)
            given += now
            if now < serve.AT_ONCE:
                return given

    async def _sometimes(self) -> None:
        """What need not be looked at each time; the write is opened only when there is something to write."""
        now = asyncio.get_running_loop().time()
        if now - self._faded_at >= FADE_EVERY:
            self._faded_at = now
            await self._if(lambda tx: availability.silent_now(tx, moment=clock.now()), self._fade)
            await self._if(lambda tx: mending.left_waiting(tx, moment=clock.now()), self._give_back)
        if now - self._mended_at >= MEND_EVERY:
            self._mended_at = now
            await self._if(mending.lost, self._mend)

    async def _if(self, is_so: Callable[[Tx], Awaitable[object]], do: Callable[[Tx], Awaitable[int]]) -> None:
        async with self._db.reading() as tx:
            found = await is_so(tx)
        if found:
            async with self._db.transaction() as tx:
                await do(tx)

    async def _fade(self, tx: Tx) -> int:
        return await availability.fade(tx, moment=clock.now())

    async def _give_back(self, tx: Tx) -> int:
        return await mending.give_back(tx, moment=clock.now())

    async def _mend(self, tx: Tx) -> int:
        if mended := await mending.mend(tx):
            log.warning("queue.mended", conversations=mended)
        return mended

    async def _wait(self, stop: asyncio.Event) -> None:
        await pacing.news(stop, self.awake, within=LOOK_EVERY)
        if self.awake.is_set():
            await asyncio.sleep(BREATH)
            self.awake.clear()
