"""A bad network before Redis and before the Cloud API: slow, silent, cut. Rows F2, F5, F12, F30, O6, O22."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from console import live
from console.inbox import sender
from console.inbox.models import Status
from integrations.whatsapp import graph
from tests import servers
from tests.faults import ledger
from tests.faults.chaos import Chaos, between
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.inbox.test_both_ends import MARIA, Ends, a_simulator
from tests.patience import eventually
from tests.servers import Server


@pytest.fixture
async def redis(valkey: Server) -> AsyncIterator[tuple[Chaos, str]]:
    """A bad network before Redis, and the URL on this side of it."""
    folder = Path(tempfile.mkdtemp(prefix="aldia-chaos-", dir=servers.SHORT))
    async with between(Path(valkey.url.removeprefix("unix://")), at=folder / "socket") as (chaos, _port):
        yield chaos, f"unix://{folder / 'socket'}"
    shutil.rmtree(folder)


@pytest.fixture
async def fronts(
    redis: tuple[Chaos, str], postgres_database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Front, Front]]:
    settings = settings_for(postgres_database_url, tmp_path, redis_url=redis[1])
    async with a_console(settings) as one, a_console(settings) as other:
        yield one, other


async def test_whatever_the_way_to_redis_is_like_screens_follow(
    redis: tuple[Chaos, str], fronts: tuple[Front, Front], postgres_database_url: str
) -> None:
    """F2, F5, F12: a hint that is late, cut off or swallowed costs a moment; nothing waits for it for ever."""
    chaos, _url = redis
    one, other = fronts
    ana = await other.agent("Ana")
    wamids = []

    async def is_seen(what: str) -> None:
        wamids.append((element := meta.text(what))["id"])
        async with asyncio.timeout(live.REDIS_TIMEOUT + 2):
            assert (await one.webhook(meta.body(element))).status_code == 200
        await wire.shows(what, within=live.POLL_SECONDS + live.REDIS_TIMEOUT + 3)

    async with ana.live() as wire:
        chaos.delay = 0.3
        await is_seen("despacio")
        chaos.reset()
        await is_seen("cortado")
        chaos.is_silent = True
        await is_seen("en silencio")
        assert (await other.outside.get("/health")).status_code == 200
        chaos.heal()
        chaos.refuses = True
        chaos.reset()
        await is_seen("rechazado")
        chaos.heal()
        await is_seen("de vuelta")
    await ledger.received_once(postgres_database_url, wamids)
    await ledger.history_is_whole(postgres_database_url)


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Chaos, Ends]]:
    """A console and a simulated WhatsApp with a bad network between, on the way there."""
    monkeypatch.setattr(sender, "GRACE_SECONDS", 0.2)
    async with a_simulator() as (simulator, address), between(int(address.rpartition(":")[2])) as (chaos, port):
        settings = settings_for(database_url, tmp_path, whatsapp_api_url=f"http://127.0.0.1:{port}")
        async with a_console(settings) as front, httpx.AsyncClient(base_url=address, trust_env=False) as control:
            simulator.webhooks.courier.redirect(f"{front.address}/webhooks/whatsapp")
            yield chaos, Ends(front, control, await front.agent("Ana"))


@pytest.mark.parametrize("fault", ["is_silent", "refuses"])
async def test_swallowed_or_cut_on_the_way_it_is_in_doubt_and_not_repeated(
    ends: tuple[Chaos, Ends], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O6, F12: the bytes have left and no answer comes. A machine does not repeat it, a person is shown it."""
    assert graph.TIMEOUT.read is not None
    assert graph.TIMEOUT.read < graph.TOTAL
    monkeypatch.setattr(graph, "TIMEOUT", httpx.Timeout(connect=5, read=2, write=30, pool=5))
    chaos, both = ends
    conversation = await both.writes(MARIA)
    setattr(chaos, fault, True)
    if fault == "refuses":
        chaos.reset()
    await both.ana.reply(conversation, "Con gusto")
    await both.all_reach(Status.UNKNOWN, within=20)
    assert (await both.ana.http.get("/inbox?view=all")).status_code == 200
    chaos.heal()

    await both.ana.reply(conversation, "¿Sigue ahí?")
    await eventually(both.accepted)
    await both.all_reach(Status.UNKNOWN, Status.SENT, Status.DELIVERED)
    await both.nothing_was_sent_twice()
    assert len(await both.ours()) == 2


async def test_a_slow_line_is_slow_and_nothing_else(ends: tuple[Chaos, Ends]) -> None:
    """O22: what waits for the Cloud API holds up neither a page nor a delivery."""
    chaos, both = ends
    numbers = await both.people(3)
    chaos.delay = 0.2
    for number in numbers:
        await both.say(number)
    async with asyncio.timeout(2):
        assert (await both.front.webhook(meta.body(meta.text("mientras")))).status_code == 200
        assert "mientras" in await both.ana.see("/inbox?view=all")

    await both.all_reach(Status.SENT, Status.DELIVERED, within=20)
    await both.nothing_was_sent_twice()


@contextmanager
def a_hole(port: int) -> Iterator[None]:
    """What is sent to [::1]:port comes nowhere and nobody says so: a listener whose queue is full drops who knocks."""
    knocking: list[socket.socket] = []
    with socket.socket(socket.AF_INET6) as listening:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(("::1", port))
        listening.listen(0)
        for _ in range(3):
            knocking.append(socket.socket(socket.AF_INET6))
            knocking[-1].setblocking(False)
            knocking[-1].connect_ex(("::1", port))
        yield
        for each in knocking:
            each.close()


async def test_an_address_that_swallows_everything_does_not_hold_up_the_other(
    sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F30: the Cloud API's name has an IPv6 address that leads nowhere, then one that works."""
    ask = socket.getaddrinfo

    def as_named(host: str, port: int, *of: object, **more: object) -> object:
        if host not in {"localhost", b"localhost"}:
            return ask(host, port, *of, **more)  # type: ignore[arg-type]
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [
            (socket.AF_INET6, *kind, ("::1", port, 0, 0)),
            (socket.AF_INET, *kind, ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", as_named)
    async with a_simulator() as (simulator, address):
        port = int(address.rpartition(":")[2])
        settings = settings_for(sqlite_database_url, tmp_path, whatsapp_api_url=f"http://localhost:{port}")
        with a_hole(port):
            async with a_console(settings) as front, httpx.AsyncClient(base_url=address, trust_env=False) as control:
                simulator.webhooks.courier.redirect(f"{front.address}/webhooks/whatsapp")
                both = Ends(front, control, await front.agent("Ana"))
                conversation = await both.writes(MARIA)
                async with asyncio.timeout(5):
                    await both.ana.reply(conversation, "Con gusto")
                    await eventually(both.accepted)
                await both.all_reach(Status.SENT, Status.DELIVERED)
                await both.nothing_was_sent_twice()
