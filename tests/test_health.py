"""What operations asks: is it alive, can it work, and which part cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from console import health
from console.migrations import migrate
from tests import servers
from tests.api.house import House, serving
from tests.databases import apart
from tests.patience import eventually
from tests.servers import Server

Parts = dict[str, Any] | None


@pytest.fixture
async def house(sqlite_database_url: str) -> AsyncIterator[House]:
    async with serving(sqlite_database_url) as house:
        yield house


async def ask(house: House, path: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(base_url=house.url, trust_env=False, timeout=5) as probe:
        return await probe.request(method, path)


async def ready(house: House) -> tuple[int, dict[str, Any]]:
    answer = await ask(house, "/ready")
    return answer.status_code, answer.json()


async def test_a_living_process_says_so(house: House) -> None:
    assert (await ask(house, "/health")).status_code == 200
    head = await ask(house, "/health", "HEAD")

    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("stack", ["sqlite", "postgres"])
async def test_what_can_work_is_ready(request: pytest.FixtureRequest, stack: str) -> None:
    async with serving(request.getfixturevalue(f"{stack}_database_url")) as house:
        status, parts = await ready(house)
        head = await ask(house, "/ready", "HEAD")

    assert (status, head.status_code, head.content) == (200, 200, b"")
    assert parts == {
        "status": "ready",
        "database": "ok",
        "redis": "off",
        "workers": "ok",
        "scanner": "off",
        "failing": [],
    }


async def test_a_database_that_is_gone_is_named_in_time() -> None:
    with servers.postgres() as server:
        apart(migrate(server.url))
        async with serving(server.url) as house:
            assert (await ready(house))[0] == 200
            server.kill()
            started = asyncio.get_running_loop().time()
            status, parts = await ready(house)
            took = asyncio.get_running_loop().time() - started
            alive = await ask(house, "/health")
            numbers = await ask(house, "/metrics")

    assert took < health.PATIENCE + 1
    assert (status, parts["failing"], parts["database"]) == (503, ["database"], "failing")
    assert alive.status_code == numbers.status_code == 200
    # What the process counts by itself is worth most just then.
    assert "aldia_webhooks_total" in numbers.text
    assert "aldia_backlog{" not in numbers.text


async def test_work_that_has_ended_is_named(house: House) -> None:
    house.app.state["work"].cancel()

    async def look() -> bool:
        status, parts = await ready(house)
        return status == 503 and parts["failing"] == ["workers"]

    named: Callable[[], bool | Awaitable[bool]] = look
    assert await eventually(named)


async def test_with_redis_workers_elsewhere_give_a_sign_of_life(postgres_database_url: str, valkey: Server) -> None:
    async with serving(postgres_database_url, redis_url=valkey.url) as house:
        alone = await ready(house)
        stop = asyncio.Event()
        worker = asyncio.create_task(health.say_working(valkey.url, stop))
        look: Callable[[], Parts | Awaitable[Parts]] = lambda: _is_ready(house)  # noqa: E731 it needs its type
        working = await eventually(look)
        valkey.kill()
        without = await ready(house)
        stop.set()
        await worker

    assert alone[1]["failing"] == ["workers"]
    assert working == {
        "status": "ready",
        "database": "ok",
        "redis": "ok",
        "workers": "ok",
        "scanner": "off",
        "failing": [],
    }
    assert (without[0], without[1]["failing"]) == (503, ["redis", "workers"])


async def test_a_redis_that_hangs_is_not_waited_for(postgres_database_url: str, valkey: Server) -> None:
    async with serving(postgres_database_url, redis_url=valkey.url) as house:
        valkey.freeze()
        started = asyncio.get_running_loop().time()
        status, parts = await ready(house)
        took = asyncio.get_running_loop().time() - started
        valkey.thaw()

    assert took < health.PATIENCE + 1
    assert status == 503
    assert "redis" in parts["failing"]


async def _is_ready(house: House) -> Parts:
    status, parts = await ready(house)
    return parts if status == 200 else None
