"""Payment plans: offered, accepted in the debtor's words, paid in order, completed, broken, and told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console.db import Database
from console.errors import Refused
from console.inbox.models import Conversation
from console.portfolio import plans, promises, settling
from console.portfolio.agreements import Instalment, Plan, Promise
from console.portfolio.instalments import Terms
from console.portfolio.models import Account
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, messages, they_wrote
from tests.portfolio.debts import Debt, a_debtor
from tests.portfolio.money_in import it_went_back, they_paid

BILLS = [("C-1", date(2026, 10, 5), 20000), ("C-2", date(2026, 11, 5), 10000)]
FIRST = date(2026, 12, 5)


class Scene:
    def __init__(self, database: Database, inbox: Inbox, conversation: Conversation, debt: Debt) -> None:
        self.database, self.inbox, self.conversation, self.debt = database, inbox, conversation, debt

    async def proposes(self, **given: Any) -> Plan:
        usual: dict[str, Any] = {
            "total_minor": 30000,
            "down_minor": 6000,
            "count": 3,
            "frequency": "monthly",
            "first_on": FIRST,
        }
        async with self.database.transaction() as tx:
            return await plans.propose(
                tx,
                self.debt.account_id,
                by=self.inbox.ana,
                terms=Terms(**(usual | given)),
                conversation_id=self.conversation.id,
            )

    async def accepts(self, plan: Plan) -> Plan:
        async with self.database.transaction() as tx:
            yes = await they_wrote(tx, self.conversation, "Sí, acepto")
        async with self.database.transaction() as tx:
            return await plans.accept(tx, plan.id, by=self.inbox.ana, message_id=yes.id)

    async def runs(self, **given: Any) -> Plan:
        return await self.accepts(await self.proposes(**given))

    async def state(self, plan: Plan) -> str:
        async with self.database.reading() as tx:
            return (await tx.get_one(Plan, plan.id)).state

    async def paid(self, plan: Plan) -> list[int]:
        async with self.database.reading() as tx:
            wanted = select(Instalment.paid_minor).where(Instalment.plan_id == plan.id).order_by(Instalment.number)
            return list(await tx.scalars(wanted))

    async def account(self) -> str:
        async with self.database.reading() as tx:
            return (await tx.get_one(Account, self.debt.account_id)).state

    async def settles(self, at: datetime) -> int:
        async with self.database.transaction() as tx:
            return await settling.turn(tx, at)


@pytest.fixture
async def scene(database: Database, moment: Moment) -> Scene:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    return Scene(database, inbox, conversation, await a_debtor(database, inbox, invoices=BILLS))


async def test_an_offer_changes_nothing_and_a_yes_does(scene: Scene) -> None:
    plan = await scene.proposes()
    assert await scene.account() == "late_2"
    plan = await scene.accepts(plan)
    assert plan.breaks_at == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert await scene.account() == "plan"
    conversation = await fresh(scene.database, scene.conversation)
    assert (conversation.account_state, conversation.plan_paid, conversation.plan_count) == ("plan", 0, 3)
    said = [m.content for m in await messages(scene.database, scene.conversation) if m.kind == "event"]
    assert [each["action"] for each in said if each] == ["plan_proposed", "plan_accepted"]
    assert (await actions(scene.database)).count("plan.accepted") == 1


async def test_the_evidence_is_what_the_debtor_wrote_here(scene: Scene) -> None:
    plan = await scene.proposes()
    other = await a_conversation(scene.database, scene.inbox, wa_id="51999888777")
    async with scene.database.transaction() as tx:
        elsewhere = await they_wrote(tx, other, "Sí")
    with pytest.raises(Refused) as refused:
        async with scene.database.transaction() as tx:
            await plans.accept(tx, plan.id, by=scene.inbox.ana, message_id=elsewhere.id)
    assert refused.value.field == "message_id"


async def test_an_open_promise_gives_way_to_the_plan(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        promise = await promises.make(
            tx, scene.debt.account_id, by=scene.inbox.ana, amount_minor=100, due_on=date(2026, 11, 27)
        )
    await scene.runs()
    async with scene.database.reading() as tx:
        assert (await tx.get_one(Promise, promise.id)).state == "cancelled"


async def test_a_later_offer_withdraws_the_earlier_and_one_plan_runs(scene: Scene) -> None:
    first, second = await scene.proposes(), await scene.proposes(count=2)
    assert await scene.state(first) == "cancelled"
    with pytest.raises(Refused) as refused:
        await scene.accepts(first)
    assert refused.value.code == "not_proposed"
    await scene.accepts(second)
    with pytest.raises(Refused) as refused:
        await scene.proposes()
    assert refused.value.code == "plan_active"


async def test_an_offer_grows_stale(scene: Scene, moment: Moment) -> None:
    plan = await scene.proposes()
    moment.is_(datetime(2026, 12, 6, 12, tzinfo=UTC))
    with pytest.raises(Refused) as refused:
        await scene.accepts(plan)
    assert refused.value.code == "plan_stale"


async def test_payments_pay_the_instalments_in_order_until_it_is_completed(scene: Scene, moment: Moment) -> None:
    plan = await scene.runs()
    moment.passes(hours=1)
    await they_paid(scene.database, scene.debt.account_id, 10000)
    assert await scene.paid(plan) == [6000, 4000, 0, 0]
    assert (await fresh(scene.database, scene.conversation)).plan_paid == 0
    await they_paid(scene.database, scene.debt.account_id, 4000)
    assert (await fresh(scene.database, scene.conversation)).plan_paid == 1
    await they_paid(scene.database, scene.debt.account_id, 16000)
    assert await scene.paid(plan) == [6000, 8000, 8000, 8000]
    assert await scene.state(plan) == "completed"
    assert await scene.account() == "late_2"  # as far as the ledger of this test goes: no invoice was paid
    assert (await actions(scene.database)).count("plan.completed") == 1


async def test_it_is_broken_when_the_oldest_has_used_up_its_grace(scene: Scene, moment: Moment) -> None:
    plan = await scene.runs()
    moment.passes(hours=1)
    await they_paid(scene.database, scene.debt.account_id, 6000)
    # The first instalment is due on 5 December; three days of grace.
    over = datetime(2026, 12, 9, 5, tzinfo=UTC)
    assert await scene.settles(over - timedelta(microseconds=1)) == 0
    moment.is_(over)
    assert await scene.settles(over) == 1
    assert await scene.state(plan) == "broken"
    assert await scene.account() == "late_3"
    await they_paid(scene.database, scene.debt.account_id, 24000)
    assert await scene.state(plan) == "broken"
    events = [m.content for m in await messages(scene.database, scene.conversation) if m.kind == "event"]
    assert events[-1] is not None
    assert (events[-1]["action"], events[-1]["on"]) == ("plan_broken", "2026-12-05")


async def test_money_that_goes_back_opens_it_again(scene: Scene, moment: Moment) -> None:
    plan = await scene.runs()
    moment.passes(hours=1)
    payment = await they_paid(scene.database, scene.debt.account_id, 30000)
    assert await scene.state(plan) == "completed"
    await it_went_back(scene.database, payment)
    assert (await scene.state(plan), await scene.paid(plan)) == ("active", [0, 0, 0, 0])
    assert await scene.account() == "plan"
    assert "plan.reopened" in await actions(scene.database)


async def test_what_was_paid_before_the_yes_pays_nothing_of_it(scene: Scene, moment: Moment) -> None:
    plan = await scene.proposes()
    await they_paid(scene.database, scene.debt.account_id, 5000)
    moment.passes(minutes=1)
    await scene.accepts(plan)
    moment.passes(minutes=1)
    await they_paid(scene.database, scene.debt.account_id, 1000, at=moment.now - timedelta(days=3))
    assert sum(await scene.paid(plan)) == 0


async def test_it_is_cancelled_with_a_reason(scene: Scene) -> None:
    plan = await scene.runs()

    async def cancel(reason: str) -> None:
        async with scene.database.transaction() as tx:
            await plans.cancel(tx, plan.id, by=scene.inbox.ana, reason=reason)

    with pytest.raises(Refused):
        await cancel("")
    await cancel("Lo pidió")
    with pytest.raises(Refused) as refused:
        await cancel("Lo pidió")
    assert refused.value.code == "not_open"
    assert (await scene.state(plan), await scene.account()) == ("cancelled", "late_2")
