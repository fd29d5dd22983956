"""How long a search takes when a million messages are stored, and how fast its index is made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from bench import size, stands
from bench.report import Latency, latency, table
from bench.scenarios import Bench, Scenario, Section
from bench.stands import Stand
from console.agents import Role, Viewer
from console.db import Database
from console.search import finding
from console.search.feeder import Feeder
from console.search.models import SearchMessage
from console.search.searcher import Searcher
from console.search.words import read_query

ASKED = 60
_ADMIN = Viewer(id=100, name="Administradora", role=Role.ADMIN, team_ids=frozenset())
_AGENT = Viewer(id=1, name="Agente", role=Role.AGENT, team_ids=frozenset({2}))
_NOBODY = Viewer(id=9999, name="De otro equipo", role=Role.AGENT, team_ids=frozenset({9999}))
QUERIES: dict[str, tuple[Viewer, list[str]]] = {
    "a word of every third message": (_ADMIN, ["cuota", "banco", "gracias", "mañana"]),
    "two common words": (_ADMIN, ["cuota banco", "plazo gracias", "lunes cuenta"]),
    "a beginning (two letters)": (_ADMIN, ["cu", "pa", "de", "es"]),
    "a beginning (five letters)": (_ADMIN, ["depos", "const", "manan"]),
    "an operation number, once": (_ADMIN, [f"op{number:07}" for number in range(0, 999_000, 9_990)]),
    "a word nobody said": (_ADMIN, ["zanahoria", "qwertyuiop"]),
    "a common word, an agent's": (_AGENT, ["cuota", "banco", "gracias"]),
    "a common word, of which one sees nothing": (_NOBODY, ["cuota", "banco"]),
    "the end of a telephone": (_ADMIN, [f"{number:05}" for number in range(10_000, 99_000, 1_000)]),
}


def found(bench: Bench) -> Iterator[Section]:
    """Each query as somebody types it, one after the other, on either database."""
    for kind in stands.KINDS:
        yield from _of(bench, kind)


def found_in(kind: str) -> Scenario:
    """The same on one of the two."""
    return lambda bench: _of(bench, kind)


def _of(bench: Bench, kind: str) -> Iterator[Section]:
    with size.full(bench, kind) as stand:
        seconds, messages, times = asyncio.run(_measured(stand))
    load = Path("/proc/loadavg").read_text().split()[0]
    title = f"{kind}: {messages:,} messages, indexed in {seconds:.0f} s without pauses; load {load}"
    rows = [[name, f"{one.p50:.1f}", f"{one.p99:.1f}", f"{one.most:.1f}"] for name, one in times.items()]
    shown = table(title, ["asked for", "p50 ms", "p99 ms", "most ms"], rows)
    yield Section(f"{kind} finding", shown, {"times": times, "indexed": seconds})


async def _measured(stand: Stand) -> tuple[float, int, dict[str, Latency]]:
    db = Database(stand.settings.database_url)
    searcher = Searcher(stand.settings.database_url, seconds=30)
    feeder = Feeder(db)
    try:
        began = time.perf_counter()
        await feeder.catch_up()
        while await feeder.fill():
            pass
        seconds = time.perf_counter() - began
        async with db.reading() as tx:
            messages = await tx.scalar(select(func.count()).select_from(SearchMessage)) or 0
        times = {name: await _timed(searcher, viewer, asked) for name, (viewer, asked) in QUERIES.items()}
    finally:
        await searcher.close()
        await db.close()
    return seconds, messages, times


async def _timed(searcher: Searcher, viewer: Viewer, asked: list[str]) -> Latency:
    spent = []
    for number in range(ASKED + 2):
        query = read_query(asked[number % len(asked)])
        began = time.perf_counter()
        async with searcher.reading() as tx:
            await finding.find(tx, viewer, query, version=0)
        spent.append(time.perf_counter() - began)
    return latency(spent[2:])


SCENARIOS: dict[str, Scenario] = {
    "finding": found,
    **{f"finding-{kind}": found_in(kind) for kind in stands.KINDS},
}
