"""A template for later, also outside the window: looked at and filled in afresh as it leaves, or held and told."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime

import pytest

from console import clock
from console.agents import Agent
from console.audit import SYSTEM
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.portfolio.models import Debtor, Invoice
from console.portfolio.standing import recompute
from tests.conftest import Moment
from tests.front import Front, Person
from tests.inbox import meta
from tests.inbox.people import actions
from tests.scheduling.floor import (
    LIMA,
    a_debt,
    a_template,
    change,
    ends,
    left,
    notes,
    row_in,
    schedule_template,
    turns,
)

NEXT_WEEK = {"until": "other", "at": "2026-11-27T10:30"}
THEN = datetime(2026, 11, 27, 10, 30, tzinfo=LIMA)


async def owes(front: Front, debt_id: int, minor: int) -> None:
    """The creditor says so, and the conversation follows."""
    await change(front, Invoice, balance_minor=minor)
    async with front.console.db.transaction() as tx:
        await recompute(tx, [debt_id], by=SYSTEM, moment=clock.now())


async def test_it_leaves_outside_the_window_with_what_is_owed_by_then(
    front: Front, ana: Person, moment: Moment
) -> None:
    debt, template = await a_debt(front), await a_template(front)
    answer = await schedule_template(ana, template, **NEXT_WEEK, terms="1", on_reply="1")
    assert answer.status_code == 201, answer.text
    page = await ana.see("/inbox/1?view=all")
    assert "{saldo}" in page
    assert "aviso saldo" in page
    assert await turns(front) == 0
    await owes(front, debt.account_id, 30000)
    assert await turns(front) == 0, "only an answer was to cancel it"

    moment.is_(THEN)

    assert await turns(front) == 1
    assert await left(front) == ["Hola María, su saldo es S/\u00a0300.00. Quedamos atentos."]
    assert await ends(front) == [("sent", None)]
    seen = await actions(front.console.db, conversation_id=1)
    assert [it for it in seen if "schedule" in it or it == "message.queued"] == [
        "message.scheduled",
        "message.queued",
        "message.schedule_sent",
    ]


async def test_a_payment_cancels_it_at_once_and_a_new_invoice_does_not(front: Front, ana: Person) -> None:
    debt, template = await a_debt(front), await a_template(front)
    await schedule_template(ana, template, **NEXT_WEEK)

    await owes(front, debt.account_id, 50000)
    assert await turns(front) == 0
    await owes(front, debt.account_id, 100)
    assert await turns(front) == 1

    assert await ends(front) == [("cancelled", "paid")]
    assert "no salió: pagó antes" in await ana.see("/inbox/1?view=all")


@pytest.mark.parametrize("on_reply", ["1", ""])
async def test_an_answer_cancels_it_where_that_was_asked_for(
    front: Front, ana: Person, moment: Moment, on_reply: str
) -> None:
    await a_debt(front)
    await schedule_template(ana, await a_template(front), terms="1", on_reply=on_reply, on_payment="1")

    await front.webhook(meta.body(meta.text("Ya le digo", at=moment.now)))
    await turns(front)
    moment.passes(hours=3)
    await turns(front)

    assert await ends(front) == [("cancelled", "replied") if on_reply else ("sent", None)]


async def pause(front: Front) -> None:
    await change(front, MessageTemplate, status="PAUSED")


async def disable(front: Front) -> None:
    await change(front, MessageTemplate, status="DISABLED")


async def reword(front: Front) -> None:
    await change(
        front, MessageTemplate, components=[{"type": "BODY", "text": "Pague ya, {{nombre}} {{saldo}} {{mensaje}}"}]
    )


async def doubt(front: Front) -> None:
    await change(front, Contact, identity_doubt_at=clock.now())


async def write_twice_today(front: Front) -> None:
    luz = await front.agent("Luz")
    for number in range(2):
        form = {"template_id": "1", "variable.nombre": "M", "variable.saldo": "1", "variable.mensaje": str(number)}
        answer = await luz.do("/inbox/1/template-messages", client_key=str(uuid.uuid4()), **form)
        assert answer.status_code == 201


@pytest.mark.parametrize(
    ("what", "reason", "words"),
    [
        (pause, "template_not_approved", "ya no tiene aprobada"),
        (disable, "template_not_approved", "ya no tiene aprobada"),
        (reword, "template_changed", "dice ahora otra cosa"),
        (doubt, "template_variables", "falta un dato, «saldo»"),
        (write_twice_today, "cap", "las veces permitidas"),
    ],
)
async def test_what_cannot_leave_as_it_stands_is_held_and_its_author_is_told(
    front: Front, ana: Person, moment: Moment, *, what: object, reason: str, words: str
) -> None:
    await a_debt(front)
    await schedule_template(ana, await a_template(front), **NEXT_WEEK)
    moment.is_(THEN)
    await what(front)  # type: ignore[operator]
    before = len(await left(front))

    assert await turns(front) == 1
    assert await turns(front) == 0, "it waits for a person, not for the next turn"

    assert await ends(front) == [("held", reason)]
    assert len(await left(front)) == before
    assert words in str((await notes(front))[-1])
    await ana.sign_in()
    assert 'id="row-1"' in await ana.see("/inbox?view=mentions")
    assert words in await ana.see("/scheduled")


async def test_an_amount_typed_by_hand_does_not_leave_once_the_debt_is_another(
    front: Front, ana: Person, moment: Moment
) -> None:
    debt, template = await a_debt(front), await a_template(front)
    await schedule_template(ana, template, **NEXT_WEEK, **{"variable.mensaje": "Son 412.50 soles"})
    await owes(front, debt.account_id, 50000)

    moment.is_(THEN)
    await turns(front)

    assert await ends(front) == [("held", "stale")]


async def test_what_is_held_is_changed_and_leaves(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    row = row_in(await schedule_template(ana, await a_template(front), **NEXT_WEEK))
    moment.is_(THEN)
    await pause(front)
    await turns(front)
    await change(front, MessageTemplate, status="APPROVED")
    await ana.sign_in()

    form = await ana.see(f"/inbox/1/scheduled-messages/{row}/change")
    assert 'value="{saldo}"' in form
    again = {"until": "hour", "template_id": "1", "terms": "1", "on_reply": "1", "variable.nombre": "{nombre}"}
    answer = await ana.do(
        f"/inbox/1/scheduled-messages/{row}/change",
        **again,
        **{"variable.saldo": "{saldo}", "variable.mensaje": "Gracias."},
    )
    assert answer.status_code == 200, answer.text
    moment.passes(hours=1)
    await turns(front)

    assert await left(front) == ["Hola María, su saldo es S/\u00a0412.50. Gracias."]
    assert "message.schedule_changed" in await actions(front.console.db, conversation_id=1)


async def test_two_change_it_and_the_second_is_told(front: Front, ana: Person) -> None:
    await a_debt(front)
    row = row_in(await schedule_template(ana, await a_template(front), **NEXT_WEEK))
    luz = await front.agent("Luz")
    form = {**NEXT_WEEK, "template_id": "1", "variable.nombre": "{nombre}", "variable.saldo": "{saldo}", "version": "1"}
    address = f"/inbox/1/scheduled-messages/{row}/change"

    first = await luz.do(address, **form, **{"variable.mensaje": "De Luz"})
    second = await ana.do(address, **form, **{"variable.mensaje": "De Ana"})

    assert first.status_code == 200
    assert "Luz" in first.text, "whoever changes it answers for it"
    assert (second.status_code, second.headers["x-refused"]) == (409, "version_conflict")
    assert "De Ana" in second.text, "what was written is not lost"


async def test_what_has_left_is_changed_no_more(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    row = row_in(await schedule_template(ana, await a_template(front)))
    moment.passes(hours=3)
    await turns(front)

    form = {"until": "hour", "template_id": "1", "variable.nombre": "x", "variable.saldo": "x", "variable.mensaje": "x"}
    answer = await ana.do(f"/inbox/1/scheduled-messages/{row}/change", **form)

    assert answer.status_code == 409
    assert len(await left(front)) == 1


async def test_it_is_cancelled_from_the_list(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    row = row_in(await schedule_template(ana, await a_template(front), **NEXT_WEEK))
    assert "Sale 27 nov 10:30" in await ana.see("/scheduled")

    assert (await ana.do(f"/scheduled/{row}/cancellation")).status_code == 303

    assert "Nada espera" in await ana.see("/scheduled")
    assert "Cancelado" in await ana.see("/scheduled?show=ended")
    moment.is_(THEN)
    assert await turns(front) == 0


async def test_the_list_shows_nothing_of_another_team(front: Front, ana: Person) -> None:
    await a_debt(front)
    row = row_in(await schedule_template(ana, await a_template(front), **NEXT_WEEK))
    eva = await front.agent("Eva", team="Mora judicial")
    assert "/inbox/1?" in await ana.see("/scheduled?show=own")

    for show in ("own", "all", "ended"):
        assert "/inbox/1?" not in await eva.see(f"/scheduled?show={show}")
    assert (await eva.do(f"/scheduled/{row}/cancellation")).status_code == 404
    assert (await eva.http.get(f"/inbox/1/scheduled-messages/{row}/change")).status_code == 404
    assert await ends(front) == [("waiting", None)]


async def test_after_a_night_without_power_it_is_held(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    await schedule_template(ana, await a_template(front), **NEXT_WEEK)

    moment.is_(datetime(2026, 11, 27, 23, 30, tzinfo=LIMA))
    await turns(front)

    assert await ends(front) == [("held", "hours")]


async def test_the_hours_are_those_where_the_debtor_lives(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    await schedule_template(ana, await a_template(front), until="other", at="2026-11-27T19:30")
    # They have moved: it is past eight there.
    await change(front, Debtor, timezone="America/Sao_Paulo")

    moment.is_(datetime(2026, 11, 27, 19, 30, tzinfo=LIMA))
    await turns(front)

    assert await ends(front) == [("held", "hours")]


async def test_an_opt_out_or_a_disabled_author_cancels_it(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    template = await a_template(front)
    await schedule_template(ana, template, **NEXT_WEEK)
    await schedule_template(await front.agent("Luz"), template, **NEXT_WEEK)
    moment.is_(THEN)
    await change(front, Agent, disabled_at=moment.now)
    async with front.console.db.transaction() as tx:
        (await tx.get_one(Agent, ana.id)).disabled_at = None
    await change(front, Contact, opted_out_at=moment.now)

    await turns(front)

    assert await ends(front) == [("cancelled", "opted_out"), ("cancelled", "author")]
    assert await left(front) == []


async def test_four_workers_send_it_once(front: Front, ana: Person, moment: Moment) -> None:
    await a_debt(front)
    template = await a_template(front)
    for number in range(2):
        assert (await schedule_template(ana, template, **{"variable.mensaje": f"Uno {number}"})).status_code == 201
    moment.passes(hours=3)

    assert sum(await asyncio.gather(*(turns(front) for _ in range(4)))) == 2
    assert len(await left(front)) == 2


async def test_the_form_reads_as_it_would_leave_now(front: Front, ana: Person) -> None:
    await a_debt(front)
    template = await a_template(front)

    form = await ana.see(f"/inbox/1/schedule?template_id={template}")
    assert "S/\u00a0412.50" in form
    assert 'value="{saldo}"' in form
    asked = "&".join(
        [f"template_id={template}", "variable.nombre={nombre}", "variable.mensaje=Hola+%7Bpromesa_fecha%7D"]
    )
    preview = await ana.see(f"/inbox/1/schedule/preview?{asked}")
    assert "De «promesa_fecha» no se sabe nada ahora" in preview


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"variable.mensaje": ""}, "template_variables"),
        ({"variable.mensaje": "a\nb"}, "template_variables"),
        ({"variable.mensaje": "a" * 1025}, "template_variables"),
        ({"variable.mensaje": "{promesa_fecha}"}, "template_variables"),
        ({"variable.mensaje": "{nada}"}, "unknown_variable"),
        ({"variable.otra": "x"}, "template_variables"),
        ({"until": "other", "at": "2026-11-20T23:00"}, "outside_hours"),
        ({"until": "other", "at": "2026-11-19T10:00"}, "invalid"),
        ({"until": "other", "at": "2029-11-19T10:00"}, "invalid"),
        ({"until": "other", "at": "mañana"}, "invalid"),
    ],
)
async def test_what_is_wrong_is_said_in_the_form(front: Front, ana: Person, form: dict[str, str], code: str) -> None:
    await a_debt(front)

    answer = await schedule_template(ana, await a_template(front), **form)

    assert (answer.status_code, answer.headers["x-refused"]) == (422, code)
    assert 'id="deed"' in answer.text
    assert await ends(front) == []


async def test_a_template_that_is_paused_is_not_scheduled(front: Front, ana: Person) -> None:
    await a_debt(front)

    answer = await schedule_template(ana, await a_template(front, status="PAUSED"))

    assert (answer.status_code, answer.headers["x-refused"]) == (409, "template_not_approved")


async def test_of_whom_is_not_verified_nothing_of_the_debt_is_scheduled(front: Front, ana: Person) -> None:
    await a_debt(front, is_verified=False)

    answer = await schedule_template(ana, await a_template(front))

    assert answer.status_code == 422
    assert "Falta confirmar que responde el titular" in answer.text
