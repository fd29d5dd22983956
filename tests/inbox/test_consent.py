"""Who asked us to stop is answered once for what they write, and nothing else leaves: not now, not what waited."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from console import clock
from console.audit import SYSTEM
from console.consents import noting
from console.consents.kinds import How, Purpose, Standing
from console.db import Database
from console.errors import Refused
from console.inbox import consent, deliver, reply
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status
from console.inbox.stop_words import suggests
from console.inbox.stopped import ANSWER_WITHIN
from console.portfolio.agreed import debts_of
from console.portfolio.models import ContactPoint
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, a_template, actions, an_inbox, fresh, they_wrote
from tests.portfolio.debts import a_debtor

BILL = ("C-08841", date(2026, 11, 5), 41250)


class Scene:
    def __init__(self, database: Database, inbox: Inbox, conversation: Conversation) -> None:
        self.database, self.inbox, self.conversation = database, inbox, conversation

    async def opts_out(self) -> None:
        async with self.database.transaction() as tx:
            await consent.opt_out(tx, self.conversation, by=self.inbox.ana)

    async def writes(self, text: str = "hola") -> None:
        async with self.database.transaction() as tx:
            await they_wrote(tx, self.conversation, text)

    async def reply(self, text: str = "Buenos días") -> Message:
        async with self.database.transaction() as tx:
            key = uuid.uuid4().hex
            return await reply.reply(tx, self.conversation, by=self.inbox.ana, text=text, client_key=key)

    async def refuses(self) -> str:
        with pytest.raises(Refused) as refused:
            await self.reply()
        return refused.value.code

    async def leaves(self) -> list[int]:
        async with self.database.transaction() as tx:
            claims = await deliver.claim(tx, self.inbox.channel_id, limit=10, rate=80)
            return [message.id for message in claims.messages]

    async def contact(self) -> Contact:
        async with self.database.reading() as tx:
            return await tx.get_one(Contact, self.conversation.contact_id)

    async def row(self, message: Message) -> Message:
        async with self.database.reading() as tx:
            return await tx.get_one(Message, message.id)


@pytest.fixture
async def scene(database: Database, moment: Moment) -> Scene:
    inbox = await an_inbox(database)
    return Scene(database, inbox, await a_conversation(database, inbox))


async def test_an_offer_that_waited_does_not_leave_after_they_stopped_advertising(scene: Scene) -> None:
    words = [{"type": "BODY", "text": "Hola"}]
    template = await a_template(scene.database, scene.inbox, category="MARKETING", components=words)
    person = scene.conversation.contact_id
    async with scene.database.transaction() as tx:
        await noting.note(tx, person, Standing.GIVEN, by=SYSTEM, how=How.CONTRACT, purposes=[Purpose.MARKETING])
        by, key = scene.inbox.ana, uuid.uuid4().hex
        offer = await reply.send_template(
            tx, scene.conversation, by=by, template_id=template.id, variables={}, client_key=key
        )
    async with scene.database.transaction() as tx:
        (await tx.get_one(Contact, person)).marketing_stopped_at = clock.now()

    assert await scene.leaves() == []

    row = await scene.row(offer)
    assert (row.status, row.error_details) == (Status.FAILED, consent.NO_ADVERTISING)


async def test_what_they_write_is_answered_once(scene: Scene) -> None:
    await scene.opts_out()
    await scene.reply("Queda registrado; no le escribiremos más.")
    assert await scene.refuses() == "opted_out"
    await scene.writes("¿y mi constancia?")
    await scene.reply("Se la enviamos por correo.")
    assert await scene.refuses() == "opted_out"
    assert (await actions(scene.database)).count("contact.opted_out") == 1
    await scene.opts_out()
    assert (await actions(scene.database)).count("contact.opted_out") == 1


async def test_a_day_later_it_is_no_answer_any_more(scene: Scene, moment: Moment) -> None:
    await scene.opts_out()
    moment.passes(hours=24, seconds=1)
    template = await a_template(scene.database, scene.inbox)
    with pytest.raises(Refused) as refused:
        async with scene.database.transaction() as tx:
            await reply.send_template(
                tx,
                scene.conversation,
                by=scene.inbox.ana,
                template_id=template.id,
                variables={"1": "Rosa", "2": "S/ 120.00", "button.0": "a7Kq"},
                client_key=uuid.uuid4().hex,
            )
    assert refused.value.code == "opted_out"


async def test_what_waited_when_they_asked_does_not_leave(scene: Scene) -> None:
    first = await scene.reply("Le recuerdo su cuota")
    second = await scene.reply("¿Me confirma?")
    await scene.writes("no me escriban más")
    await scene.opts_out()

    # The first was the answer to what they had written before; the second was not.
    assert await scene.leaves() == [first.id]
    async with scene.database.transaction() as tx:
        held = await tx.get_one(Message, first.id)
        held.status = Status.SENT
    moment_passed = await scene.row(second)
    assert moment_passed.status == Status.QUEUED


async def test_a_message_that_may_not_leave_fails_with_the_reason(scene: Scene, moment: Moment) -> None:
    answered = await scene.reply("Buenos días")
    async with scene.database.transaction() as tx:
        (await tx.get_one(Message, answered.id)).status = Status.DELIVERED
    moment.passes(minutes=1)
    waiting = await scene.reply("Le recuerdo su cuota")
    await scene.opts_out()
    assert await scene.leaves() == []
    failed = await scene.row(waiting)
    assert (failed.status, failed.error_details) == (Status.FAILED, "opted_out")
    assert (await actions(scene.database, message_id=waiting.id))[-1] == "message.failed"


async def test_the_allowed_answer_leaves(scene: Scene, moment: Moment) -> None:
    await scene.opts_out()
    answer = await scene.reply("Queda registrado.")
    assert await scene.leaves() == [answer.id]


async def test_a_wrong_number_shows_no_debt_at_once_and_none_comes_back(scene: Scene) -> None:
    debt = await a_debtor(scene.database, scene.inbox, invoices=[BILL])
    assert (await fresh(scene.database, scene.conversation)).account_state == "late_1"

    async with scene.database.transaction() as tx:
        await consent.wrong_number(tx, scene.conversation, by=scene.inbox.ana)

    now = await fresh(scene.database, scene.conversation)
    assert (now.account_state, now.overdue_minor, now.balance_minor) == (None, None, None)
    async with scene.database.reading() as tx:
        assert await debts_of(tx, now, now.updated_at) == []
        assert debt.point_id is not None
        assert (await tx.get_one(ContactPoint, debt.point_id)).state == "wrong"
    await scene.reply("Disculpe la molestia.")
    assert await scene.refuses() == "wrong_number"
    done = await actions(scene.database, conversation_id=scene.conversation.id)
    assert "contact.wrong_number" in done
    assert "conversation.standing_changed" in done


async def test_only_who_leads_lifts_it_and_says_why(scene: Scene) -> None:
    await a_debtor(scene.database, scene.inbox, invoices=[BILL])
    async with scene.database.transaction() as tx:
        await consent.wrong_number(tx, scene.conversation, by=scene.inbox.ana)
        await consent.opt_out(tx, scene.conversation, by=scene.inbox.ana)
    for by, reason, status in ((scene.inbox.ana, "lo pidió", 403), (scene.inbox.supervisor, " ", 422)):
        with pytest.raises(Refused) as refused:
            async with scene.database.transaction() as tx:
                await consent.lift(tx, scene.conversation, by=by, reason=reason)
        assert refused.value.status == status

    async with scene.database.transaction() as tx:
        await consent.lift(tx, scene.conversation, by=scene.inbox.supervisor, reason="Llamó y pidió que le escribamos")

    contact = await scene.contact()
    assert (contact.opted_out_at, contact.wrong_number_at) == (None, None)
    assert (await fresh(scene.database, scene.conversation)).account_state == "late_1"
    await scene.reply()
    await scene.reply()
    with pytest.raises(Refused) as refused:
        async with scene.database.transaction() as tx:
            await consent.lift(tx, scene.conversation, by=scene.inbox.supervisor, reason="otra vez")
    assert refused.value.code == "nothing_to_lift"


WORDS: dict[str, str | None] = {
    "No me escriban más": "opt_out",
    "ya no me llamen por favor": "opt_out",
    "BAJA": "opt_out",
    "Stop": "opt_out",
    "dejen de molestar": "opt_out",
    "dejen de hostigarme": "opt_out",
    "no quiero que me sigan escribiendo": "opt_out",
    "borren mi número": "opt_out",
    "no me manden mensajes": "opt_out",
    "Número equivocado señorita": "wrong_number",
    "se equivocó de número": "wrong_number",
    "no conozco a esa persona": "wrong_number",
    "no soy esa persona": "wrong_number",
    "aquí no vive": "wrong_number",
    "Hola": None,
    "no me llame al trabajo": None,
    "no me escriba tan tarde": None,
    "la cuota está más baja": None,
    "no me alcanza": None,
    "escríbame mañana": None,
    "no me llegó el recibo": None,
}


@pytest.mark.parametrize(("text", "suggestion"), WORDS.items())
def test_words_only_suggest(text: str, suggestion: str | None) -> None:
    assert suggests(text) == suggestion


def test_nothing_at_all_suggests_nothing() -> None:
    nothing: list[Any] = [None, "", "\0", "a" * 100_000]
    assert [suggests(each) for each in nothing] == [None] * 4
    assert timedelta(hours=24) == ANSWER_WITHIN
