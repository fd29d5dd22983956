"""What came a moment before closing and nobody answered: the bot takes it up once, and leaves what somebody holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from console.audit import SYSTEM
from console.bots import conduct, runner
from console.bots.models import BotCursor
from console.bots.runner import Bot
from console.inbox import assign, reply
from console.snoozing.acknowledgements import is_acknowledgement
from tests.bots.night import LIMA, Night, a_night, ana_of
from tests.conftest import Moment
from tests.inbox import meta
from tests.patience import eventually

ALMOST = datetime(2026, 11, 20, 17, 58, tzinfo=LIMA)
"""A Friday, two minutes before the team goes home."""


async def closes(night: Night, *, after: timedelta = timedelta(minutes=2, seconds=10)) -> list[str]:
    """Hours end, the bot looks at what is left, and takes its turns; all it said to María."""
    night.moment.is_(max(night.moment.now, ALMOST + after))
    await night.bot.listen()
    await night.bot.pick_up_what_is_left()
    while await night.bot.answer_due():
        pass
    return [row.text or "" for row in await night.said() if row.author_kind == "bot"]


async def test_who_wrote_a_moment_before_closing_is_answered_once(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment, at=ALMOST) as night:
        await night.owes()
        assert await night.writes("buenas tardes", "cuanto debo y por donde pago") == []
        assert await night.bot.pick_up_what_is_left() == 0

        (asked,) = await closes(night)

        assert "su año de nacimiento" in asked
        assert "412" not in asked
        (step,) = await night.steps()
        assert len(step.heard) == 2
        assert "balance" in {label for label, _score in step.understood["intents"]}
        moment.passes(minutes=30)
        assert len(await closes(night)) == 1


async def test_the_dialogue_goes_on_from_there(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST) as night:
        await night.owes()
        await night.writes("cuanto debo")
        await closes(night)

        (told,) = await night.writes("7304 1991")

        assert "412.50" in told


async def test_two_workers_and_a_message_after_closing_make_one_dialogue(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment, at=ALMOST) as night:
        await night.writes("hola", "cuanto debo")
        other = Bot(night.db, night.console.settings, night.console.payments, None)
        moment.passes(minutes=3)
        await night.writes("??", answered=False)

        await asyncio.gather(
            night.bot.pick_up_what_is_left(), other.pick_up_what_is_left(), night.bot.listen(), other.listen()
        )
        moment.passes(seconds=4)
        await asyncio.gather(night.bot.answer_due(), other.answer_due())
        while await night.bot.answer_due():
            pass

        assert len(await night.sessions()) == 1
        assert len(await night.said()) == 1


async def test_what_somebody_holds_is_theirs(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment, at=ALMOST) as night:
        await night.writes("cuanto debo")
        ana, conversation = await ana_of(night), await night.conversation()
        assert conversation is not None
        async with night.db.transaction() as tx:
            await assign.claim(tx, conversation, by=ana)

        assert await closes(night) == []
        assert all(session.ended_why == "human" for session in await night.sessions())
        moment.passes(minutes=20)
        async with night.db.transaction() as tx:
            await assign.release(tx, conversation, by=ana)

        assert len(await closes(night)) == 1, "given back unanswered, it stands in the queue like the others"


async def test_who_was_answered_is_left_alone(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST) as night:
        await night.writes("cuanto debo")
        ana, conversation = await ana_of(night), await night.conversation()
        assert conversation is not None
        async with night.db.transaction() as tx:
            await reply.reply(tx, conversation, by=ana, text="Buenas tardes, mañana le llamo.", client_key="k")
            await assign.release(tx, conversation, by=ana)

        assert await closes(night) == []


async def test_who_wrote_back_to_a_person_a_moment_ago_waits_for_the_quiet(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST - timedelta(minutes=3)) as night:
        await night.writes("hola")
        echo = {**meta.text("Le escribe Ana", sender=None), "to": meta.MARIA, "from": "51144218300"}
        await night.delivers(meta.delivery({"field": "smb_message_echoes", "value": {
            "messaging_product": "whatsapp", "metadata": {"phone_number_id": meta.PHONE_NUMBER_ID},
            "message_echoes": [echo],
        }}))  # fmt: skip
        moment.passes(minutes=1)
        await night.writes("cuanto debo")

        assert await closes(night) == []
        moment.passes(minutes=20)
        while await night.bot.answer_due():
            pass
        assert [row.author_kind for row in await night.said()] == ["phone", "bot"]


@pytest.mark.parametrize("words", ["gracias", "ok"])
async def test_a_thank_you_is_not_woken_up(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, words: str
) -> None:
    assert is_acknowledgement(words)
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST) as night:
        await night.writes(words)

        assert await closes(night) == []


OpenNight = Callable[[datetime], AbstractAsyncContextManager[Night]]


@pytest.fixture
def an_evening(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> OpenNight:
    """A console that opens at a moment of the test's choice."""
    return lambda at: a_night(sqlite_database_url, tmp_path, moment, at=at)


@pytest.mark.parametrize(
    ("before", "looked", "answers"),
    [(9 * 60, 3, 1), (5 * 60, 4 * 60, 1), (0, 11 * 60, 1), (0, 12 * 60 + 30, 0)],
)
async def test_the_whole_day_is_taken_up_but_nothing_older_than_twelve_hours(
    an_evening: OpenNight, before: int, looked: int, answers: int
) -> None:
    async with an_evening(ALMOST - timedelta(minutes=before)) as night:
        await night.writes("cuanto debo")

        assert len(await closes(night, after=timedelta(minutes=looked))) == answers


@pytest.mark.parametrize("mode", ["off", "paused"])
async def test_a_bot_that_may_not_speak_does_not(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, mode: str
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST) as night:
        values = {"mode": "off"} if mode == "off" else {"paused_until": ALMOST + timedelta(hours=1)}
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, **values)
        await night.writes("cuanto debo")

        assert await closes(night) == []
        moment.passes(hours=2)
        assert len(await closes(night)) == (0 if mode == "off" else 1)


async def test_what_was_written_before_the_bot_was_here_is_none_of_its_business(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST) as night:
        await night.writes("cuanto debo")
        async with night.db.transaction() as tx:
            await tx.execute(update(BotCursor).values(since=ALMOST + timedelta(minutes=1)))

        assert await closes(night) == []


async def test_in_the_morning_it_is_handed_over_and_not_taken_up_again(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST - timedelta(days=1)) as night:
        await night.writes("quiero hablar con una persona")
        moment.is_(ALMOST - timedelta(days=1) + timedelta(minutes=3))
        assert len(await closes_now(night)) == 1
        moment.is_(ALMOST.replace(hour=8, minute=1))
        assert await night.bot.hand_over_in_the_morning() == 1

        assert len(await closes(night)) == 1


async def closes_now(night: Night) -> list[str]:
    """As `closes`, at the moment it is."""
    await night.bot.pick_up_what_is_left()
    while await night.bot.answer_due():
        pass
    return [row.text or "" for row in await night.said() if row.author_kind == "bot"]


async def test_the_loop_looks_by_itself(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=ALMOST) as night:
        await night.writes("cuanto debo")
        moment.passes(minutes=3)
        stop = asyncio.Event()
        looking = asyncio.create_task(runner.mornings(night.bot, stop))

        await eventually(night.sessions)

        stop.set()
        await looking
