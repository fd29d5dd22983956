"""What is honoured whatever stands in the way: a cap, a flood, a number that cannot be written to, a mode by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from console import clock
from console.agents import Team
from console.audit import SYSTEM
from console.bots import conduct
from console.bots.models import BotSession
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.portfolio.agreements import Dispute
from tests.bots.night import LIMA, Night, a_night
from tests.conftest import Moment
from tests.inbox import meta

DANGER = "ya no quiero vivir, me quiero matar"


async def contact_of(night: Night, phone: str = meta.MARIA) -> Contact:
    async with night.db.reading() as tx:
        return (await tx.scalars(select(Contact).where(Contact.wa_id == phone))).one()


async def kinds(night: Night) -> list[str]:
    return sorted(alert.kind for alert in await night.alerts())


async def at_its_cap(night: Night) -> None:
    """All has been said that may be said in this dialogue."""
    async with night.db.transaction() as tx:
        await conduct.change(tx, night.team_id, by=SYSTEM, most_replies=1)
    assert len(await night.writes("a que hora atienden?")) == 1


async def test_who_is_in_danger_is_answered_beyond_every_cap(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await at_its_cap(night)

        (told,) = await night.writes(DANGER)

        assert "113" in told
        assert "distress" in await kinds(night)
        conversation = await night.conversation()
        assert conversation is not None
        assert conversation.holder_id is None  # people have it, now
        # Once: what comes after it is silence again.
        assert await night.writes("me quiero morir") == []


@pytest.mark.parametrize(
    ("words", "column"),
    [("no me escriban mas", "opted_out_at"), ("se equivocaron de numero, no soy esa persona", "wrong_number_at")],
)
async def test_who_wants_to_be_left_alone_is_left_alone_beyond_every_cap(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, words: str, column: str
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await at_its_cap(night)

        assert await night.writes(words) == []

        assert getattr(await contact_of(night), column) is not None


async def test_what_is_contested_in_a_flood_is_contested(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()

        await night.writes(*(f"mensaje {number}" for number in range(35)), "no reconozco esa deuda, yo no saque nada")

        assert await night.said() == []
        async with night.db.reading() as tx:
            assert len((await tx.scalars(select(Dispute))).all()) == 1
        (session,) = await night.sessions()
        assert session.reason == "dispute"


async def test_danger_in_a_flood_is_answered(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.writes(*(f"mensaje {number}" for number in range(35)), DANGER)

        (row,) = await night.said()
        assert "113" in (row.text or "")
        assert await kinds(night) == ["distress", "flood"]


async def test_nobody_can_be_told_and_a_supervisor_knows_all_the_same(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.writes("hola")
        async with night.db.transaction() as tx:
            await tx.execute(update(Contact).values(blocked_us_at=clock.now() + timedelta(days=1)))

        assert await night.writes(DANGER) == []

        assert await kinds(night) == ["distress"]


async def test_what_one_team_said_tonight_silences_no_other(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        async with night.db.transaction() as tx:
            other = Team(name="Otro equipo", created_at=clock.now())
            tx.add(other)
            await tx.flush()
            for team_id in (night.team_id, other.id):
                await conduct.change(tx, team_id, by=SYSTEM, most_a_night=2)
        for number in range(3):
            await night.writes("hola", sender=f"5198700011{number}")
        assert len(await night.said("51987000111")) == 1
        assert await night.said("51987000112") == []

        await night.writes("hola", sender="51987000119", answered=False)
        async with night.db.transaction() as tx:
            await tx.execute(
                update(Conversation)
                .where(Conversation.contact_id == (await contact_of(night, "51987000119")).id)
                .values(team_id=other.id)
            )
        await night.turn()

        assert len(await night.said("51987000119")) == 1
        # And that it is spent is told once, whoever else writes.
        await night.writes("hola", sender="51987000120")
        assert await kinds(night) == ["spent"]


@pytest.mark.parametrize("mode", ["always", "unanswered"])
async def test_who_asked_for_a_person_at_night_has_one_in_the_morning_in_every_mode(
    database_url: str, tmp_path: Path, moment: Moment, mode: str
) -> None:
    async with a_night(database_url, tmp_path, moment, at=datetime(2026, 11, 22, 23, 30, tzinfo=LIMA)) as night:
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, mode=mode)
        await night.writes("quiero hablar con una persona")
        await night.writes("a que hora atienden", sender="51987000222")
        assert await night.bot.hand_over_in_the_morning() == 0

        moment.is_(datetime(2026, 11, 23, 8, 1, tzinfo=LIMA))
        await night.bot.hand_over_in_the_morning()

        ended = {session.conversation_id: session.ended_why for session in await night.sessions()}
        conversation, served = await night.conversation(), await night.conversation("51987000222")
        assert conversation is not None
        assert served is not None
        assert (ended[conversation.id], conversation.holder_id) == ("morning", None)
        # Whom it could serve it goes on with, where it always speaks first.
        assert ended[served.id] == (None if mode == "always" else "morning")


async def test_by_day_a_dialogue_is_not_handed_over_a_moment_after_it_began(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment, at=datetime(2026, 11, 23, 10, 0, tzinfo=LIMA)) as night:
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, mode="unanswered", unanswered_minutes=1)
        await night.writes("hola", answered=False)
        await night.bot.listen()
        moment.passes(minutes=2)
        await night.turn()
        assert len(await night.said()) == 1

        assert await night.bot.hand_over_in_the_morning() == 0

        async with night.db.reading() as tx:
            assert (await tx.scalars(select(BotSession.ended_at))).one() is None
