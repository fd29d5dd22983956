"""A message for later: seen, cancelled by hand, by an answer or a payment; it leaves once, if it still may."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from tests.conftest import Moment
from tests.front import Front, Person
from tests.inbox import meta
from tests.inbox.people import actions
from tests.scheduling.floor import LIMA, TEXT, change, ends, left, row_in, schedule, turns


async def test_it_stands_in_the_thread_and_leaves_at_its_moment(front: Front, ana: Person, moment: Moment) -> None:
    answer = await schedule(ana)
    assert answer.status_code == 201, answer.text
    page = await ana.see("/inbox/1?view=all")
    assert "Programado por" in page
    assert "Cancelar el envío" in page
    assert await turns(front) == 0

    moment.passes(hours=3)

    assert await turns(front) == 1
    assert await left(front) == [TEXT]
    assert await ends(front) == [("sent", None)]
    seen = await actions(front.console.db, conversation_id=1)
    assert [it for it in seen if "schedule" in it or it == "message.queued"] == [
        "message.scheduled",
        "message.queued",
        "message.schedule_sent",
    ]


async def test_the_list_shows_what_was_last_said_and_that_something_waits(front: Front, ana: Person) -> None:
    async def row() -> str:
        return (await ana.see("/inbox?view=all")).split('id="row-1"')[1].split("</li>")[0]

    before = await row()
    mine = row_in(await schedule(ana))

    assert "<bdi>Le pago más tarde</bdi>" in await row()
    assert TEXT not in await row()
    assert "Hay un mensaje programado" in await row()
    position = re.compile(r'data-position="(\d+)"')
    assert position.findall(await row()) == position.findall(before)

    await ana.do(f"/inbox/1/scheduled-messages/{mine}/cancellation")
    assert "Hay un mensaje programado" not in await row()


async def test_it_is_cancelled_by_hand_and_once(front: Front, ana: Person, moment: Moment) -> None:
    row = (await schedule(ana)).text.split('id="message-')[1].split('"')[0]

    for _twice in range(2):
        answer = await ana.do(f"/inbox/1/scheduled-messages/{row}/cancellation")
        assert "cancelado" in answer.text
    moment.passes(hours=3)

    assert await turns(front) == 0
    assert await left(front) == []


async def test_an_answer_cancels_it_at_once(front: Front, ana: Person, moment: Moment) -> None:
    await schedule(ana)

    await front.webhook(meta.body(meta.text("Ya pagué", at=moment.now)))
    assert await turns(front) == 1

    assert await ends(front) == [("cancelled", "replied")]
    assert "no salió: respondió antes" in await ana.see("/inbox/1?view=all")
    assert await left(front) == []


async def test_a_payment_cancels_it_at_once(front: Front, ana: Person) -> None:
    await schedule(ana)

    await change(front, Conversation, balance_minor=0, currency="PEN")
    assert await turns(front) == 1

    assert await ends(front) == [("cancelled", "balance")]


async def test_what_may_no_longer_be_said_does_not_leave(front: Front, ana: Person, moment: Moment) -> None:
    await schedule(ana)
    await change(front, Contact, opted_out_at=moment.now + timedelta(hours=1))
    # An answer to what they wrote before would still be allowed, once: it has been given.
    await ana.reply(1, "Recibido")

    moment.passes(hours=3)
    await turns(front)

    assert await ends(front) == [("cancelled", "opted_out")]
    assert await left(front) == ["Recibido"]


async def test_after_a_night_without_power_it_does_not_leave_late(front: Front, ana: Person, moment: Moment) -> None:
    await schedule(ana)

    moment.is_(datetime(2026, 11, 20, 23, 30, tzinfo=LIMA))
    await turns(front)

    assert await ends(front) == [("cancelled", "hours")]
    assert await left(front) == []


async def test_four_workers_send_it_once(front: Front, ana: Person, moment: Moment) -> None:
    for number in range(3):
        await schedule(ana, text=f"{TEXT} {number}")
    moment.passes(hours=3)

    assert sum(await asyncio.gather(*(turns(front) for _ in range(4)))) == 3
    assert sorted(str(text) for text in await left(front)) == [f"{TEXT} {number}" for number in range(3)]


async def test_the_same_key_schedules_one(front: Front, ana: Person) -> None:
    key = str(uuid.uuid4())

    answers = [await schedule(ana, client_key=key) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {201}
    assert await ends(front) == [("waiting", None)]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"text": " "}, "invalid"),
        ({"text": "a" * 4097}, "invalid"),
        ({"text": "Debe {saldo}"}, "unfilled_variable"),
        ({"until": "reply"}, "invalid"),
        ({"until": "other", "at": "2026-11-20T09:59"}, "invalid"),
        ({"until": "other", "at": "2026-11-20T23:00"}, "outside_hours"),
        ({"until": "other", "at": "2026-11-21T10:30"}, "window_closed"),
    ],
)
async def test_what_is_wrong_is_said_in_the_form(front: Front, ana: Person, form: dict[str, str], code: str) -> None:
    answer = await schedule(ana, **form)

    assert (answer.status_code, answer.headers["x-refused"]) == (422, code)
    assert 'id="deed"' in answer.text
    assert await ends(front) == []


async def test_five_wait_and_the_sixth_is_told_so(front: Front, ana: Person) -> None:
    for number in range(5):
        assert (await schedule(ana, text=f"{number}")).status_code == 201

    assert (await schedule(ana)).status_code == 409
    assert len(await ends(front)) == 5


async def test_the_form_offers_only_what_can_leave(ana: Person, moment: Moment) -> None:
    assert "Dentro de 1 hora" in await ana.see("/inbox/1/schedule")
    moment.is_(datetime(2026, 11, 20, 21, 0, tzinfo=UTC) + timedelta(hours=3))
    assert "Dentro de 1 hora" not in await ana.see("/inbox/1/schedule")
