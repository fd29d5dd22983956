"""How a conversation ended: the leaf decides what is needed, what follows, and what may be asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console.db import Database
from console.errors import Refused
from console.inbox import tree, wrap_up
from console.inbox.contacts import Contact
from console.inbox.dispositions import Disposition, Outcome
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag, Tag
from console.portfolio.agreements import Dispute, Promise
from console.portfolio.models import Debtor, PortfolioRules
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, messages
from tests.portfolio.debts import Debt, a_debtor

BILL = ("C-08841", date(2026, 11, 5), 41250)


class Scene:
    def __init__(self, database: Database, inbox: Inbox, conversation: Conversation, debt: Debt) -> None:
        self.database, self.inbox, self.conversation, self.debt = database, inbox, conversation, debt

    async def ends(self, code: str, *, version: int | None = None, **details: Any) -> Outcome:
        async with self.database.transaction() as tx:
            return await wrap_up.wrap_up(
                tx,
                self.conversation,
                by=self.inbox.ana,
                disposition=code,
                details=wrap_up.Details(**details),
                version=version,
            )

    async def refuses(self, code: str, **details: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.ends(code, **details)
        return refused.value

    async def status(self) -> str:
        return (await fresh(self.database, self.conversation)).status

    async def contact(self) -> Contact:
        async with self.database.reading() as tx:
            return await tx.get_one(Contact, self.conversation.contact_id)


@pytest.fixture
async def scene(database: Database, moment: Moment) -> Scene:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    return Scene(database, inbox, conversation, await a_debtor(database, inbox, invoices=[BILL]))


async def test_a_leaf_resolves_and_is_told(scene: Scene) -> None:
    await scene.ends("CD-PCOM", note="Voucher 8812")
    assert await scene.status() == "resolved"
    done = await actions(scene.database, conversation_id=scene.conversation.id)
    # To speak with the right party is a fact about the number, too.
    assert done[-3:] == ["outcome.recorded", "contact.verified", "conversation.resolved"]
    *_before, event = await messages(scene.database, scene.conversation)
    assert event.content == {"action": "resolved", "who": "Ana Ríos", "what": "Pago comprobado"}
    again = await scene.refuses("CD-PCOM")
    assert again.code == "already_resolved"


async def test_of_two_who_wrap_up_at_once_one_does(scene: Scene) -> None:
    both = await asyncio.gather(scene.ends("CD-PCOM"), scene.ends("CD-CON"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["Outcome", "Refused"]
    async with scene.database.reading() as tx:
        assert len((await tx.scalars(select(Outcome))).all()) == 1


async def test_who_saw_an_older_picture_is_told(scene: Scene) -> None:
    refused = await scene.refuses("CD-PCOM", version=0)
    assert refused.code == "version_conflict"


async def test_a_promise_is_needed_and_may_be_made_with_it(scene: Scene) -> None:
    refused = await scene.refuses("CD-PDP")
    assert (refused.status, refused.code, refused.field) == (422, "needs_promise", "amount")
    assert await scene.status() == "open"
    assert (await scene.refuses("CD-PDP", amount_minor=100)).field == "due_on"

    outcome = await scene.ends("CD-PDP", amount_minor=20000, due_on=date(2026, 11, 27))

    async with scene.database.reading() as tx:
        promise = (await tx.scalars(select(Promise))).one()
    assert (outcome.promise_id, outcome.account_id) == (promise.id, scene.debt.account_id)
    assert await scene.status() == "resolved"
    async with scene.database.transaction() as tx:
        await tx.execute(update(Conversation).values(status="open"))
    # The one that is open is enough the next time.
    assert (await scene.ends("CD-PPA")).promise_id == promise.id


async def test_a_dispute_is_opened_as_the_leaf_says(scene: Scene) -> None:
    outcome = await scene.ends("CD-NRD", words="Nunca saqué ese crédito")
    async with scene.database.reading() as tx:
        dispute = (await tx.scalars(select(Dispute))).one()
    assert (dispute.id, dispute.category, dispute.words) == (outcome.dispute_id, "not_mine", "Nunca saqué ese crédito")
    assert (await fresh(scene.database, scene.conversation)).account_state == "dispute"


async def test_a_stranger_owes_nothing_to_promise(scene: Scene) -> None:
    stranger = await a_conversation(scene.database, scene.inbox, wa_id="51999000111")
    scene.conversation = stranger
    assert (await scene.refuses("CD-PDP")).code == "no_account"
    await scene.ends("AD-NOCOB")
    assert await scene.status() == "resolved"


async def test_calling_back_puts_it_off_until_then(scene: Scene, moment: Moment) -> None:
    assert (await scene.refuses("CD-VLL")).code == "needs_callback"
    later = moment.now + timedelta(days=2)
    await scene.ends("CD-VLL", callback_at=later)
    now = await fresh(scene.database, scene.conversation)
    assert (now.status, now.snoozed_until) == ("snoozed", later)


async def test_who_says_they_paid_is_left_alone_for_three_working_days(scene: Scene) -> None:
    await scene.ends("CD-YAP")
    # Friday, then Monday to Wednesday.
    assert (await scene.contact()).outreach_paused_until == datetime(2026, 11, 26, 5, tzinfo=UTC)


@pytest.mark.parametrize(("code", "column"), [("CD-BAJA", "opted_out_at"), ("NC-EQV", "wrong_number_at")])
async def test_an_opt_out_and_a_wrong_number_take_effect(scene: Scene, code: str, column: str) -> None:
    await scene.ends(code)
    assert getattr(await scene.contact(), column) is not None
    assert await scene.status() == "resolved"


async def test_nobody_writes_first_to_who_died(scene: Scene, moment: Moment) -> None:
    await scene.ends("AD-FAL")
    until = (await scene.contact()).outreach_paused_until
    assert until is not None
    assert until > moment.now + timedelta(days=3000)


@pytest.mark.parametrize(
    ("country", "asks", "kept"), [("PE", True, "sin trabajo"), ("CO", True, None), ("PE", False, None)]
)
async def test_the_reason_is_kept_only_where_it_may_be_asked(
    scene: Scene, country: str, asks: bool, kept: str | None
) -> None:
    async with scene.database.transaction() as tx:
        await tx.execute(update(Debtor).values(country=country))
        await tx.execute(update(PortfolioRules).values(asks_reason=asks))
    assert (await scene.ends("CD-SCP", reason=" sin trabajo ")).reason == kept


async def test_a_leaf_that_does_not_want_it_keeps_no_reason(scene: Scene) -> None:
    assert (await scene.ends("CD-PCOM", reason="porque sí")).reason is None


async def test_a_leaf_puts_its_tag(scene: Scene, moment: Moment) -> None:
    async with scene.database.transaction() as tx:
        tag = Tag(name="Verificar pago", name_key="verificar pago", colour="blue", created_at=moment.now)
        tx.add(tag)
        await tx.flush()
        await tx.execute(update(Disposition).where(Disposition.code == "CD-YAP").values(tag_id=tag.id))
    await scene.ends("CD-YAP")
    async with scene.database.reading() as tx:
        assert (await tx.scalars(select(ConversationTag.tag_id))).all() == [tag.id]


async def test_only_leaves_that_stand_are_picked(scene: Scene) -> None:
    for code in ("CD", "CD.PAGA", "nothing", ""):
        assert (await scene.refuses(code)).code == "unknown_disposition"
    async with scene.database.transaction() as tx:
        branch = (await tx.scalars(select(Disposition).where(Disposition.code == "CD.PAGO"))).one()
        await tree.retire(tx, branch.id, by=scene.inbox.supervisor, is_retired=True)
    assert (await scene.refuses("CD-PCOM")).code == "unknown_disposition"


async def test_the_tree_is_edited_by_who_leads(scene: Scene) -> None:
    lead = scene.inbox.supervisor
    async with scene.database.transaction() as tx:
        branch = (await tx.scalars(select(Disposition).where(Disposition.code == "CD.PAGO"))).one()
        with pytest.raises(Refused) as refused:
            await tree.add(tx, by=scene.inbox.ana, parent_id=branch.id, code="CD-X", name="X")
        assert refused.value.status == 403
        added = await tree.add(tx, by=lead, parent_id=branch.id, code="cd-agen", name="  Pagó en   agencia ")
        assert (added.code, added.name, added.group) == ("CD-AGEN", "Pagó en agencia", "CD")
        for code, name, why in (("CD-AGEN", "Y", "code_taken"), ("ñ", "Y", "invalid"), ("CD-Z", " ", "invalid")):
            with pytest.raises(Refused) as refused:
                await tree.add(tx, by=lead, parent_id=branch.id, code=code, name=name)
            assert refused.value.code == why
        await tree.move(tx, added.id, by=lead, up=True)
        await tree.edit(
            tx,
            added.id,
            by=lead,
            name="Pagó en agencia",
            needs=None,
            effect=None,
            pause_days=2,
            tag_id=None,
            asks_reason=False,
        )
    async with scene.database.reading() as tx:
        below = [node.code for node in await tree.leaves(tx) if node.path[-1] == "Ya pagó"]
    assert below == ["CD-YAP", "CD-AGEN", "CD-PCOM"]
    assert (await actions(scene.database)).count("disposition.updated") == 2
    await scene.ends("CD-AGEN")
    assert (await scene.contact()).outreach_paused_until == datetime(2026, 11, 25, 5, tzinfo=UTC)


async def test_what_systems_use_cannot_be_retired(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        for code in (tree.EXTERNAL, "AD.CIERRE", "AD"):
            row = (await tx.scalars(select(Disposition).where(Disposition.code == code))).one()
            with pytest.raises(Refused) as refused:
                await tree.retire(tx, row.id, by=scene.inbox.supervisor, is_retired=True)
            assert refused.value.code == "needed"
