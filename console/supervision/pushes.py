"""Keeping the floor live: read at most twice a second however much happens, and told only what changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence

import structlog

from console import clock
from console.agents import Viewer
from console.audit import Entry
from console.db import Database, Tx
from console.inbox import headers, policy
from console.inbox.screens import Screen, Screens
from console.render import fragment
from console.supervision.alerts import alerts_for
from console.supervision.floor import read_floor
from console.supervision.models import Whispered
from console.supervision.views import Asked

log = structlog.get_logger()
BREATH = 0.5
LOOK_EVERY = 15.0
"""Seconds after which the floor is read again though nothing happened: waiting grows by itself."""
_MOVES = frozenset({"conversation.assigned", "conversation.released", "conversation.resolved", "conversation.reopened"})


async def parts_of(
    tx: Tx, viewer: Viewer, asked: Asked, languages: Collection[str | None] = (None,)
) -> dict[str | None, dict[str, str]]:
    """The parts of the floor as fragments, by their ids: read once, written in each of `languages`.

    None is the language of the page that asks.
    """
    now = clock.now()
    floor = await read_floor(tx, viewer, asked, now)
    alerts = await alerts_for(tx, viewer, floor, now)
    return {
        reader: {
            "floor-totals": fragment("supervision/_totals.html", reader=reader, floor=floor),
            "floor-queues": fragment("supervision/_queues.html", reader=reader, floor=floor),
            "floor-agents": fragment("supervision/_agents.html", reader=reader, floor=floor),
            "floor-alerts": fragment("supervision/_alerts.html", reader=reader, alerts=alerts),
        }
        for reader in languages
    }


class FloorPushes:
    """Follows the history on behalf of the floors that are open in this process."""

    def __init__(self, db: Database, screens: Screens) -> None:
        self._db = db
        self._screens = screens
        self._owed = asyncio.Event()
        self._shown: defaultdict[Screen, dict[str, str]] = defaultdict(dict)

    def owe(self) -> None:
        """Somebody looks at the floor, or at another part of it."""
        self._owed.set()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Whispers go to the two they are between; floors are read anew, and taken from who may no longer look."""
        said = [entry for entry in entries if entry.action == "whisper.sent"]
        if said and self._screens.by_open:
            await self._tell_whispers(said)
        watching = self._watching()
        for screen in watching:
            self._let_go(screen)
        if any(screen.floor for screen in watching):
            await self._show_bars({e.conversation_id for e in entries if e.action in _MOVES and e.conversation_id})
            self._owed.set()

    def _watching(self) -> list[Screen]:
        return [screen for screen in self._screens.all if screen.floor is not None]

    def _let_go(self, screen: Screen) -> None:
        if not policy.may(screen.viewer, "watch_floor"):
            screen.floor = None
            self._shown.pop(screen, None)
            screen.reload("floor")

    async def run_for_ever(self) -> None:
        """Read and tell what is owed; now and then also what only time has changed."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._owed.wait()
            except TimeoutError:
                pass
            self._owed.clear()
            try:
                await self.show()
            except Exception:
                log.exception("floor.not_shown")
            await asyncio.sleep(BREATH)

    async def show(self) -> None:
        """One reading for all who look at the same, whatever their number."""
        groups: defaultdict[tuple[object, Asked], list[Screen]] = defaultdict(list)
        for screen in self._watching():
            self._let_go(screen)
            if screen.floor is not None:
                scope = True if screen.viewer.sees_all else screen.viewer.team_ids
                groups[scope, screen.floor].append(screen)
        for gone in self._shown.keys() - self._screens.all:
            del self._shown[gone]
        for (_scope, asked), screens in groups.items():
            async with self._db.reading() as tx:
                languages = {screen.language for screen in screens}
                parts = await parts_of(tx, screens[0].viewer, asked, languages)
            for screen in screens:
                for key, html in parts[screen.language].items():
                    if self._shown[screen].get(key) != html:
                        self._shown[screen][key] = html
                        screen.put(key, html)

    async def _show_bars(self, moved: set[int]) -> None:
        """Who has what a supervisor watches: the bar above it says so."""
        for number in moved & self._screens.by_open.keys():
            async with self._db.reading() as tx:
                for screen in self._screens.by_open[number]:
                    if screen.floor is not None:
                        header = await headers.header_of(tx, screen.viewer, number, clock.now())
                        screen.put(
                            f"watch-bar-{number}",
                            fragment("supervision/_watch_bar.html", reader=screen.language, header=header),
                        )

    async def _tell_whispers(self, entries: Sequence[Entry]) -> None:
        async with self._db.reading() as tx:
            for entry in entries:
                said = await tx.get(Whispered, int((entry.subject or "whisper:0").removeprefix("whisper:")))
                for screen in self._screens.by_open.get(entry.conversation_id or 0, ()) if said else ():
                    if said and policy.hears(screen.viewer, said.author_id, said.to_id):
                        screen.put(
                            f"whisper-{said.id}",
                            fragment("supervision/_whisper.html", reader=screen.language, said=said),
                        )
