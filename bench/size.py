"""Whether a webhook, a list and a thread cost the same when a million messages are stored."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import delete, event, update

from bench import million, scene, seed, stands
from bench.orders import Run
from bench.processes import free_port
from bench.report import COLUMNS, Latency, Result, latency, line, table
from bench.scenarios import Bench, Scenario, Section
from bench.seed import Shape
from bench.stands import Crowd, Stand
from console import audit, clock
from console.agents import Role, Viewer
from console.db import Database, Tx
from console.inbox import lists, queries, threads
from console.inbox.listing import Listing, now_in
from console.reports.models import ReportCursor
from console.search.models import SearchProgress
from console.settings import load

SMALL = Shape()
ASKED = 300
RATE = 1000.0
ROUNDS = 3
_AGENT = Viewer(id=1, name="Agente", role=Role.AGENT, team_ids=frozenset({2}))
_ADMIN = Viewer(id=100, name="Administradora", role=Role.ADMIN, team_ids=frozenset())


def growth(bench: Bench) -> Iterator[Section]:
    """The same rate on an empty and on a full database, in turns, so that a busy minute disturbs both."""
    for kind in stands.KINDS:
        found: dict[str, list[Result]] = {"empty": [], "full, 2,000 write": [], "full, all write": []}
        with contextlib.ExitStack() as stack:
            empty = stack.enter_context(_crowd(stack.enter_context(stands.prepared(kind))))
            full_stand = stack.enter_context(full(bench, kind))
            crowded = stack.enter_context(_crowd(full_stand))
            for _ in range(ROUNDS):
                phases = [(RATE, bench.length.rate)]
                found["empty"].append(empty.run(Run(phases=phases)))
                found["full, 2,000 write"].append(crowded.run(Run(phases=phases, debtors=SMALL.conversations)))
                found["full, all write"].append(crowded.run(Run(phases=phases)))
            pages = _pages(full_stand)
            sql = asyncio.run(_in_sql(full_stand))
        costs = {name: statistics.median(map(_cost, results)) for name, results in found.items()}
        messages, conversations = _size(bench)
        title = (
            f"{kind}: {messages:,} messages in {conversations:,} conversations: a webhook costs "
            f"{costs['full, 2,000 write'] / costs['empty']:.2f} times what it does in an empty one, "
            f"{costs['full, all write'] / costs['empty']:.2f} times when everybody writes (server and database)"
        )
        lines = [line(name, result) for name, results in found.items() for result in results]
        rows = [[name, *_cells(times), *_cells(sql.get(name))] for name, times in pages.items()]
        header = ["reading the full one", "page p50/p99/most ms", "its SQL p50/p99/most ms"]
        data: dict[str, Any] = {"runs": found, "costs": costs, "pages": pages, "sql": sql}
        yield Section(f"{kind} growth", table(title, COLUMNS, lines) + table("", header, rows), data)


@contextlib.contextmanager
def _crowd(stand: Stand) -> Iterator[Crowd]:
    with stands.product(stand), stand.crowd() as crowd:
        crowd.at(300, 1.0)
        yield crowd


def _cost(result: Result) -> float:
    return (result.cpu_seconds + result.database_cpu_seconds) / result.deliveries


def _cells(found: Latency | None) -> list[str]:
    return [f"{found.p50:.1f} / {found.p99:.1f} / {found.most:.1f}" if found else ""]


def _size(bench: Bench) -> tuple[int, int]:
    """Messages and conversations: a tenth for a short form."""
    share = 1 if bench.length.is_long else 10
    return million.MESSAGES // share, million.CONVERSATIONS // share


@contextlib.contextmanager
def full(bench: Bench, kind: str) -> Iterator[Stand]:
    """A stand with many messages; SQLite's is made once and kept."""
    messages, conversations = _size(bench)
    shape = Shape(conversations=conversations)
    if kind == "postgres":
        with stands.prepared(kind, shape) as stand:
            asyncio.run(million.fill_postgres(stand.settings, stand.scene, messages))
            asyncio.run(_followed(stand))
            yield stand
        return
    kept = stands.ROOT / "var" / "bench" / f"{messages}-{_fingerprint()}"
    if not kept.exists():
        with stands.prepared(kind, shape) as stand:
            million.fill_sqlite(stand.settings, stand.scene, messages)
            kept.mkdir(parents=True)
            for name in ("aldia.db", "scene.json"):
                shutil.copyfile(stand.folder / name, kept / name)
    with stands.scratch() as folder:
        yield _copy(kept, folder)


def _copy(kept: Path, folder: Path) -> Stand:
    shutil.copyfile(kept / "aldia.db", folder / "aldia.db")
    port = free_port()
    settings = load(stands.environ(f"sqlite+aiosqlite:///{folder}/aldia.db", port), dotenv=folder / "none")
    found = scene.load(kept / "scene.json")
    found.database, found.ports, found.origin = str(folder / "aldia.db"), [port], settings.base_url
    asyncio.run(seed.renew_sessions(settings))
    stand = Stand(folder, settings, found)
    asyncio.run(_followed(stand))
    return stand


async def _followed(stand: Stand) -> None:
    """As after months of service: search and reports have read what is there; reading it anew is another bench."""
    db = Database(stand.settings.database_url)
    try:
        async with db.transaction() as tx:
            head = await audit.head_of(tx)
            await tx.execute(
                update(SearchProgress).values(history=head, fill_from=0, fill_below=None, people_after=None)
            )
            await tx.execute(delete(ReportCursor))
            tx.add(ReportCursor(id=1, entry_id=head, zone=stand.settings.zone.key, next_close_at=None))
    finally:
        await db.close()


def _fingerprint() -> str:
    """Another schema or other rows need another copy."""
    files = [*sorted((stands.ROOT / "console/migrations/versions").glob("*.py")), Path(million.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in [*files, Path(seed.__file__)])).hexdigest()[:12]


def _pages(stand: Stand) -> dict[str, Latency]:
    """Whole pages over HTTP, one after the other."""
    agent, admin = stand.scene.seats[0], stand.scene.seats[-1]
    asked = {
        "all, administrator": (admin.cookie, "/inbox?view=all"),
        "unassigned, agent": (agent.cookie, "/inbox?view=unassigned"),
        "mine, agent": (agent.cookie, "/inbox?view=mine"),
        "late, administrator": (admin.cookie, "/inbox?view=target_late"),
        "closing, administrator": (admin.cookie, "/inbox?view=window_closing"),
        "promised for today, administrator": (admin.cookie, "/inbox?view=promises_due"),
        "thread": (agent.cookie, f"/inbox/{agent.open}"),
        "thread, from the list": (agent.cookie, f"/inbox/{agent.open}"),
    }
    found = {}
    for name, (cookie, path) in asked.items():
        headers = {"cookie": cookie} | ({"hx-request": "true"} if name.endswith("from the list") else {})
        with httpx.Client(base_url=stand.scene.origin, headers=headers, trust_env=False) as client:
            for _ in range(5):
                client.get(path).raise_for_status()
            found[name] = latency([_timed(client, path) for _ in range(ASKED)])
    return found


def _timed(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


async def _in_sql(stand: Stand) -> dict[str, Latency]:
    """The same reading, counting only the time between a statement's start and its end."""
    db = Database(stand.settings.database_url)
    opened = stand.scene.seats[0].open or 0

    async def thread(tx: Tx) -> None:
        conversation = await queries.open_conversation(tx, _ADMIN, opened)
        await threads.thread_page(tx, conversation)

    def view(viewer: Viewer, name: str) -> Callable[[Tx], Awaitable[object]]:
        now = now_in(stand.settings.zone, clock.now())
        return lambda tx: lists.inbox_rows(tx, viewer, Listing(view=name), now=now, version=0)

    try:
        return {
            "all, administrator": await _spent(db, view(_ADMIN, "all")),
            "unassigned, agent": await _spent(db, view(_AGENT, "unassigned")),
            "mine, agent": await _spent(db, view(_AGENT, "mine")),
            "late, administrator": await _spent(db, view(_ADMIN, "target_late")),
            "closing, administrator": await _spent(db, view(_ADMIN, "window_closing")),
            "promised for today, administrator": await _spent(db, view(_ADMIN, "promises_due")),
            "thread": await _spent(db, thread),
        }
    finally:
        await db.close()


async def _spent(db: Database, work: Callable[[Tx], Awaitable[object]]) -> Latency:
    clock = {"began": 0.0, "spent": 0.0}

    def begin(*_of: object) -> None:
        clock["began"] = time.perf_counter()

    def end(*_of: object) -> None:
        clock["spent"] += time.perf_counter() - clock["began"]

    event.listen(db.reader.sync_engine, "before_cursor_execute", begin)
    event.listen(db.reader.sync_engine, "after_cursor_execute", end)
    times = []
    for _ in range(ASKED):
        clock["spent"] = 0.0
        async with db.reading() as tx:
            await work(tx)
        times.append(clock["spent"])
    event.remove(db.reader.sync_engine, "before_cursor_execute", begin)
    event.remove(db.reader.sync_engine, "after_cursor_execute", end)
    return latency(times[5:])


SCENARIOS: dict[str, Scenario] = {"growth": growth}
