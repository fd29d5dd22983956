"""Searching never slows sending: whatever searches do, messages come in and go out beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select, text

from console.errors import Refused
from console.inbox.models import Message
from console.search.searcher import AT_ONCE, Searcher
from tests.front import Front
from tests.inbox import meta
from tests.patience import eventually

ROSA = "51944218305"
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) SELECT max(x) FROM c"


@pytest.fixture
async def searcher(front: Front) -> AsyncIterator[Searcher]:
    """The console's, with more patience: what is shown here is not that searches give up."""
    made = front.app.state["searcher"] = Searcher(front.console.settings.database_url, seconds=6)
    yield made
    await made.close()


async def speaks(front: Front, said: str) -> None:
    answer = await front.webhook(meta.body(meta.text(said, sender=ROSA)))
    assert answer.status_code == 200


async def said(front: Front) -> list[str]:
    async with front.console.db.reading() as tx:
        texts = select(Message.text).where(Message.direction != "none").order_by(Message.id)
        return [one or "" for one in await tx.scalars(texts)]


async def test_a_message_comes_in_and_is_answered_while_searches_wait_for_one_another(
    front: Front, searcher: Searcher
) -> None:
    ana = await front.agent("Ana")
    await speaks(front, "quiero pagar")
    async with AsyncExitStack() as held:
        for _ in range(AT_ONCE):
            tx = await held.enter_async_context(searcher.reading())
            await tx.execute(text("SELECT 1"))
        storm = [asyncio.create_task(ana.http.get("/inbox/search", params={"q": "pagar"})) for _ in range(20)]
        await ana.see("/inbox")  # by now they have come

        await speaks(front, "otra vez")
        answer = await ana.reply(1, "Con gusto")

        assert answer.status_code == 201
        assert not any(one.done() for one in storm)
        assert await said(front) == ["quiero pagar", "otra vez", "Con gusto"]
    assert {answer.status_code for answer in await asyncio.gather(*storm)} == {200}


async def test_a_message_comes_in_and_is_answered_while_searches_work_as_hard_as_they_may(
    front: Front, searcher: Searcher
) -> None:
    ana = await front.agent("Ana")
    await speaks(front, "quiero pagar")

    async def works_hard() -> str:
        with pytest.raises(Refused) as refused:
            async with searcher.reading() as tx:
                await tx.execute(text(ENDLESS))
        return refused.value.code

    hard = [asyncio.create_task(works_hard()) for _ in range(AT_ONCE)]
    await eventually(lambda: searcher.engine.pool.checkedout() == AT_ONCE)  # type: ignore[attr-defined]

    await speaks(front, "otra vez")
    answer = await ana.reply(1, "Con gusto")

    assert answer.status_code == 201
    assert not any(one.done() for one in hard)
    assert await said(front) == ["quiero pagar", "otra vez", "Con gusto"]
    assert await asyncio.gather(*hard) == ["too_slow"] * AT_ONCE
