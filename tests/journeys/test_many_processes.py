"""Several web processes on PostgreSQL and Redis: what one takes in, the screens of the other show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from console import audit
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.settings import Settings
from tests.conftest import SECRET_KEY
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.servers import Server


@pytest.fixture
def settings(postgres_database_url: str, tmp_path: Path, valkey: Server) -> Settings:
    return settings_for(postgres_database_url, tmp_path, redis_url=valkey.url)


@pytest.fixture
async def fronts(settings: Settings) -> AsyncIterator[tuple[Front, Front]]:
    """Two web processes of one product, as far as anything they share can tell."""
    async with a_console(settings) as one, a_console(settings) as other:
        yield one, other


@asynccontextmanager
async def at(front: Front, person: Person) -> AsyncIterator[Person]:
    """The same browser at another process's address."""
    async with Person(front, person.id, person.email) as there:
        there.http.cookies = person.http.cookies
        yield there


async def test_a_message_taken_by_one_process_is_on_the_screens_of_the_other(fronts: tuple[Front, Front]) -> None:
    one, other = fronts
    ana = await other.agent("Ana")
    async with ana.live() as wire:
        await one.webhook(meta.body(meta.text("por la otra puerta")))
        await wire.shows("por la otra puerta", within=2)


async def test_who_is_here_is_known_across_processes(fronts: tuple[Front, Front]) -> None:
    one, other = fronts
    ana, luz = await one.agent("Ana"), await other.agent("Luz")
    await one.webhook(meta.body(meta.text()))
    async with ana.live(opened=1) as hers, luz.live(opened=1):
        await hers.shows('data-name="Luz"')


@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_redis_gone_and_back_costs_a_moment_and_no_message(
    fronts: tuple[Front, Front],
    valkey: Server,
    fault: str,
) -> None:
    """F1, F2: webhooks are answered, screens go on by reading the history, and recover when it is back."""
    one, other = fronts
    ana = await other.agent("Ana")
    async with ana.live() as wire:
        getattr(valkey, fault)()
        assert (await one.webhook(meta.body(meta.text("sin redis")))).status_code == 200
        await wire.shows("sin redis", within=5)
        await ana.reply(1, "le contesto igual")
        if fault == "kill":
            valkey.start()
        else:
            valkey.thaw()
        await one.webhook(meta.body(meta.text("de vuelta")))
        await wire.shows("de vuelta", within=5)


@pytest.mark.parametrize("fault", ["emptied", "full", "wrong kinds", "restarted empty"])
async def test_a_redis_that_forgets_is_full_or_holds_nonsense_costs_no_message(
    fronts: tuple[Front, Front], valkey: Server, fault: str
) -> None:
    """F4, F6: nothing of ours is kept there but hints."""
    one, other = fronts
    ana = await other.agent("Ana")
    async with ana.live() as wire, Redis.from_url(valkey.url) as redis:
        await one.webhook(meta.body(meta.text("antes")))
        await wire.shows("antes", within=5)
        kept = await redis.keys("*")
        if fault == "emptied":
            await redis.flushall()
        elif fault == "full":
            await redis.config_set("maxmemory", "1")
        elif fault == "wrong kinds":
            for key in [*kept, b"aldia", b"aldia:history"]:
                await redis.delete(key)
                await redis.rpush(key, "no es lo que se espera")
            await redis.publish("aldia:history", b"\xff not a hint")
        else:
            valkey.kill()
            valkey.start()
        assert (await one.webhook(meta.body(meta.text("después")))).status_code == 200
        await wire.shows("después", within=5)
        assert (await ana.reply(1, "le contesto")).status_code == 201
        await wire.shows("le contesto", within=5)


async def test_signing_out_here_closes_the_screen_there(fronts: tuple[Front, Front]) -> None:
    """A13: within a second, in every process."""
    one, other = fronts
    ana = await one.agent("Ana")
    async with at(other, ana) as there, there.live() as wire:
        await ana.do("/logout")
        async with asyncio.timeout(2):
            await wire.socket.wait_closed()
        assert wire.socket.close_code == 4401


async def test_a_stranger_met_by_both_processes_at_once_is_one_person(fronts: tuple[Front, Front]) -> None:
    """R9, W13: twenty messages, each delivered to both."""
    bodies = [meta.body(meta.text(f"mensaje {n}")) for n in range(20)]

    answers = await asyncio.gather(*(front.webhook(body) for body in bodies for front in fronts))

    assert {answer.status_code for answer in answers} == {200}
    async with fronts[0].console.db.reading() as tx:
        found = [await tx.scalar(select(func.count()).select_from(m)) for m in (Contact, Conversation, Message)]
        sequences = list(await tx.scalars(select(Message.sequence).order_by(Message.sequence)))
        verdict = await audit.verify(tx, SECRET_KEY)
    assert found == [1, 1, 20]
    assert sequences == list(range(1, 21))
    assert verdict.intact, "two processes, one chain"


async def test_of_two_who_take_it_in_two_processes_one_does(fronts: tuple[Front, Front]) -> None:
    one, other = fronts
    ana, luz = await one.agent("Ana"), await other.agent("Luz")
    for n in range(5):
        await one.webhook(meta.body(meta.text(sender=f"5190000000{n}")))

    for number in range(1, 6):
        answers = await asyncio.gather(*(who.do(f"/inbox/{number}/assignment", holder="me") for who in (ana, luz)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_lost_race_of_hints_loses_no_entry(fronts: tuple[Front, Front]) -> None:
    """F18: a hint that overtakes another, or never comes, leaves a gap that the history fills."""
    one, other = fronts
    ana = await other.agent("Ana")
    other.console.live.__dict__["_take"] = lambda _entries: None
    async with ana.live() as wire:
        await one.webhook(meta.body(meta.text("sin aviso")))
        await wire.shows("sin aviso", within=4)
