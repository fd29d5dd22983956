"""What comes now and then and must pass: a burst, idle connections, everybody signing in at eight, one giant thread."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Iterator

import httpx
from sqlalchemy import update

from bench import million, stands
from bench.orders import Run
from bench.report import COLUMNS, Latency, Result, latency, line, table
from bench.scenarios import Bench, Scenario, Section
from bench.seed import Shape
from bench.stands import Crowd, Stand
from console import passwords
from console.agents import Agent
from console.db import Database
from console.settings import Settings

BURST = 10_000
IDLE = 5_000
OFFICE = 200
GIANT = 200_000
# What the others' webhooks come at meanwhile.
RATE = 100.0
PASSWORD = "una clave de la prueba de carga"
ASKED = 100
WAIT_SECONDS = 120.0


def burst(bench: Bench) -> Iterator[Section]:  # noqa: ARG001
    """Ten thousand webhooks in one second, then nothing (reliability.md, C6)."""
    lines, data = [], {}
    for kind in stands.KINDS:
        with stands.prepared(kind) as stand, stands.product(stand), stand.crowd(connections=1024) as crowd:
            crowd.at(300, 1.0)
            result = crowd.run(Run(phases=[(BURST, 1.0)], patience=60.0))
            lines.append([*line(kind, result), *_after(result), str(stand.missing(result))])
            data[kind] = result
    title = (
        f"{BURST:,} webhooks in a second, then silence (a page too far behind is told to load anew: it is not 'seen')"
    )
    header = [*COLUMNS, "done after", "told to load anew", "missing"]
    yield Section("burst", table(title, header, lines), dict(data))


def _after(result: Result) -> tuple[str, str]:
    return (f"{result.drained:.1f} s", str(result.reloads))


def idle(bench: Bench) -> Iterator[Section]:
    """Webhooks beside thousands of connections that say nothing (W40: their p99 stays below a second)."""
    _allow_files()
    with stands.prepared("sqlite") as stand, stands.product(stand), stand.crowd() as crowd:
        crowd.at(300, 1.0)
        alone = crowd.at(RATE, bench.length.rate)
        beside, kept = asyncio.run(_beside_idlers(stand, crowd, bench.length.rate))
    title = (
        f"{kept:,} of {IDLE:,} idle connections held open: webhooks' p99 {beside.ack.p99:.0f} ms beside them, "
        f"{alone.ack.p99:.0f} without"
    )
    lines = [line("alone", alone), line("beside them", beside)]
    yield Section("idle", table(title, COLUMNS, lines), {"alone": alone, "beside": beside, "open": kept})


async def _beside_idlers(stand: Stand, crowd: Crowd, seconds: float) -> tuple[Result, int]:
    async with _idlers(stand) as count:
        return await asyncio.to_thread(crowd.at, RATE, seconds), count


@contextlib.asynccontextmanager
async def _idlers(stand: Stand) -> AsyncIterator[int]:
    made: list[asyncio.StreamWriter] = []
    try:
        for at in range(0, IDLE, 100):
            coming = [
                asyncio.open_connection(stand.scene.host, stand.scene.ports[0]) for _ in range(min(100, IDLE - at))
            ]
            made += [writer for _reader, writer in await asyncio.gather(*coming)]
        yield len(made)
    finally:
        for writer in made:
            writer.close()


def _allow_files() -> None:
    """As many descriptors as the system lets us have; the server inherits them."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def mornings(bench: Bench) -> Iterator[Section]:  # noqa: ARG001
    """A whole office signs in at eight while debtors write (C10: all in within 30 s, and webhooks hold)."""
    lines, rows, data = [], [], {}
    for kind in stands.KINDS:
        with stands.prepared(kind) as stand, stands.product(stand), stand.crowd() as crowd:
            asyncio.run(_give_passwords(stand.settings))
            crowd.at(300, 1.0)
            alone = crowd.at(RATE, 5.0)
            began = time.perf_counter()
            times, refused, beside = asyncio.run(_come_in(stand, crowd))
            took = time.perf_counter() - began
            lines += [line(f"{kind}, before", alone), line(f"{kind}, meanwhile", beside)]
            rows.append(
                [
                    kind,
                    f"{max(times):.1f} s",
                    str(times.count(WAIT_SECONDS)),
                    _told(latency(times)),
                    str(refused),
                    f"{took:.1f} s",
                ]
            )
            data[kind] = {"seconds": times, "asked_to_wait": refused, "alone": alone, "beside": beside}
    title = f"{OFFICE} sign-ins at once, from 99 accounts, and {RATE:.0f} webhooks a second"
    header = [
        "database",
        "the last one in after",
        f"not in after {WAIT_SECONDS:.0f} s",
        "p50/p99/most ms",
        "asked to wait",
        "whole run",
    ]
    yield Section("mornings", table(title, header, rows) + table("", COLUMNS, lines), data)


async def _give_passwords(settings: Settings) -> None:
    hashed = await passwords.hashed(PASSWORD)
    db = Database(settings.database_url)
    try:
        async with db.transaction() as tx:
            await tx.execute(update(Agent).where(Agent.role == "agent").values(password_hash=hashed))
    finally:
        await db.close()


async def _come_in(stand: Stand, crowd: Crowd) -> tuple[list[float], int, Result]:
    busy = asyncio.create_task(asyncio.to_thread(crowd.at, RATE, 25.0))
    seats = stand.scene.places
    names = [f"agente-{team}-{place}@bench.example" for team in range(33) for place in range(seats)]
    began = time.perf_counter()
    came = await asyncio.gather(*(_sign_in(stand, names[n % len(names)], began) for n in range(OFFICE)))
    return [seconds for seconds, _ in came], sum(waits for _, waits in came), await busy


async def _sign_in(stand: Stand, email: str, began: float) -> tuple[float, int]:
    """Try as a person does: told to wait, they wait, and try again. The seconds until they are in, the waits."""
    waits = 0
    async with httpx.AsyncClient(base_url=stand.scene.origin, trust_env=False, timeout=30) as client:
        while time.perf_counter() - began < WAIT_SECONDS:
            answer = await client.post(
                "/login", data={"email": email, "password": PASSWORD}, headers={"origin": stand.scene.origin}
            )
            if answer.status_code == 303:
                return time.perf_counter() - began, waits
            if answer.status_code != 429:
                raise RuntimeError(f"{email}: {answer.status_code} {answer.text[:200]}")
            waits += 1
            await asyncio.sleep(float(answer.headers.get("retry-after", 3)))
    return WAIT_SECONDS, waits


def giant(bench: Bench) -> Iterator[Section]:
    """One debtor with 200,000 messages: the thread opens as any other (C8: within 300 ms)."""
    count = GIANT if bench.length.is_long else GIANT // 10
    rows, data = [], {}
    for kind in stands.KINDS:
        with stands.prepared(kind, Shape(conversations=1, outgoing=0)) as stand:
            if kind == "sqlite":
                million.fill_sqlite(stand.settings, stand.scene, count)
            else:
                asyncio.run(million.fill_postgres(stand.settings, stand.scene, count))
            with stands.product(stand):
                found = _opened(stand)
        rows.append([kind, f"{count:,}", _told(found)])
        data[kind] = found
    header = ["database", "messages", "page p50/p99/most ms"]
    yield Section("giant", table("one conversation with very many messages, opened", header, rows), dict(data))


def _opened(stand: Stand) -> Latency:
    path = f"/inbox/{stand.scene.debtors[0].conversation_id}"
    times = []
    with httpx.Client(
        base_url=stand.scene.origin, headers={"cookie": stand.scene.seats[0].cookie}, trust_env=False, timeout=60
    ) as client:
        for _ in range(ASKED + 5):
            began = time.perf_counter()
            client.get(path).raise_for_status()
            times.append(time.perf_counter() - began)
    return latency(times[5:])


def _told(found: Latency) -> str:
    return f"{found.p50:.1f} / {found.p99:.1f} / {found.most:.1f}"


SCENARIOS: dict[str, Scenario] = {"burst": burst, "idle": idle, "mornings": mornings, "giant": giant}
