"""Keeping the floor live: read at most twice a second however much happens, and told only what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from console import clock
from console.agents import Viewer
from console.audit import Entry
from console.db import Database, Tx
from console.inbox import headers, policy
from console.inbox.redrawing import Redrawing
from console.inbox.screens import Screen, Screens
from console.render import fragment
from console.supervision.alerts import alerts_for
from console.supervision.floor import read_floor
from console.supervision.models import Whispered
from console.supervision.views import Asked

BREATH = 0.5
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
        self._page = Redrawing(screens, "floor", deed="watch_floor", breath=BREATH)

    def owe(self) -> None:
        """Somebody looks at the floor, or at another part of it."""
        self._page.owe()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Whispers go to the two they are between; floors are read anew, and taken from who may no longer look."""
        said = [entry for entry in entries if entry.action == "whisper.sent"]
        if said and self._screens.by_open:
            await self._tell_whispers(said)
        if self._page.watching():
            await self._show_bars({e.conversation_id for e in entries if e.action in _MOVES and e.conversation_id})
            self._page.owe()

    async def run_for_ever(self) -> None:
        """Read and tell what is owed; now and then also what only time has changed."""
        await self._page.run_for_ever(self.show)

    async def show(self) -> None:
        """One reading for all who look at the same, whatever their number."""
        groups: defaultdict[tuple[object, Asked], list[Screen]] = defaultdict(list)
        for screen in self._page.watching():
            if screen.floor is not None:
                scope = True if screen.viewer.sees_all else screen.viewer.team_ids
                groups[scope, screen.floor].append(screen)
        for (_scope, asked), screens in groups.items():
            async with self._db.reading() as tx:
                languages = {screen.language for screen in screens}
                parts = await parts_of(tx, screens[0].viewer, asked, languages)
            for screen in screens:
                self._page.tell(screen, parts[screen.language])

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
