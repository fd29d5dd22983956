"""One answer and no more: two workers, a dead one, a repeated delivery, a person who was quicker, machines, floods."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from console import audit, clock
from console.audit import SYSTEM
from console.bots import conduct, record, turns
from console.bots.helper import Helper, helped
from console.bots.models import BotSession
from console.bots.runner import Bot
from console.bots.understand import understand
from console.inbox import assign, deliver, reply
from console.inbox.channel import Channel
from console.inbox.models import Message
from console.portfolio.models import ContactPoint
from tests.bots.night import LIMA, RIGHT, Night, a_night, ana_of
from tests.conftest import SECRET_KEY, Moment
from tests.inbox import meta
from tests.patience import eventually


async def a_known_number(night: Night) -> None:
    """María, who proved yesterday to be there."""
    debt = await night.owes()
    async with night.db.transaction() as tx:
        (await tx.get_one(ContactPoint, debt.point_id)).verified_at = clock.now() - timedelta(days=1)


async def test_two_workers_answer_once(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await a_known_number(night)
        other = Bot(night.db, night.console.settings, night.console.payments, None)
        await night.writes("cuanto debo", answered=False)
        await asyncio.gather(night.bot.listen(), other.listen())
        moment.passes(seconds=4)

        await asyncio.gather(*(bot.answer_due() for bot in (night.bot, other) * 5))

        assert len(await night.said()) == 1
        assert len(await night.steps()) == 1


async def test_what_a_dead_worker_had_claimed_is_answered_by_the_next(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.writes("hola", answered=False)
        await night.bot.listen()
        moment.passes(seconds=4)
        async with night.db.transaction() as tx:
            assert await turns.claim(tx, clock.now())

        assert not await night.bot.answer_due() or not await night.said()
        moment.passes(seconds=31)
        await night.bot.answer_due()

        assert len(await night.said()) == 1


async def test_a_repeated_delivery_is_not_answered_again(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        body = meta.body(meta.text("hola"))
        for _again in range(3):
            await night.delivers(body)
            await night.turn()

        assert len(await night.said()) == 1


async def test_a_bubble_that_comes_while_it_thinks_is_answered_with_the_rest(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()
        await night.writes("hola", answered=False)
        await night.bot.listen()
        moment.passes(seconds=4)
        async with night.db.transaction() as tx:
            ((session_id, token),) = await turns.claim(tx, clock.now())
        await night.writes("cuanto debo", answered=False)
        async with night.db.transaction() as tx:
            await tx.execute(update(BotSession).values(claim=None, claimed_until=None))

        await night.turn()

        (step,) = await night.steps()
        assert (session_id, token) != (0, "")
        assert len(step.heard) == 2
        assert len(await night.said()) == 1


async def test_a_reply_that_waits_is_not_sent_over_the_person_who_took_over(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.writes("hola")
        ana, conversation = await ana_of(night), await night.conversation()
        assert conversation is not None
        async with night.db.transaction() as tx:
            await assign.claim(tx, conversation, by=ana)

        async with night.db.transaction() as tx:
            channel_id = (await tx.scalars(select(Channel.id))).one()
            claims = await deliver.claim(tx, channel_id, limit=10, rate=80)

        assert claims.messages == []
        (row,) = await night.said()
        assert (row.status, row.error_details) == ("failed", "yielded")


async def test_who_writes_first_takes_it_from_the_bot(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.writes("hola")
        ana, conversation = await ana_of(night), await night.conversation()
        assert conversation is not None
        async with night.db.transaction() as tx:
            await reply.reply(tx, conversation, by=ana, text="Le atiendo yo", client_key="k")
        await night.bot.listen()

        now = await night.conversation()
        assert now is not None
        assert now.holder_id == ana.id
        assert [session.ended_why for session in await night.sessions()] == ["human"]
        assert await night.writes("gracias") == []


async def test_another_machine_is_left_alone_after_ten_answers(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        for number in range(15):
            await night.writes(f"hola{'a' * number}")

        assert len(await night.said()) == 10
        assert [alert.kind for alert in await night.alerts()] == ["loop"]
        (session,) = await night.sessions()
        assert session.reason == "loop"


async def test_a_flood_is_stored_and_not_answered(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.writes(*(f"mensaje {number}" for number in range(40)))

        conversation = await night.conversation()
        assert conversation is not None
        assert conversation.inbound_count == 40
        assert await night.said() == []
        assert [alert.kind for alert in await night.alerts()] == ["flood"]


async def test_our_own_number_is_not_answered(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        async with night.db.transaction() as tx:
            await tx.execute(update(Channel).values(display_phone_number="+51 944 218 305"))

        assert await night.writes("hola") == []


async def test_a_number_guessed_at_from_many_phones_is_locked_for_all(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        debt = await night.owes()
        for number in range(6):
            phone = f"5194421840{number}"
            async with night.db.transaction() as tx:
                point = ContactPoint(debtor_id=debt.debtor_id, phone=f"+{phone}", match_key=phone, source="prueba")
                point.state, point.created_at, point.updated_at = "active", clock.now(), clock.now()
                tx.add(point)
            await night.writes("cuanto debo", sender=phone)
            await night.writes(f"{1000 + number} 1991", sender=phone)
            moment.passes(hours=1)

        (asked,) = await night.writes("cuanto debo")
        answers = await night.writes(RIGHT)

        assert "le atenderá una persona" in asked
        assert all("412" not in text for text in answers)
        assert await night.entries("bot.disclosed") == []
        assert {alert.kind for alert in await night.alerts()} == {"guessing"}


async def test_replies_are_capped_and_counted(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, most_replies=2, reply_price_minor=5)
        for _ in range(4):
            await night.writes("a que hora atienden?")
            moment.passes(minutes=6)

        ana = await ana_of(night)
        async with night.db.reading() as tx:
            told = await record.night_of(tx, ana, since=clock.now() - timedelta(hours=2))
        assert (told.replies, told.cost, told.reasons) == (2, 10, {"spent": 1})


async def test_a_dialogue_can_be_replayed_step_by_step(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.owes()
        await night.writes("cuanto debo")
        await night.writes(RIGHT)
        ana = await ana_of(night)
        async with night.db.reading() as tx:
            (shown,) = await record.sessions_of(tx, ana, live=True)
            session, steps = await record.replay(tx, ana, shown.id)

        assert session.is_verified
        assert [step.heard for step in steps] == [["cuanto debo"], [RIGHT]]
        assert [step.asked for step in steps] == ["identity", None]
        assert steps[0].texts[0][0] == "pedir_identidad"
        assert "archivo" in steps[0].texts[0][1]
        assert [deed["deed"] for deed in steps[1].deeds] == ["confirmed", "disclosed"]
        assert steps[1].said is not None
        assert "412.50" in steps[1].said
        async with night.db.reading() as tx:
            assert (await audit.verify(tx, SECRET_KEY)).intact


@pytest.mark.parametrize("mode", ["off", "always", "unanswered"])
async def test_modes(sqlite_database_url: str, tmp_path: Path, moment: Moment, mode: str) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        moment.is_(moment.now.replace(hour=15) + timedelta(days=2))  # Monday morning
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, mode=mode)

        at_once = await night.writes("hola")
        moment.passes(minutes=11)
        await night.turn()

        assert (len(at_once), len(await night.said())) == {"off": (0, 0), "always": (1, 1), "unanswered": (0, 1)}[mode]


async def test_a_silent_or_inventive_model_changes_nothing() -> None:
    class Peer(Helper):
        def __init__(self, label: str | None) -> None:
            self.says = label

        async def label(self, text: str) -> str | None:
            assert text
            return self.says

    guess = understand("que onda con lo mio pues")
    better, chosen = await helped(guess, "que onda con lo mio pues", Peer("balance"))
    same, nothing = await helped(guess, "que onda con lo mio pues", Peer(None))

    assert (same, nothing) == (guess, None)
    assert chosen in {None, "balance"}
    assert better.labels in {guess.labels, ("balance",)}


async def test_what_was_handed_over_at_once_is_not_told_again_in_the_morning(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.writes("ya no quiero vivir, me quiero matar")
        assert len(await night.entries("bot.handed_over")) == 1

        moment.is_(datetime(2026, 11, 23, 8, 1, tzinfo=LIMA))
        assert await night.bot.hand_over_in_the_morning() == 1

        assert len(await night.entries("bot.handed_over")) == 1
        assert [session.ended_why for session in await night.sessions()] == ["morning"]


async def test_a_link_that_is_long_in_coming_keeps_nobody_else_waiting(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async def hangs(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        writer.close()
        closed.set()

    asked, over, closed, stop = (asyncio.Event() for _ in range(4))
    checkout = await asyncio.start_server(hangs, "127.0.0.1", 0)
    provider: dict[str, Any] = {
        "payments_provider": "stripe",
        "payments_api_url": f"http://127.0.0.1:{checkout.sockets[0].getsockname()[1]}",
    }
    async with a_night(sqlite_database_url, tmp_path, moment, **provider) as night:
        await a_known_number(night)
        await night.writes("mándeme el enlace de pago", answered=False)
        await night.bot.listen()
        moment.passes(seconds=4)
        running = asyncio.create_task(night.bot.run(stop))
        try:
            async with asyncio.timeout(10):
                await asked.wait()
            await night.delivers(meta.body(meta.text("hola", sender="51987000222")))
            await eventually(lambda: _is_heard(night, 2), within=10)
            moment.passes(seconds=4)

            await eventually(lambda: night.said("51987000222"), within=4)
            assert await night.said() == []
        finally:
            over.set()
            await closed.wait()
            checkout.close()
            stop.set()
            async with asyncio.timeout(30):
                await running


async def _is_heard(night: Night, dialogues: int) -> bool:
    return len(await night.sessions()) == dialogues


async def test_danger_is_answered_whoever_it_is(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, helpline="Línea propia 0800 11111")
        (told,) = await night.writes("me quiero matar")

        assert "Línea propia 0800 11111" in told
        (alert,) = await night.alerts()
        assert (alert.kind, alert.seen_at) == ("distress", None)
        async with night.db.reading() as tx:
            line = (await tx.scalars(select(Message.content).where(Message.kind == "event"))).all()
        assert {"bot_alerted", "bot_handed_over"} <= {content["action"] for content in line if content}
