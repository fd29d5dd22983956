"""The open screens of this process: who looks at what, and what waits to be written to each.

Every screen has one bounded pile of fragments and one writer. A fragment waiting under the same id is replaced, so a
slow screen gets the newest state, never a backlog; one that falls too far behind is told to read the page again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable

import msgspec

from console import metrics
from console.agents import Viewer
from console.inbox.listing import Listing
from console.languages.readers import SPANISH
from console.supervision.views import Asked

# A frame is written at once when the last one is this long ago; else fragments wait and share one.
BREATH = 0.02
# When many rows move at once nobody reads them one by one: fewer, fuller frames, and only the newest rows.
FLOOD_ROWS = 30
FLOOD_BREATH = 0.25
CALM = 1.0
# Fragments that may wait for one screen before it must read the page again.
WAITING = 400
SEND_SECONDS = 5.0
COUNTS_EVERY = 0.25

SIGN_IN_AGAIN = 4401
TOO_MANY = 4429
COME_AGAIN = 1013
SCREENS_PER_AGENT = 20

Write = Callable[[str], Awaitable[None]]


class Screen:
    """One browser tab: the viewer behind it, the list and conversation it shows, and what waits for it."""

    # There are thousands: without a dictionary for each.
    __slots__ = (
        "_arrived_at",
        "_awake",
        "_behind",
        "_extra",
        "_fragments",
        "_frames",
        "_head",
        "_reload",
        "_remove",
        "_rows",
        "_write",
        "_wrote_at",
        "bot",
        "caught_up",
        "closing",
        "floor",
        "greeted",
        "language",
        "listing",
        "on_lost",
        "open",
        "owes_counts",
        "seen_typing",
        "viewer",
    )

    def __init__(self, viewer: Viewer, write: Write) -> None:
        self.viewer = viewer
        self.listing = Listing()
        self.language = SPANISH  # of the page, which is not always its reader's: not every page is translated
        self.open: int | None = None
        self.greeted = False
        self.caught_up = False
        self.closing: int | None = None
        self.seen_typing = False
        self.owes_counts = False
        self.floor: Asked | None = None  # what of the floor it shows, instead of a list
        self.bot: int | None = None  # the dialogue open on the bot's page (0: none), where it shows that one
        self.on_lost: Callable[[int], None] = lambda _conversation_id: None
        self._write = write
        self._fragments: dict[str, str] = {}
        self._rows: dict[int, str] = {}
        self._remove: dict[str, None] = {}
        self._reload: dict[str, None] = {}
        self._extra: dict[str, object] = {}
        self._head = 0
        self._frames = 0
        self._awake = asyncio.Event()
        self._behind = False
        self._wrote_at = 0.0
        self._arrived_at = 0.0

    @property
    def shows_list(self) -> bool:
        """Whether lines and counters mean something to it: the floor and the bot's page have none."""
        return self.floor is None and self.bot is None

    def put(self, key: str, fragment: str) -> None:
        """Let `fragment` be shown; an older one under the same key is no longer wanted."""
        self._remove.pop(key, None)
        self._fragments.pop(key, None)
        self._fragments[key] = fragment
        if len(self._fragments) > WAITING:
            self._fragments.clear()
            self.reload("list", "pane", "counts")
        self._wake()

    def put_row(self, conversation_id: int, fragment: str) -> None:
        """Let a line of the list be shown. In a flood only the newest lines are worth writing."""
        self._remove.pop(f"row-{conversation_id}", None)
        self._rows.pop(conversation_id, None)
        self._rows[conversation_id] = fragment
        while len(self._rows) > FLOOD_ROWS:
            gone = next(iter(self._rows))
            del self._rows[gone]
            self._behind = True
        self._wake()

    def remove_row(self, conversation_id: int) -> None:
        """Let a line of the list disappear."""
        self._rows.pop(conversation_id, None)
        self.remove(f"row-{conversation_id}")

    def remove(self, key: str) -> None:
        """Let what is shown under `key` disappear."""
        self._fragments.pop(key, None)
        self._remove[key] = None
        self._wake()

    def reload(self, *parts: str) -> None:
        """Ask the page to read these parts again."""
        self._reload.update(dict.fromkeys(parts))
        self._wake()

    def say(self, **control: object) -> None:
        """Add to the next frame's control line."""
        self._extra.update(control)
        self._wake()

    def advance(self, head: int) -> None:
        """Everything up to this entry of the history is shown or waits to be."""
        self._head = max(self._head, head)

    def begin_again(self, head: int) -> None:
        """Have the page read all of itself, which is of a history that is no more; it goes on from entry `head`."""
        self._head = head
        self.reload("list", "pane", "counts")

    def close(self, code: int) -> None:
        """Hang up with this code once what waits is written."""
        self.closing = code
        self._awake.set()

    def _wake(self) -> None:
        if not self._arrived_at:
            self._arrived_at = time.perf_counter()
        self._awake.set()

    async def write_for_ever(self) -> int:
        """Write what waits, until told to close; returns the close code. A screen that doesn't read is hung up on."""
        while True:
            if self._behind:
                await self._until_calm()
            else:
                await self._awake.wait()
            if self.closing is None:
                await self._take_breath()
            self._awake.clear()
            frame = self._frame()
            if frame is not None:
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await self._write(frame)
                except TimeoutError:
                    return COME_AGAIN
                self._wrote_at = time.perf_counter()
                metrics.frames_pushed_total.inc()
            if self.closing is not None:
                return self.closing

    async def _until_calm(self) -> None:
        """After a flood: until something waits again, or it is calm enough to read the list anew."""
        try:
            async with asyncio.timeout(CALM):
                await self._awake.wait()
        except TimeoutError:
            self._behind = False
            self.reload("list")

    async def _take_breath(self) -> None:
        wanted = FLOOD_BREATH if len(self._rows) >= FLOOD_ROWS // 2 else BREATH
        left = wanted - (time.perf_counter() - self._wrote_at)
        if left > 0:
            await asyncio.sleep(left)

    def _frame(self) -> str | None:
        if not (self._fragments or self._rows or self._remove or self._reload or self._extra):
            return None
        # Before it has caught up a page must not believe that it has: cut then, it asks again from where it stood.
        control: dict[str, object] = ({"head": self._head} if self.caught_up else {}) | self._extra
        # Numbered, so that a page notices at the next frame when one was lost on the way.
        self._frames += 1
        control["n"] = self._frames
        if self._remove:
            control["remove"] = list(self._remove)
        if self._reload:
            control["reload"] = list(self._reload)
        frame = "\n".join([msgspec.json.encode(control).decode(), *self._rows.values(), *self._fragments.values()])
        for pile in (self._fragments, self._rows, self._remove, self._reload, self._extra):
            pile.clear()
        if self._arrived_at:
            metrics.screen_seconds.observe(time.perf_counter() - self._arrived_at)
            self._arrived_at = 0.0
        return frame


class Screens:
    """All screens of this process, found by team, by agent and by the conversation they show."""

    def __init__(self) -> None:
        self.all: set[Screen] = set()
        self.by_agent: dict[int, set[Screen]] = defaultdict(set)
        self.by_team: dict[int, set[Screen]] = defaultdict(set)
        self.by_open: dict[int, set[Screen]] = defaultdict(set)
        self.unbound: set[Screen] = set()
        self.lines: Counter[int] = Counter()
        self.on_arrival: list[Callable[[int], None]] = []

    def add(self, screen: Screen) -> None:
        """Begin to push to `screen`; whoever waits for arrivals hears whose it is."""
        self.all.add(screen)
        for hear in self.on_arrival:
            hear(screen.viewer.id)
        self._index(screen)
        metrics.live_sockets.inc()

    def remove(self, screen: Screen) -> None:
        """Stop pushing to `screen`. One that never greeted may have opened something all the same."""
        self._forget(screen)
        if screen in self.all:
            self.all.discard(screen)
            metrics.live_sockets.dec()

    def begin_again(self, head: int) -> None:
        """The history went back to entry `head`."""
        for screen in self.all:
            screen.begin_again(head)

    def turn_to(self, screen: Screen, conversation_id: int | None) -> None:
        """`screen` now shows this conversation (None: none)."""
        if screen.open is not None:
            self._drop(self.by_open, screen.open, screen)
        screen.open = conversation_id
        if conversation_id is not None:
            self.by_open[conversation_id].add(screen)

    def take_away(self, screen: Screen) -> None:
        """What `screen` has open is out of its viewer's reach now: it shows it no longer, and is not seen there."""
        lost = screen.open
        self.turn_to(screen, None)
        screen.reload("pane")
        if lost is not None:
            screen.on_lost(lost)

    def change_viewer(self, screen: Screen, viewer: Viewer) -> None:
        """The agent's role or teams changed: from now on the new ones decide."""
        self._forget(screen)
        screen.viewer = viewer
        self._index(screen)
        if screen.open is not None:
            self.by_open[screen.open].add(screen)

    def who_see(self, team_id: int, holder_id: int | None) -> set[Screen]:
        """The screens whose viewer may see a conversation of this team, held by this agent (policy.sees, indexed)."""
        seeing = self.unbound | self.by_team.get(team_id, set())
        return seeing | self.by_agent.get(holder_id, set()) if holder_id is not None else seeing

    def viewers(self) -> list[Viewer]:
        """Everybody who looks, once."""
        return list({screen.viewer.id: screen.viewer for screen in self.all}.values())

    def _index(self, screen: Screen) -> None:
        self.by_agent[screen.viewer.id].add(screen)
        if screen.viewer.sees_all:
            self.unbound.add(screen)
        for team_id in screen.viewer.team_ids:
            self.by_team[team_id].add(screen)

    def _forget(self, screen: Screen) -> None:
        self.unbound.discard(screen)
        self._drop(self.by_agent, screen.viewer.id, screen)
        for team_id in screen.viewer.team_ids:
            self._drop(self.by_team, team_id, screen)
        if screen.open is not None:
            self._drop(self.by_open, screen.open, screen)

    @staticmethod
    def _drop(index: dict[int, set[Screen]], key: int, screen: Screen) -> None:
        index[key].discard(screen)
        if not index[key]:
            del index[key]
