"""Asked to stop under load: what was begun is answered, who listens is told to come back, nothing is lost. Row K18."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import httpx
import pytest
import websockets

from integrations.whatsapp.signature import sign
from tests.faults import ledger
from tests.faults.product import APP_SECRET, Product, a_product
from tests.faults.test_kill_on_the_way_out import TOKEN, let_a_program_in
from tests.inbox import meta
from tests.patience import eventually
from tests.servers import Server

pytestmark = pytest.mark.timeout(120)
# What a stop may take; who would wait for a follower's answer to end waits for ten seconds.
SOON = 6.0


class Load:
    """Meta's deliveries, eight at a time, each brought again until it is answered 200."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.wamids: list[str] = []
        self.on = True

    async def __aenter__(self) -> Self:
        self.group = await asyncio.TaskGroup().__aenter__()
        for number in range(8):
            self.group.create_task(self._bring(f"5194400000{number}"))
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.on = False
        await self.group.__aexit__(*failure)  # type: ignore[arg-type]

    async def _bring(self, sender: str) -> None:
        async with httpx.AsyncClient(base_url=self.product.address, trust_env=False, timeout=20) as http:
            while self.on:
                element = meta.text("bajo carga", sender=sender)
                body = meta.body(element)
                self.wamids.append(element["id"])
                headers = {"x-hub-signature-256": sign(body, APP_SECRET)}
                await eventually(lambda: self._is_taken(http, body, headers), within=60)  # noqa: B023 it is awaited here

    async def _is_taken(self, http: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> bool:
        try:
            return (await http.post("/webhooks/whatsapp", content=body, headers=headers)).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(params=["sqlite", "postgres"])
async def product(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Product]:
    """One process on SQLite, or on PostgreSQL and Redis."""
    url = request.getfixturevalue(f"{request.param}_database_url")
    redis: Server | None = request.getfixturevalue("valkey") if request.param == "postgres" else None
    await let_a_program_in(url)
    with a_product(tmp_path, url, redis_url=redis.url if redis else None) as product:
        product.start()
        yield product


async def test_stopped_under_load_it_drains_and_loses_nothing(product: Product) -> None:
    """K18: in order, within seconds, with an exit code of 0; programs and pages come back by themselves."""
    bearer = {"authorization": f"Bearer {TOKEN}"}
    socket = product.address.replace("http", "ws") + "/api/v1/stream"
    async with (
        httpx.AsyncClient(base_url=product.address, headers=bearer, trust_env=False, timeout=30) as http,
        websockets.connect(socket, additional_headers=bearer, max_queue=None) as wire,
        http.stream("GET", "/api/v1/stream") as stream,
        Load(product) as load,
    ):
        lines = stream.aiter_lines()
        while "message.received" not in await anext(lines):
            pass
        began = time.monotonic()
        await asyncio.to_thread(stops_well, product)
        took = time.monotonic() - began
        heard = [line async for line in lines]
        await wire.wait_closed()
        before = len(load.wamids)
        await asyncio.to_thread(product.start)
        await eventually(lambda: len(load.wamids) > before + 20, within=20)

    assert took < SOON
    assert 'data: {"code":"unavailable"}' in heard, "an end, and not a break"
    assert wire.close_code == 1012, "come again"
    await ledger.received_once(product.environment["ALDIA_DATABASE_URL"], load.wamids)
    await ledger.history_is_whole(product.environment["ALDIA_DATABASE_URL"])


def stops_well(product: Product) -> None:
    assert product.console is not None
    assert product.console.tell(signal.SIGTERM) == 0


async def test_asked_twice_it_waits_for_nobody(sqlite_database_url: str, tmp_path: Path) -> None:
    """K18: somebody's body is still on its way, and would be for ten seconds."""
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start()
        assert product.console is not None
        _reader, writer = await asyncio.open_connection("127.0.0.1", product.port)
        writer.write(b"POST /webhooks/whatsapp HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        await writer.drain()
        assert (await asyncio.to_thread(httpx.get, f"{product.address}/health")).status_code == 200
        began = time.monotonic()
        product.console.send(signal.SIGTERM)
        await eventually(lambda: "Shutting down" in (tmp_path / "console.log").read_text())
        product.console.send(signal.SIGTERM)
        await eventually(lambda: product.died, within=SOON)

        assert time.monotonic() - began < SOON
        writer.close()


async def test_of_several_processes_each_lets_its_followers_go(
    postgres_database_url: str, valkey: Server, tmp_path: Path
) -> None:
    """K18, with `--workers 2`, whose servers are started by uvicorn's own supervisor."""
    await let_a_program_in(postgres_database_url)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    with a_product(tmp_path, postgres_database_url, redis_url=valkey.url) as product:
        product.start(workers=2)
        async with (
            httpx.AsyncClient(base_url=product.address, headers=bearer, trust_env=False, timeout=30) as http,
            http.stream("GET", "/api/v1/stream") as one,
            http.stream("GET", "/api/v1/stream") as other,
        ):
            began = time.monotonic()
            await asyncio.to_thread(stops_well, product)
            took = time.monotonic() - began
            said = [line for stream in (one, other) async for line in stream.aiter_lines()]

    assert took < SOON
    assert said.count('data: {"code":"unavailable"}') == 2
