"""What comes between any two steps of a dialogue: a person, the hour of opening, a number in doubt, a second worker."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from console import clock
from console.bots.runner import Bot
from console.inbox import assign
from console.inbox.contacts import Contact
from console.inbox.models import Message
from console.portfolio.agreements import Plan, Promise
from tests.bots.night import LIMA, RIGHT, Night, a_night, ana_of
from tests.conftest import Moment

LINES = ["cuanto debo", RIGHT, "mandame el link", "pago el 27", "si", "quiero pagar en cuotas", "3", "si"]
_OF_A_DEBT = re.compile(r"412|S/|PR-\d|María|/p/|cuotas de")


async def agreements(night: Night) -> list[int]:
    async with night.db.reading() as tx:
        return [await tx.scalar(select(func.count()).select_from(table)) or 0 for table in (Promise, Plan)]


async def goes(night: Night, lines: list[str]) -> list[str]:
    """She writes these, one after the other; all that the bot says to them."""
    said = []
    for line in lines:
        said += await night.writes(line)
    return said


@pytest.mark.parametrize("at", range(1, len(LINES)))
async def test_whoever_takes_it_there_has_the_word(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, at: int
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()
        assert len(await goes(night, LINES[:at])) == at
        agreed, ana, conversation = await agreements(night), await ana_of(night), await night.conversation()
        assert conversation is not None
        async with night.db.transaction() as tx:
            await assign.claim(tx, conversation, by=ana)

        assert await goes(night, LINES[at:]) == []

        assert await agreements(night) == agreed
        now = await night.conversation()
        assert now is not None
        assert now.holder_id == ana.id


@pytest.mark.parametrize("at", range(1, len(LINES)))
async def test_once_people_are_there_it_is_silent(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, at: int
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()
        await goes(night, LINES[:at])
        agreed = await agreements(night)
        moment.is_(datetime(2026, 11, 21, 9, 0, tzinfo=LIMA))

        assert await goes(night, LINES[at : at + 2]) == []

        assert await agreements(night) == agreed


@pytest.mark.parametrize("at", range(1, len(LINES)))
async def test_a_number_in_doubt_hears_nothing_until_it_is_proved_anew(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, at: int
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()
        await goes(night, LINES[:at])
        agreed = await agreements(night)
        moment.passes(minutes=6)
        async with night.db.transaction() as tx:
            await tx.execute(update(Contact).values(identity_doubt_at=clock.now()))
        moment.passes(minutes=1)

        said = await goes(night, [line for line in LINES[at:] if line != RIGHT])

        assert not [text for text in said if _OF_A_DEBT.search(text.partition("\n\nSoy")[0])]
        assert await agreements(night) == agreed
        moment.passes(minutes=6)
        (told,) = await night.writes(f"{RIGHT}, cuanto debo")
        assert "412.50" in told


async def test_two_workers_at_every_step_say_each_thing_once(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.owes()
        other = Bot(night.db, night.console.settings, night.console.payments, None)
        for number, line in enumerate(LINES, 1):
            await night.writes(line, answered=False)
            await asyncio.gather(night.bot.listen(), other.listen())
            moment.passes(seconds=4)
            await asyncio.gather(*(bot.answer_due() for bot in (night.bot, other, night.bot, other)))
            while await night.bot.answer_due():
                pass

            assert len(await night.said()) == number, line
        assert await agreements(night) == [1, 1]
        async with night.db.reading() as tx:
            said = select(Message.client_key).where(Message.author_kind == "bot", Message.direction == "out")
            keys = (await tx.scalars(said)).all()
        assert len(keys) == len(set(keys)) == len(LINES)
