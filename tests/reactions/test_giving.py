"""An emoji of ours on what the debtor wrote: seen there, changed, taken back, and gone when WhatsApp refuses it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console.inbox.models import Conversation, Message, Reaction, Status
from tests.inbox.people import actions
from tests.inbox.test_both_ends import MARIA, Ends, both_ends
from tests.patience import eventually


@pytest.fixture
async def ends(database_url: str, tmp_path: Path) -> AsyncIterator[Ends]:
    async with both_ends(database_url, tmp_path) as ends:
        yield ends


async def react(ends: Ends, emoji: str, message: int = 1, **form: str) -> httpx.Response:
    form = {"emoji": emoji, "client_key": str(uuid.uuid4()), **form}
    return await ends.ana.do(f"/inbox/1/messages/{message}/reaction", **form)


async def ours(ends: Ends) -> list[str]:
    async with ends.db.reading() as tx:
        return list(await tx.scalars(select(Reaction.emoji).where(Reaction.by == "us")))


async def on_the_telephone(ends: Ends) -> Any:
    (said,) = [it for it in (await ends.api("GET", f"/threads/{MARIA}"))["messages"] if it["mine"]]
    return said["reactions"]


async def test_given_changed_and_taken_back_and_each_on_record(ends: Ends) -> None:
    await ends.writes(MARIA, "Ya deposité")

    assert "👍" in (await react(ends, "👍")).text
    await ends.all_reach(Status.SENT, Status.DELIVERED, Status.READ)
    assert "👍" in str(await on_the_telephone(ends))
    await react(ends, "🙏")
    assert await ours(ends) == ["🙏"]
    await react(ends, "")
    await ends.all_reach(Status.SENT, Status.DELIVERED, Status.READ, within=20)

    assert await ours(ends) == []
    assert "👍" not in str(await on_the_telephone(ends))
    assert (await actions(ends.db, message_id=1)).count("message.reacted") == 3


async def test_it_answers_nobody_and_takes_nothing(ends: Ends) -> None:
    await ends.writes(MARIA)

    await react(ends, "👍")

    async with ends.db.reading() as tx:
        found = await tx.get_one(Conversation, 1)
    assert found.waiting_since is not None
    assert found.holder_id is None
    assert found.last_message_id == 1


async def test_pressed_twice_it_goes_once(ends: Ends) -> None:
    await ends.writes(MARIA)
    key = str(uuid.uuid4())

    for _twice in range(2):
        assert (await react(ends, "👍", client_key=key)).status_code == 200

    assert len(await ends.ours()) == 1


async def test_a_refused_reaction_stands_no_more_and_what_stood_before_does(ends: Ends) -> None:
    await ends.writes(MARIA)
    await react(ends, "👍")
    await ends.all_reach(Status.SENT, Status.DELIVERED, Status.READ)
    # The telephone lost the message meanwhile: WhatsApp refuses what points to it.
    async with ends.db.transaction() as tx:
        (await tx.get_one(Message, 1)).wamid = "wamid.of.nothing"

    await react(ends, "😂")

    async def failed() -> bool:
        return "failed" in {message.status for message in await ends.ours()}

    await eventually(failed, within=10)
    assert await ours(ends) == ["👍"]


@pytest.mark.parametrize(
    ("emoji", "message", "status"),
    [("hola", 1, 422), ("👍" * 20, 1, 422), ("<b>", 1, 422), ("1", 1, 422), ("👍", 999, 404), ("👍", 2**63, 404)],
)
async def test_what_is_no_emoji_or_no_message_is_refused(ends: Ends, emoji: str, message: int, status: int) -> None:
    await ends.writes(MARIA)

    assert (await react(ends, emoji, message)).status_code == status
    assert await ends.ours() == []


@pytest.mark.parametrize("emoji", ["❤️", "👍🏽", "🇵🇪", "👨‍👩‍👧", "☝️", "✍️"])
async def test_hearts_skins_flags_and_families_are_emoji(ends: Ends, emoji: str) -> None:
    await ends.writes(MARIA)

    assert (await react(ends, emoji)).status_code == 200
