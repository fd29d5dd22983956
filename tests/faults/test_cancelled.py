"""Whoever asked is gone before the answer: the next one to ask gets their own, and nothing is used up. Row R22.

The fault to be excluded is the one by which an answer left in a connection is read by the next request on it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import bindparam, literal, select

from console.audit import head_of
from console.db import Database, Tx
from console.live import RedisWire
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually

ROUNDS = 20
AT_ONCE = 50
# What the fast lanes keep open for themselves: on PostgreSQL three for deliveries and three for pages.
KEPT = 6
ECHO = select(bindparam("asked", type_=literal(1).type))
pytestmark = pytest.mark.timeout(240)


async def cancelled_at_random(ask: Callable[[int], Awaitable[int]], seed: int) -> int:
    """Ask for thousands of numbers, and give up on a third of them at any moment; how many were answered.

    Each answer must be the number that was asked for.
    """
    chance = random.Random(seed)
    answered = 0
    for first in range(0, ROUNDS * AT_ONCE, AT_ONCE):
        asked = range(first, first + AT_ONCE)
        tasks = [asyncio.ensure_future(ask(number)) for number in asked]
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        for task in chance.sample(tasks, AT_ONCE // 3):
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for number, answer in zip(asked, answers, strict=True):
            if not isinstance(answer, asyncio.CancelledError):
                assert answer == number
                answered += 1
    return answered


@pytest.mark.parametrize("door", ["reading", "read", "transaction", "write"])
async def test_no_answer_of_the_database_reaches_another(database: Database, door: str) -> None:
    async def echo(tx: Tx, number: int) -> int:
        return int((await tx.execute(ECHO, {"asked": number})).scalar_one())

    async def ask(number: int) -> int:
        if door in {"read", "write"}:
            return await getattr(database, door)(lambda tx: echo(tx, number))  # type: ignore[no-any-return]
        async with getattr(database, door)() as tx:
            return await echo(tx, number)

    answered = await cancelled_at_random(ask, seed=len(door))

    assert answered > ROUNDS * AT_ONCE // 3
    for engine in (database.writer, database.reader):
        assert engine.pool.checkedout() <= KEPT  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        async with database.transaction() as tx:
            await head_of(tx)
        assert await database.read(lambda tx: echo(tx, 7)) == 7


async def test_no_answer_of_redis_reaches_another(redis_url: str) -> None:
    wire = RedisWire(redis_url)

    async def ask(number: int) -> int:
        return int(await wire._redis.echo(str(number)))

    assert await cancelled_at_random(ask, seed=5) > ROUNDS * AT_ONCE // 3
    assert await wire.ping()
    await wire.close()


async def test_no_page_reaches_another(database_url: str, tmp_path: Path) -> None:
    """Two teams look at what is theirs and hang up at any moment; nobody ever sees a word of the other's."""
    async with a_console(settings_for(database_url, tmp_path)) as front:
        ana, beto = await front.agent("Ana"), await front.agent("Beto", team="Otra")
        await front.webhook(meta.body(meta.text("secreto de Cobranza")))
        chance = random.Random(3)
        seen = [
            await asyncio.gather(*(_glance(who, chance) for who in (ana, beto) for _ in range(8))) for _ in range(8)
        ]
        pages = [page for round_ in seen for page in round_ if page is not None]

        assert len(pages) > 10
        assert {(name, "secreto de Cobranza" in page) for name, page in pages} == {("ana", True), ("beto", False)}
        await _all_is_well(front, ana)


async def _glance(who: Person, chance: random.Random) -> tuple[str, str] | None:
    """A page, unless whoever asked for it hung up first."""
    patience = chance.choice([0.001, 0.005, 0.02, 5])
    try:
        answer = await who.http.get("/inbox?view=all", timeout=patience)
    except httpx.TimeoutException:
        return None
    assert answer.status_code == 200
    return who.email.partition("@")[0], answer.text


async def _all_is_well(front: Front, ana: Person) -> None:
    """Those who hung up have been served to nobody by and by, and all connections are back."""
    db = front.console.db
    await eventually(lambda: max(engine.pool.checkedout() for engine in (db.writer, db.reader)) <= KEPT, within=30)  # type: ignore[attr-defined]
    assert (await front.webhook(meta.body(meta.text("y sigue")))).status_code == 200
    assert "y sigue" in await ana.see("/inbox?view=all")
