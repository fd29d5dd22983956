"""Disputes: freeze that debt and no other, are to be answered by a working day, and end with a reason."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from console.db import Database
from console.errors import Refused
from console.inbox.models import Conversation
from console.portfolio import disputes
from console.portfolio.agreed import agreed_of
from console.portfolio.agreements import Dispute
from console.portfolio.models import Account, Invoice
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, history, they_wrote
from tests.portfolio.debts import Debt, a_debtor

BILLS = [("C-1", date(2026, 10, 5), 10000), ("C-2", date(2026, 11, 5), 20000)]


class Scene:
    def __init__(self, database: Database, inbox: Inbox, conversation: Conversation, debt: Debt) -> None:
        self.database, self.inbox, self.conversation, self.debt = database, inbox, conversation, debt

    async def contest(self, invoice: int | None = None, **more: Any) -> Dispute:
        given = {"category": "already_paid", "conversation_id": self.conversation.id, **more}
        async with self.database.transaction() as tx:
            return await disputes.open_dispute(tx, self.debt.account_id, by=self.inbox.ana, invoice_id=invoice, **given)

    async def end(self, dispute: Dispute, state: str, reason: str = "El banco confirmó el pago") -> Dispute:
        async with self.database.transaction() as tx:
            return await disputes.resolve(tx, dispute.id, by=self.inbox.supervisor, state=state, reason=reason)

    async def account(self) -> tuple[str, int, int]:
        async with self.database.reading() as tx:
            account = await tx.get_one(Account, self.debt.account_id)
            return account.state, account.overdue_minor, account.balance_minor

    async def frozen(self) -> list[bool]:
        async with self.database.reading() as tx:
            return list(await tx.scalars(select(Invoice.disputed).order_by(Invoice.id)))


@pytest.fixture
async def scene(database: Database, moment: Moment) -> Scene:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    return Scene(database, inbox, conversation, await a_debtor(database, inbox, invoices=BILLS))


async def test_an_invoice_in_dispute_is_not_collected_and_the_other_is(scene: Scene) -> None:
    assert await scene.account() == ("late_2", 30000, 30000)
    dispute = await scene.contest(scene.debt.invoice_ids[0], words="Pagué en la agencia")
    assert await scene.account() == ("dispute", 20000, 30000)
    assert await scene.frozen() == [True, False]
    assert (await fresh(scene.database, scene.conversation)).account_state == "dispute"
    # Fifteen working days from Friday 20 November; the 8th and 9th of December are holidays.
    assert dispute.answer_by == datetime(2026, 12, 16, 5, tzinfo=UTC)
    async with scene.database.reading() as tx:
        [shown] = (await agreed_of(tx, scene.conversation, dispute.opened_at)).disputes
    assert (shown.invoice, shown.category, shown.words) == ("C-1", "Dice que ya pagó", "Pagué en la agencia")


async def test_the_whole_account_is_contested_with_its_evidence(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        said = await they_wrote(tx, scene.conversation, "No reconozco esa deuda")
    await scene.contest(category="not_mine", message_id=said.id)
    assert await scene.account() == ("dispute", 0, 30000)
    opened = next(e for e in await history(scene.database) if e.action == "dispute.opened")
    assert f'"evidence":{said.id}' in (opened.new or "")
    assert (opened.account_id, opened.conversation_id) == (scene.debt.account_id, scene.conversation.id)


@pytest.mark.parametrize("state", ["upheld", "rejected", "partial", "withdrawn"])
async def test_it_ends_with_a_reason_and_what_is_owed_is_collected_again(scene: Scene, state: str) -> None:
    dispute = await scene.contest()
    for odd, reason in (("open", "x"), ("won", "x"), (state, "  ")):
        with pytest.raises(Refused) as refused:
            await scene.end(dispute, odd, reason)
        assert refused.value.status == 422
    await scene.end(dispute, state)
    assert await scene.account() == ("late_2", 30000, 30000)
    assert await scene.frozen() == [False, False]
    with pytest.raises(Refused) as refused:
        await scene.end(dispute, state)
    assert refused.value.code == "not_open"
    assert (await actions(scene.database)).count("dispute.resolved") == 1


async def test_ending_one_leaves_frozen_what_another_contests(scene: Scene) -> None:
    first = await scene.contest(scene.debt.invoice_ids[0])
    whole = await scene.contest()
    await scene.end(whole, "rejected")
    assert await scene.frozen() == [True, False]
    assert (await scene.account())[0] == "dispute"
    await scene.end(first, "withdrawn")
    assert (await scene.account())[0] == "late_2"


async def test_the_same_is_contested_once(scene: Scene) -> None:
    both = await asyncio.gather(scene.contest(), scene.contest(), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["Dispute", "Refused"]


async def test_what_cannot_be_contested_is_refused(scene: Scene) -> None:
    other = await a_debtor(scene.database, scene.inbox, phone=None, invoices=[("X-1", date(2026, 11, 5), 500)])
    cases: list[dict[str, Any]] = [{"category": "because"}, {"invoice": other.invoice_ids[0]}, {"words": "x" * 2001}]
    for given in cases:
        with pytest.raises(Refused) as refused:
            await scene.contest(given.pop("invoice", None), **given)
        assert refused.value.status == 422
    assert "dispute.opened" not in await actions(scene.database)
