"""Whose screens are alive in this process: told to the database, because the queue asks there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from console import clock
from console.audit import Entry
from console.db import Database, is_away
from console.inbox.screens import Screens
from console.render import fragment
from console.routing import views

log = structlog.get_logger()
TELL_EVERY = 20.0
"""Seconds between two signs of life of everybody who looks: one statement, whatever their number."""


class Attendance:
    """Notes who has a screen open here, and shows people how they stand to the queue."""

    def __init__(self, db: Database, screens: Screens) -> None:
        self._db = db
        self._screens = screens
        self._arrived = asyncio.Event()
        screens.on_arrival.append(lambda _agent_id: self._arrived.set())

    async def tell_for_ever(self) -> None:
        """Say at once who came, and every now and then who is still here."""
        while True:
            try:
                async with asyncio.timeout(TELL_EVERY):
                    await self._arrived.wait()
            except TimeoutError:
                pass
            self._arrived.clear()
            await self.tell()

    async def tell(self) -> None:
        """Note a sign of life for everybody whose screen is open. A database that is away is told the next time."""
        here = set(self._screens.by_agent)
        if not here:
            return
        try:
            await views.note_here(self._db, here, clock.now())
        except Exception as failure:
            if not is_away(failure):
                raise
            log.warning("attendance.not_told", reason=type(failure).__name__)

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Whoever's state changed sees it on all their screens."""
        changed = {_agent_in(entry) for entry in entries if entry.action == "presence.changed"}
        changed &= self._screens.by_agent.keys()
        if not changed:
            return
        async with self._db.reading() as tx:
            mine = {number: await views.own_state(tx, number) for number in changed}
        for number, state in mine.items():
            for screen in self._screens.by_agent.get(number, ()):
                screen.put("own-state", fragment("routing/_own_state.html", reader=screen.language, state=state))


def _agent_in(entry: Entry) -> int:
    return int((entry.subject or "agent:0").removeprefix("agent:"))
