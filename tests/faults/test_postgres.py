"""PostgreSQL hurt under load: a backend killed, the server restarted, the network silent. Rows F8, F9, F12, F13, F17.

Meta brings its deliveries again until they are answered 200; an agent's page shows or says that the database is away.
Afterwards, without anybody's hand, everything acknowledged is there once and the history verifies.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from console import engines
from console.db import Database
from tests import servers
from tests.databases import PostgresCopies
from tests.faults import ledger
from tests.faults.chaos import Chaos, between
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually, pace
from tests.servers import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL of these tests' own, to be hurt."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="module")
def copies(server: Server) -> Iterator[PostgresCopies]:
    copies = PostgresCopies(server.url)
    copies.prepare()
    yield copies
    copies.drop()


class Load:
    """Meta and an agent at work for as long as a fault lasts."""

    def __init__(self, front: Front, ana: Person) -> None:
        self.front, self.ana = front, ana
        self.wamids: list[str] = []
        self.pages: list[int] = []
        self.refusals: list[int] = []
        self._on = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(self._deliver(number))
            group.create_task(self._look())
            try:
                yield
            finally:
                self._on = False

    async def _deliver(self, sender: int) -> None:
        while self._on:
            element = meta.text("otra más", sender=f"5194400000{sender}")
            self.wamids.append(element["id"])
            body = meta.body(element)
            while (status := (await self.front.webhook(body)).status_code) != 200:
                self.refusals.append(status)
                await pace(0.05)

    async def _look(self) -> None:
        while self._on:
            try:
                self.pages.append((await self.ana.http.get("/inbox?view=all")).status_code)
            except httpx.ReadTimeout:
                self.pages.append(0)
            await pace(0.02)


async def kill_a_backend(server: Server) -> None:
    """Kill -9 one of its processes: the others are told to end, and it recovers from its log."""
    connection = await asyncpg.connect(make_url(server.url).set(drivername="postgresql").render_as_string())
    try:
        pid = await connection.fetchval("SELECT pid FROM pg_stat_activity WHERE application_name = 'aldia' LIMIT 1")
        os.kill(pid, signal.SIGKILL)
    finally:
        connection.terminate()


async def restart(server: Server) -> None:
    await by_hand(server.stop)
    await by_hand(server.start)


async def crash(server: Server) -> None:
    await by_hand(server.kill)
    await by_hand(lambda: rise(server))


def rise(server: Server) -> None:
    """As whoever watches over it would: it does not start while a process of the killed one is still ending."""
    while True:
        try:
            return server.start()
        except RuntimeError as reason:
            if "pre-existing shared memory block" not in str(reason).rpartition("starting PostgreSQL")[2]:
                raise


# A server ends with the thread that started it, so this one stays to the end of the run.
_hand = ThreadPoolExecutor(1, thread_name_prefix="operator")


async def by_hand(deed: Callable[[], None]) -> None:
    """Without making the console, which is in this process too, stand still meanwhile."""
    await asyncio.get_running_loop().run_in_executor(_hand, deed)


@pytest.mark.parametrize("fault", [kill_a_backend, restart, crash])
async def test_a_server_that_falls_and_rises_costs_a_moment_and_no_message(
    server: Server, copies: PostgresCopies, tmp_path: Path, fault: Callable[[Server], Awaitable[None]]
) -> None:
    """F8, F9: 503 while it is away, never a fault of ours, and it heals without a hand."""
    with copies.one() as url:
        async with a_console(settings_for(url, tmp_path)) as front:
            ana = await front.agent("Ana")
            load = Load(front, ana)
            async with ana.live(view="all") as wire, load.running():
                await wire.shows("otra más")
                before = len(load.wamids)
                await fault(server)
                await eventually(lambda: len(load.wamids) > before + 20, within=15)
            assert set(load.refusals) <= {503}
            assert set(load.pages) <= {200, 503}
            assert (await ana.http.get("/ready")).status_code == 200
            await front.webhook(meta.body(last := meta.text("después de todo")))
            assert "después de todo" in await ana.see("/inbox?view=all")
        await ledger.received_once(url, [*load.wamids, last["id"]])
        await ledger.history_is_whole(url)


@pytest.fixture
async def wire(server: Server, copies: PostgresCopies) -> AsyncIterator[tuple[Chaos, str]]:
    """A bad network before a database of the test's own, and the URL on this side of it."""
    socket = Path(str(make_url(server.url).query["host"])) / ".s.PGSQL.5432"
    folder = Path(tempfile.mkdtemp(prefix="aldia-chaos-", dir=servers.SHORT))
    with copies.one() as url:
        async with between(socket, at=folder / socket.name) as (chaos, _port):
            yield chaos, make_url(url).set(query={"host": str(folder)}).render_as_string(hide_password=False)
    shutil.rmtree(folder)


async def test_a_network_that_swallows_everything_is_noticed_and_outlived(
    wire: tuple[Chaos, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F12: no request waits for ever, health says which part is away, and all is well when the network is."""
    assert engines.POSTGRES_OPTIONS["command_timeout"] in range(1, 6)
    monkeypatch.setitem(engines.POSTGRES_OPTIONS, "command_timeout", 0.5)
    monkeypatch.setitem(engines.POSTGRES_OPTIONS, "timeout", 0.5)
    chaos, url = wire
    async with a_console(settings_for(url, tmp_path)) as front:
        ana = await front.agent("Ana")
        element = meta.text("a través del silencio")
        chaos.is_silent = True
        async with asyncio.timeout(10):
            answers = await asyncio.gather(
                front.webhook(meta.body(element)),
                ana.http.get("/inbox"),
                front.outside.get("/ready"),
                front.outside.get("/health"),
            )
        assert [answer.status_code for answer in answers] == [503, 503, 503, 200]
        assert answers[2].json()["failing"] == ["database"]

        chaos.heal()
        await eventually(lambda: _delivered(front, meta.body(element)), within=10)
        await eventually(lambda: _is_ready(front), within=10)
        assert "a través del silencio" in await ana.see("/inbox?view=all")
    await ledger.received_once(url, [element["id"]])


async def test_a_connection_cut_anywhere_leaves_it_once(wire: tuple[Chaos, str], tmp_path: Path) -> None:
    """F17: also at COMMIT, when nobody can know; Meta comes again and what is there already is known by its id."""
    chaos, url = wire
    wamids = []
    async with a_console(settings_for(url, tmp_path)) as front:
        await front.webhook(meta.body(first := meta.text()))
        statuses = set()
        for bytes_sent in range(1_000, 16_000, 600):
            element = meta.text(f"hasta {bytes_sent}")
            wamids.append(element["id"])
            chaos.cut_after = bytes_sent
            chaos.reset()
            statuses.add((await front.webhook(meta.body(element))).status_code)
            chaos.heal()
            assert await eventually(lambda: _delivered(front, meta.body(element)))  # noqa: B023 it is awaited here
    assert statuses == {200, 503}, "some cuts before the end, some after"
    await ledger.received_once(url, [first["id"], *wamids])
    await ledger.history_is_whole(url)


async def test_a_database_that_may_only_be_read_is_read(copies: PostgresCopies, tmp_path: Path) -> None:
    """F13: pages show what there is, what would write is told to come again, and it heals."""
    with copies.one() as url:
        async with a_console(settings_for(url, tmp_path)) as front:
            ana = await front.agent("Ana")
            await front.webhook(meta.body(meta.text("legible")))
            await _say(url, "ALTER DATABASE {name} SET default_transaction_read_only = on")
            assert (await front.webhook(meta.body(meta.text()))).status_code == 503
            assert "legible" in await ana.see("/inbox?view=all")
            assert (await ana.reply(1, "hola")).status_code == 503

            await _say(url, "ALTER DATABASE {name} SET default_transaction_read_only = off")
            assert (await ana.reply(1, "hola")).status_code == 201


async def _say(url: str, sql: str) -> None:
    """An operator's word, and every connection made anew so that it counts."""
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string())
    try:
        await connection.execute("SET default_transaction_read_only = off")
        await connection.execute(sql.format(name=make_url(url).database))
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
        await connection.execute(others, make_url(url).database)
    finally:
        await connection.close()


async def test_slow_pages_hold_up_no_webhook(copies: PostgresCopies, tmp_path: Path) -> None:
    """F14: those who read have connections of their own, and may wait for one another."""
    with copies.one() as url:
        async with a_console(settings_for(url, tmp_path)) as front:
            asleep = asyncio.Event()

            async def reads() -> None:
                async with front.console.db.reading() as tx:
                    await tx.execute(text("SELECT 1"))
                    await asleep.wait()

            readers = [asyncio.create_task(reads()) for _ in range(40)]
            async with asyncio.timeout(2):
                assert (await front.webhook(meta.body(meta.text()))).status_code == 200
            asleep.set()
            await asyncio.gather(*readers)


async def _delivered(front: Front, body: bytes) -> bool:
    return (await front.webhook(body)).status_code == 200


async def _is_ready(front: Front) -> bool:
    return (await front.outside.get("/ready")).status_code == 200


async def test_a_transaction_left_idle_and_a_lock_waited_for_come_to_an_end(postgres_database_url: str) -> None:
    """F16: by the server, whatever becomes of the process that forgot them; so vacuum is never kept off for long."""
    db = Database(postgres_database_url)
    try:
        for door in (db.transaction, db.reading):
            async with door() as tx:
                for setting in ("idle_in_transaction_session_timeout", "lock_timeout"):
                    waits = await tx.scalar(
                        text("SELECT setting::int FROM pg_settings WHERE name = :name"), {"name": setting}
                    )
                    assert 0 < waits <= 30_000, (door.__name__, setting)
    finally:
        await db.close()
