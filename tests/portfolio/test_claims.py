"""P17: a photo of a receipt is marked, and moves nothing; the payment itself takes the mark away."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from console import clock
from console.audit import SYSTEM
from console.db import Database
from console.errors import Refused
from console.inbox import thread
from console.inbox.models import Conversation, Message, Status
from console.inbox.tags import ConversationTag
from console.portfolio import claims, payments
from console.portfolio.ledger import Payment
from console.portfolio.models import Account
from console.portfolio.payments import Report
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, messages
from tests.portfolio.debts import a_debtor
from tests.portfolio.paying import LATE


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


async def a_photo(database: Database, conversation: Conversation, kind: str = "image") -> Message:
    async with database.transaction() as tx:
        held = await thread.lock(tx, conversation)
        return await thread.append(tx, held, direction="in", author=SYSTEM, kind=kind, status=Status.RECEIVED)


async def mark(database: Database, inbox: Inbox, conversation: Conversation, message: Message) -> bool:
    async with database.transaction() as tx:
        return await claims.mark(tx, conversation, message.id, by=inbox.ana)


async def marked(database: Database) -> int:
    async with database.reading() as tx:
        return len((await tx.scalars(select(ConversationTag.tag_id))).all())


async def test_a_receipt_is_marked_once_and_moves_no_money(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    photo = await a_photo(database, conversation)

    assert await mark(database, inbox, conversation, photo)
    assert not await mark(database, inbox, conversation, photo)

    assert await marked(database) == 1
    told = await actions(database, conversation_id=conversation.id)
    assert told.count("payment.claimed") == told.count("conversation.tagged") == 1
    line = (await messages(database, conversation))[-1]
    assert line.content == {"action": "payment_claimed", "who": "Ana Ríos"}
    async with database.reading() as tx:
        assert (await tx.get_one(Account, debt.account_id)).balance_minor == 41250
        assert (await tx.scalars(select(Payment))).all() == []


async def test_the_payment_takes_the_mark_away(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    debt = await a_debtor(database, inbox, invoices=[("F-1", LATE, 41250)])
    await mark(database, inbox, conversation, await a_photo(database, conversation))

    report = Report(
        source="api", external_id="P-1", account=debt.external_id, amount_minor=41250, currency="PEN",
        paid_at=clock.now(),
    )  # fmt: skip
    async with database.transaction() as tx:
        await payments.book(tx, report, by=SYSTEM, moment=clock.now())

    assert await marked(database) == 0
    assert "conversation.untagged" in await actions(database, conversation_id=conversation.id)


async def test_words_are_no_receipt_and_nor_is_what_others_sent(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    other = await a_conversation(database, inbox, wa_id="51911111111")
    words, photo = await a_photo(database, conversation, "text"), await a_photo(database, other)

    with pytest.raises(Refused, match="comprobante"):
        await mark(database, inbox, conversation, words)
    with pytest.raises(Refused) as refused:
        await mark(database, inbox, conversation, photo)
    assert refused.value.status == 404
    assert await marked(database) == 0
