"""The queue of the morning: what the bot left to people, by urgency, to whoever may see it, until somebody answers."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, select

from console.agents import Viewer
from console.audit import AuditEntry
from console.bots import morning
from console.bots.runner import Bot
from console.db import Database
from tests.bots.night import EVENING
from tests.bots.test_pages import maria
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for
from tests.inbox import meta

JULIO, PEDRO = "51987000222", "51987000333"
TO_MORNING = {"hours": 13}  # Saturday, a quarter past nine: somebody is there


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    moment.is_(EVENING)
    async with a_console(settings_for(database_url, tmp_path, bot=False)) as front:
        yield front


async def a_night(front: Front, moment: Moment, *said: tuple[str, str]) -> Bot:
    bot = Bot(front.console.db, front.console.settings, None, None)
    await bot.listen()
    for sender, text in said:
        await front.webhook(meta.body(meta.text(text, sender=sender)))
        await bot.listen()
        moment.passes(seconds=4)
        while await bot.answer_due():
            pass
    return bot


def waiting(page: str) -> list[str]:
    """The conversations that wait, in order."""
    return re.findall(r'<a href="/inbox/(\d+)"><b', page)


async def test_what_it_left_stands_by_urgency_with_the_facts_until_somebody_answers(
    front: Front, moment: Moment
) -> None:
    await maria(front)
    bot = await a_night(
        front,
        moment,
        (meta.MARIA, "Buenas noches cuánto debo"),
        (meta.MARIA, "7304 1991"),
        (JULIO, "quiero hablar con una persona"),
        (PEDRO, "los voy a denunciar a indecopi"),
    )
    moment.passes(**TO_MORNING)
    await bot.hand_over_in_the_morning()
    elena = await front.agent("Elena", role="admin")
    luz = await front.agent("Luz", role="supervisor", team="Mora")

    page = await elena.see("/inbox/morning")
    assert waiting(page) == ["3", "2"]  # the complaint first; whom the bot could serve waits for nobody
    assert "Queja" in page
    assert "Pidió: presenta una queja." in page
    assert "No confirmó su identidad: no se le dijo nada de la deuda." in page
    assert waiting(await elena.see("/bot")) == ["3", "2"]
    assert 'href="/inbox/morning"' in await elena.see("/inbox")

    elsewhere = await luz.see("/inbox/morning")
    assert waiting(elsewhere) == []
    assert "Nadie espera por el bot" in elsewhere

    await elena.do("/inbox/3/assignment", holder="me")
    assert "la tiene usted" in await elena.see("/inbox/morning")
    said = {"text": "Buenos días, le ayudo.", "client_key": str(uuid.uuid4())}
    assert (await elena.do("/inbox/3/replies", **said)).status_code < 300
    assert waiting(await elena.see("/inbox/morning")) == ["2"]


async def test_who_is_in_danger_does_not_wait_for_the_morning(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    await a_night(front, moment, (JULIO, "quiero hablar con una persona"), (PEDRO, "ya no quiero vivir"))

    page = await elena.see("/inbox/morning")

    assert waiting(page) == ["2"]
    assert 'class="first"' in page


async def test_an_alert_stands_on_the_floor_until_somebody_attends_to_it(front: Front, moment: Moment) -> None:
    bot = await a_night(front, moment, (PEDRO, "me siento vacía por dentro"))
    elena = await front.agent("Elena", role="admin")
    assert "Mensaje que preocupa" in await elena.see("/supervisor")

    await elena.do("/inbox/1/notes", text="Llamarla.", client_key=str(uuid.uuid4()))
    await bot.listen()
    assert "Mensaje que preocupa" in await elena.see("/supervisor")  # nobody has it yet

    await elena.do("/inbox/1/assignment", holder="me")
    await bot.listen()
    assert "Mensaje que preocupa" not in await elena.see("/supervisor")
    async with front.console.db.reading() as tx:
        seen = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "bot.alert_seen"))).one()
    assert (seen.actor_name, seen.conversation_id) == ("Elena", 1)


async def test_it_costs_one_query_however_long_it_is(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    bot = await a_night(front, moment, *((f"5198700{n:04}", "quiero hablar con una persona") for n in range(7)))
    moment.passes(**TO_MORNING)
    await bot.hand_over_in_the_morning()
    viewer = Viewer(id=elena.id, name="Elena", role="admin", team_ids=frozenset())

    short, long = [await queries(front.console.db, viewer, moment, limit=limit) for limit in (1, 50)]

    assert (short, long) == ((1, 1), (1, 7))


async def queries(db: Database, viewer: Viewer, moment: Moment, *, limit: int) -> tuple[int, int]:
    """How many statements of ours it takes (others work beside us), and what they find."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "bot_session" in statement:
            seen.append(statement)

    async with db.reading() as tx:
        engine = (await tx.connection()).sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            found = await morning.left_to_people(tx, viewer, moment.now, limit=limit)
        finally:
            event.remove(engine, "before_cursor_execute", note)
    return len(seen), len(found)
