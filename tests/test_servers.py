"""The ground the other tests stand on: real servers, and a database for each."""

from __future__ import annotations

import pytest
import redis.asyncio
from sqlalchemy import text

from console import audit, clock
from console.db import Database
from tests.conftest import SECRET_KEY, Moment
from tests.servers import Server


@pytest.mark.parametrize("time", ["first", "second"])
async def test_every_test_has_a_migrated_database_of_its_own(database: Database, time: str) -> None:
    async with database.reading() as tx:
        assert await audit.head_of(tx) == 0

    async with database.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "team.created")

    async with database.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact
        assert await audit.head_of(tx) == 1


async def test_the_database_is_the_real_thing(postgres_database_url: str) -> None:
    database = Database(postgres_database_url)
    async with database.reading() as tx:
        version = await tx.scalar(text("SELECT version()"))
    await database.close()

    assert str(version).startswith("PostgreSQL")


async def test_a_valkey_comes_back_after_a_stop_and_a_kill(valkey: Server) -> None:
    valkey.kill()
    with pytest.raises(redis.ConnectionError):
        await ping(valkey.url)

    valkey.start()
    assert await ping(valkey.url)

    valkey.stop()
    with pytest.raises(redis.ConnectionError):
        await ping(valkey.url)

    valkey.start()
    assert await ping(valkey.url)


def test_redis_is_empty_when_a_test_begins(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


test_redis_is_empty_again_for_the_next = test_redis_is_empty_when_a_test_begins


def test_time_passes_when_the_test_says_so(moment: Moment) -> None:
    before = clock.now()

    moment.passes(hours=24)

    assert (clock.now() - before).days == 1


async def ping(url: str) -> bool:
    async with redis.asyncio.Redis.from_url(url, retry=None) as client:
        return bool(await client.ping())
