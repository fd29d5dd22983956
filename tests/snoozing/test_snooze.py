"""Put aside from the screen, back when it is time or when there is something to answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from console import clock
from console.inbox import assign
from console.inbox.models import Conversation
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.inbox.people import actions


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        front.app.state["work"].cancel()
        await front.webhook(meta.body(meta.text("Le pago el viernes")))
        yield front


@pytest.fixture
async def ana(front: Front) -> Person:
    return await front.agent("Ana")


async def stands(front: Front) -> Conversation:
    async with front.console.db.reading() as tx:
        return await tx.get_one(Conversation, 1)


async def test_it_is_put_aside_and_stands_among_the_postponed(front: Front, ana: Person) -> None:
    form = await ana.see("/inbox/1/snooze")
    assert "Dentro de 1 hora" in form
    assert "donde está (Lima)" in form

    answer = await ana.do("/inbox/1/snooze", until="hour")

    assert answer.status_code == 200, answer.text
    found = await stands(front)
    assert found.status == "snoozed"
    assert found.snoozed_until is not None
    assert timedelta(minutes=59) < found.snoozed_until - clock.now() <= timedelta(hours=1)
    assert 'id="row-1"' in await ana.see("/inbox?view=snoozed")
    assert 'id="row-1"' not in await ana.see("/inbox?view=all")
    assert "pospuso la conversación: dentro de 1 hora" in await ana.see("/inbox/1?view=snoozed")


async def test_a_mere_thank_you_leaves_it_aside_unread_and_nobody_waiting(front: Front, ana: Person) -> None:
    await ana.do("/inbox/1/snooze", until="reply")
    before = await stands(front)

    await front.webhook(meta.body(meta.text("ok gracias 🙏")))

    found = await stands(front)
    assert (found.status, found.snoozed_until) == ("snoozed", None)
    assert found.inbound_count == before.inbound_count + 1
    assert found.window_closes_at is not None
    assert before.window_closes_at is not None
    assert found.window_closes_at >= before.window_closes_at, "the service window opens anew all the same"
    assert "conversation.reopened" not in await actions(front.console.db, conversation_id=1)


@pytest.mark.parametrize("text", ["ok, pero no me alcanza", "sí", "¿cuánto era?"])
async def test_an_answer_brings_it_back(front: Front, ana: Person, text: str) -> None:
    await ana.do("/inbox/1/snooze", until="hour")

    await front.webhook(meta.body(meta.text(text)))

    found = await stands(front)
    assert (found.status, found.snoozed_until) == ("open", None)
    assert found.waiting_since is not None


async def test_its_time_brings_it_back(front: Front, ana: Person) -> None:
    await ana.do("/inbox/1/snooze", until="hour")
    until = (await stands(front)).snoozed_until
    assert until is not None
    clock.set_source(lambda: until)
    try:
        async with front.console.db.transaction() as tx:
            assert await assign.wake(tx) == 1
    finally:
        clock.set_source(None)
    assert (await stands(front)).status == "open"


async def test_until_a_reply_no_time_brings_it_back(front: Front, ana: Person) -> None:
    await ana.do("/inbox/1/snooze", until="reply")

    async with front.console.db.transaction() as tx:
        assert await assign.wake(tx) == 0


@pytest.mark.parametrize(("form", "says"), [({}, "Elija hasta cuándo"), ({"until": "other"}, "Escriba el día")])
async def test_what_is_wrong_is_said_in_the_form(ana: Person, form: dict[str, str], says: str) -> None:
    answer = await ana.do("/inbox/1/snooze", **form)

    assert answer.status_code == 422
    assert says in answer.text
    assert 'id="deed"' in answer.text
