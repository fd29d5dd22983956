"""How long a search takes when a million messages are stored, and how fast its index is made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, text, update

from bench import size, stands
from bench.report import Latency, latency, table
from bench.scenarios import Bench, Scenario, Section
from bench.stands import Stand
from console.agents import Role, Viewer
from console.db import Database, bulk_insert
from console.inbox.models import Message
from console.search import finding
from console.search.feeder import Feeder
from console.search.models import SearchMessage, SearchProgress
from console.search.searcher import Searcher
from console.search.words import folded, read_query

ASKED = 60
STEPS = 50
CHUNK = 20_000
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
        rate, messages, times = asyncio.run(_measured(stand))
    load = Path("/proc/loadavg").read_text().split()[0]
    title = f"{kind}: {messages:,} messages, {rate:,.0f} a second are indexed without pauses; load {load}"
    rows = [[name, f"{one.p50:.1f}", f"{one.p99:.1f}", f"{one.most:.1f}"] for name, one in times.items()]
    shown = table(title, ["asked for", "p50 ms", "p99 ms", "most ms"], rows)
    yield Section(f"{kind} finding", shown, {"times": times, "indexed": rate})


async def _measured(stand: Stand) -> tuple[float, int, dict[str, Latency]]:
    db = Database(stand.settings.database_url)
    searcher = Searcher(stand.settings.database_url, seconds=30)
    feeder = Feeder(db)
    try:
        rate = await _rate(db, feeder)
        await _fill(db)
        async with db.reading() as tx:
            messages = await tx.scalar(select(func.count()).select_from(SearchMessage)) or 0
        times = {name: await _timed(searcher, viewer, asked) for name, (viewer, asked) in QUERIES.items()}
    finally:
        await searcher.close()
        await db.close()
    return rate, messages, times


async def _rate(db: Database, feeder: Feeder) -> float:
    """Messages a second that the loop indexes where nothing else happens, without its pauses."""
    await feeder.catch_up()
    while (await _progress(db)).people_after is not None:
        await feeder.fill()
    begun, began = (await _progress(db)).fill_below or 0, time.perf_counter()
    for _ in range(STEPS):
        await feeder.fill()
    # The messages of a bench have numbers without gaps.
    return (begun - ((await _progress(db)).fill_below or 0)) / (time.perf_counter() - began)


async def _progress(db: Database) -> SearchProgress:
    async with db.reading() as tx:
        return (await tx.scalars(select(SearchProgress))).one()


async def _fill(db: Database) -> None:
    """What the loop would take its time for, much more of it in a transaction."""
    below = 2**62
    while True:
        async with db.reading() as tx:
            wanted = select(Message.id, Message.conversation_id, Message.text).where(Message.id < below)
            found = (await tx.execute(wanted.order_by(Message.id.desc()).limit(CHUNK))).all()
        if not found:
            break
        below = found[-1].id
        rows = [{"message_id": row[0], "conversation_id": row[1], "folded": folded([row[2]])} for row in found]
        async with db.transaction() as tx:
            await bulk_insert(tx, SearchMessage, [row for row in rows if row["folded"]], or_ignore=True)
    async with db.transaction() as tx:
        await tx.execute(update(SearchProgress).values(fill_below=None, people_after=None))
        await tx.execute(text("ANALYZE search_message"))


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
