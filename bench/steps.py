"""What each step of the way costs by itself, in one process with nobody beside it: the store, and the screens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from sqlalchemy import Engine, event

from bench import stands
from bench.bodies import Writer
from bench.report import latency, table
from bench.scenarios import Bench, Scenario, Section
from bench.stands import Stand
from console import audit, drivers
from console.agents import Role, Viewer
from console.audit import Entry
from console.db import Database
from console.inbox import ingest
from console.inbox.listing import Listing
from console.inbox.pushes import Pushes
from console.inbox.screens import Screen, Screens

SIZES = (1, 10, 50, 200)
MESSAGES_EACH = 2_000
_HEADER = ["step", "batch", "statements", "CPU µs/batch", "CPU µs/message", "wall ms p50/p99"]


class Stopwatch:
    """Wall and processor time of steps, and the statements they sent."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self.cpus: list[float] = []
        self.statements = 0
        event.listen(Engine, "before_cursor_execute", self._count)
        drivers.listeners.append(self._count)

    def _count(self, *_of: object) -> None:
        self.statements += 1

    async def time(self, step: Callable[[], Awaitable[object]]) -> None:
        """Take one step."""
        wall, cpu = time.perf_counter(), time.process_time()
        await step()
        self.walls.append(time.perf_counter() - wall)
        self.cpus.append(time.process_time() - cpu)

    def line(self, name: str, batch: int) -> list[str]:
        """What it showed after the first steps. Processor time is that of an undisturbed step: the fastest tenth."""
        wall = latency(self.walls[len(self.walls) // 10 :])
        each = sorted(self.cpus)[len(self.cpus) // 10]
        return [
            name,
            str(batch),
            f"{self.statements / len(self.walls):.1f}",
            f"{each * 1e6:,.0f}",
            f"{each / batch * 1e6:,.0f}",
            f"{wall.p50:.2f} / {wall.p99:.2f}",
        ]


def steps(bench: Bench) -> Iterator[Section]:
    """One batch through the store, and one through the screens, by size of the batch."""
    del bench
    for kind in stands.KINDS:
        with stands.prepared(kind) as stand:
            lines = asyncio.run(_steps(stand))
        yield Section(f"{kind} steps", table(f"{kind}: the steps", _HEADER, lines), {"lines": lines})


async def _steps(stand: Stand) -> list[list[str]]:
    told: list[Sequence[Entry]] = []
    db = Database(stand.settings.database_url, seal=audit.sealer(stand.settings.secret_key), tell=told.append)
    writer, debtors, first = Writer(stand.scene), stand.scene.debtors, 1
    lines: list[list[str]] = []
    try:
        for size in SIZES:
            bodies = [
                writer.message(n, debtors[n % len(debtors)]).partition(b"\r\n\r\n")[2]
                for n in range(first, first + MESSAGES_EACH)
            ]
            first += MESSAGES_EACH
            told.clear()
            watch = Stopwatch()
            for at in range(0, min(len(bodies), size * 200), size):
                batch = bodies[at : at + size]
                await watch.time(lambda batch=batch: ingest.store(db, batch))  # type: ignore[misc]
            lines.append(watch.line("store", size))
            lines.append(await _shown(db, stand, told[:200], size))
    finally:
        await db.close()
    return lines


async def _shown(db: Database, stand: Stand, told: list[Sequence[Entry]], size: int) -> list[str]:
    """The same entries shown to all seats, frames made but written nowhere."""
    screens = Screens()
    pushes = Pushes(db, screens, stand.settings.zone)
    written: list[str] = []

    async def write(frame: str) -> None:
        written.append(frame)

    for number, seat in enumerate(stand.scene.seats):
        role, teams = (Role.ADMIN, frozenset[int]()) if seat.team < 0 else (Role.AGENT, frozenset({seat.team + 2}))
        screen = Screen(Viewer(id=number + 1, name="Agente", role=role, team_ids=teams), write)
        screen.listing = Listing(view=seat.view)
        screens.add(screen)
        screens.turn_to(screen, seat.open)
    watch = Stopwatch()
    for entries in told:
        await watch.time(lambda entries=entries: pushes.follow(entries))  # type: ignore[misc]
        for screen in screens.all:
            screen._frame()  # noqa: SLF001 what waits is taken, as the writers would
    return watch.line("screens", size)


SCENARIOS: dict[str, Scenario] = {"steps": steps}
