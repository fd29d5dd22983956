"""The receipt: once, to whoever paid, in words or by template, and never to somebody who asked not to be written to."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from console import clock
from console.audit import Actor
from console.db import Database
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.portfolio import payments, reversals, thanks
from console.portfolio.ledger import Payment
from console.portfolio.payments import Report
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, a_template, actions, an_inbox, fresh, messages
from tests.portfolio.debts import Debt, a_debtor

LATE = date(2026, 10, 1)
BANK = Actor(kind="system", name="Stripe", origin="webhook")


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


async def a_debt(database: Database, inbox: Inbox) -> Debt:
    return await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])


async def pays(database: Database, debt: Debt, external_id: str = "P-1", **changed: Any) -> Payment:
    told: dict[str, Any] = {"receipt": True, "amount_minor": 41250, "currency": "PEN", **changed}
    report = Report(source="api", external_id=external_id, account=debt.external_id, paid_at=clock.now(), **told)
    async with database.transaction() as tx:
        return (await payments.book(tx, report, by=BANK, moment=clock.now())).payment


async def give(database: Database, payment: Payment) -> Message | None:
    async with database.transaction() as tx:
        return await thanks.give(tx, payment.id)


async def sent(database: Database, conversation: Conversation) -> list[str | None]:
    return [row.text for row in await messages(database, conversation) if row.direction == "out"]


async def test_who_paid_is_thanked_once(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    payment = await pays(database, await a_debt(database, inbox))

    first = await give(database, payment)
    again = await give(database, payment)

    assert again is None
    assert first is not None
    (text,) = await sent(database, conversation)
    assert text is not None
    assert text.replace("\xa0", " ") == (
        f"Recibimos su pago de S/ 412.50. Muchas gracias. Su número de recibo es {payment.id}."
    )
    assert (await actions(database, message_id=first.id)) == ["message.queued", "payment.acknowledged"]


async def test_twenty_at_once_thank_once(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    payment = await pays(database, await a_debt(database, inbox))

    await asyncio.gather(*(give(database, payment) for _ in range(20)))

    assert len(await sent(database, conversation)) == 1


async def test_two_payments_have_two_receipts(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    debt = await a_debt(database, inbox)

    for name in ("P-1", "P-2"):
        await give(database, await pays(database, debt, name))

    assert len(await sent(database, conversation)) == 2


async def test_a_receipt_reopens_nothing_and_answers_nobody(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, status="resolved")
    payment = await pays(database, await a_debt(database, inbox))

    await give(database, payment)

    now = await fresh(database, conversation)
    assert (now.status, now.waiting_since) == ("resolved", conversation.waiting_since)
    assert now.holder_id is None


async def test_outside_the_window_the_template_says_it(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox, window=False)
    body = {"type": "BODY", "text": "Recibimos {{1}}. Recibo {{2}}.", "example": {"body_text": [["S/ 1", "1"]]}}
    await a_template(database, inbox, name="recibo_de_pago", components=[body])
    payment = await pays(database, await a_debt(database, inbox))

    message = await give(database, payment)

    assert message is not None
    assert message.kind == "template"
    assert (await sent(database, conversation))[0] == f"Recibimos S/\xa0412.50. Recibo {payment.id}."


@pytest.mark.parametrize("columns", [{"status": "PENDING"}, {"name": "otra"}])
async def test_without_an_approved_one_nothing_is_sent(
    database: Database, inbox: Inbox, columns: dict[str, str]
) -> None:
    conversation = await a_conversation(database, inbox, window=False)
    body = {"type": "BODY", "text": "Recibimos {{1}}.", "example": {"body_text": [["S/ 1"]]}}
    await a_template(database, inbox, **{"name": "recibo_de_pago", "components": [body], **columns})

    assert await give(database, await pays(database, await a_debt(database, inbox))) is None
    assert await sent(database, conversation) == []


@pytest.mark.parametrize("mark", ["opted_out_at", "wrong_number_at", "identity_doubt_at", "blocked_us_at"])
async def test_nobody_is_thanked_who_may_not_be_written_to(database: Database, inbox: Inbox, mark: str) -> None:
    conversation = await a_conversation(database, inbox)
    payment = await pays(database, await a_debt(database, inbox))
    async with database.transaction() as tx:
        setattr(await tx.get_one(Contact, conversation.contact_id), mark, clock.now())

    assert await give(database, payment) is None
    assert await sent(database, conversation) == []
    assert await give(database, payment) is None


async def test_what_went_back_before_is_not_thanked_for(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    payment = await pays(database, await a_debt(database, inbox))
    async with database.transaction() as tx:
        await reversals.reverse(tx, source="api", external_id="P-1", amount_minor=41250, by=BANK, moment=clock.now())

    assert await give(database, payment) is None
    assert await sent(database, conversation) == []


async def test_nobody_wrote_yet_and_nobody_is_thanked(database: Database, inbox: Inbox) -> None:
    assert await give(database, await pays(database, await a_debt(database, inbox))) is None


async def test_what_is_parked_is_not_thanked_for_until_it_is_booked(database: Database, inbox: Inbox) -> None:
    await a_conversation(database, inbox)
    debt = await a_debt(database, inbox)
    payment = await pays(database, debt, currency="USD")

    assert await give(database, payment) is None
    async with database.reading() as tx:
        assert (await tx.get_one(Payment, payment.id)).receipt_due
