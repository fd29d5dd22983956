"""What a creditor states: taken in once, whole, and against what was paid meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console import clock
from console.db import Database
from console.errors import Refused
from console.portfolio import payments
from console.portfolio.documents import Document
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice
from console.portfolio.statement import Source
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh, history
from tests.portfolio.statements import BILLING, DNI, MARIA, a_bill, a_source, a_statement, state


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
async def source(database: Database, inbox: Inbox) -> Source:
    return await a_source(database, inbox.team_id)


async def rows(database: Database, table: Any, **of: Any) -> list[Any]:
    async with database.reading() as tx:
        return list(await tx.scalars(select(table).filter_by(**of).order_by(table.id)))


async def balances(database: Database) -> dict[str, tuple[int, int]]:
    return {row.number: (row.stated_minor, row.balance_minor) for row in await rows(database, Invoice)}


async def pay(database: Database, minor: int, *, account: str = "PR-00412", **days: float) -> None:
    report = payments.Report(
        source="api",
        external_id=f"P-{minor}",
        account=account,
        amount_minor=minor,
        currency="PEN",
        paid_at=clock.now() - timedelta(**days),
        method="transferencia",
    )
    async with database.transaction() as tx:
        await payments.book(tx, report, by=BILLING, moment=clock.now())


async def test_a_debt_is_stated_once_and_stands_as_it_stands(database: Database, source: Source) -> None:
    statement = a_statement(a_bill(), a_bill("F-2", "2026-12-05", 5000))

    (first,) = await state(database, source, statement)
    before = await history(database)
    (second,) = await state(database, source, statement)

    assert (first.kind, second.kind) == ("new", "unchanged")
    assert first.account_id == second.account_id
    assert [entry.id for entry in await history(database)] == [entry.id for entry in before], "no news, no entry"
    (account,) = await rows(database, Account)
    assert (account.state, account.balance_minor, account.overdue_minor) == ("late_2", 46250, 41250)
    (debtor,) = await rows(database, Debtor)
    assert (debtor.name_key, debtor.document_number) == ("maria fernanda ccori", "44552716")
    assert debtor.timezone == "America/Lima"
    assert (await actions(database))[-2:] == ["account.created", "account.updated"]


async def test_the_order_of_what_is_said_says_nothing(database: Database, source: Source) -> None:
    one, two = a_bill(), a_bill("F-2", "2026-12-05", 5000)
    await state(database, source, a_statement(one, two, phones=(MARIA, "+51944218306")))

    (again,) = await state(database, source, a_statement(two, one, phones=("+51944218306", MARIA)))

    assert again.kind == "unchanged"


async def test_who_already_writes_is_shown_with_the_debt_at_once(
    database: Database, inbox: Inbox, source: Source
) -> None:
    conversation = await a_conversation(database, inbox)
    await an_alias(database, inbox, conversation.contact_id)

    await state(database, source, a_statement(a_bill()))

    now = await fresh(database, conversation)
    assert (now.account_state, now.overdue_minor, now.currency) == ("late_2", 41250, "PEN")
    assert "conversation.standing_changed" in await actions(database, conversation_id=conversation.id)


async def an_alias(database: Database, inbox: Inbox, contact_id: int, number: str = "51944218305") -> None:
    from console.inbox.contacts import Alias  # noqa: PLC0415

    async with database.transaction() as tx:
        alias = Alias(channel_id=inbox.channel_id, kind="phone", value=number, match_key=number)
        alias.contact_id, alias.created_at = contact_id, clock.now()
        tx.add(alias)


async def test_a_balance_that_is_repeated_leaves_what_was_paid(database: Database, source: Source) -> None:
    await state(database, source, a_statement(a_bill()))
    await pay(database, 20000)

    # Another invoice is news; that the first is still said to be owed whole is not.
    await state(database, source, a_statement(a_bill(), a_bill("F-2", "2026-12-05", 5000)))

    assert await balances(database) == {"F-1": (41250, 21250), "F-2": (5000, 5000)}


async def test_a_balance_that_differs_replaces_ours(database: Database, source: Source) -> None:
    await state(database, source, a_statement(a_bill()))
    await pay(database, 20000)

    await state(database, source, a_statement(a_bill(balance=30000)))

    assert await balances(database) == {"F-1": (30000, 30000)}


async def test_what_was_paid_after_the_day_of_the_statement_is_paid(
    database: Database, source: Source, moment: Moment
) -> None:
    await state(database, source, a_statement(a_bill()))
    moment.passes(days=3)
    await pay(database, 20000, days=1)

    await state(database, source, a_statement(a_bill(balance=30000), as_of=clock.now() - timedelta(days=2)))

    assert await balances(database) == {"F-1": (30000, 10000)}


async def test_what_is_named_no_longer_is_owed_no_longer(database: Database, source: Source) -> None:
    await state(database, source, a_statement(a_bill(), a_bill("F-2", "2026-12-05", 5000)))

    await state(database, source, a_statement(a_bill("F-2", "2026-12-05", 5000)))

    assert await balances(database) == {"F-1": (0, 0), "F-2": (5000, 5000)}
    (account,) = await rows(database, Account)
    assert (account.state, account.balance_minor) == ("current", 5000)


async def test_another_currency_is_refused_once_there_are_invoices(database: Database, source: Source) -> None:
    await state(database, source, a_statement())
    await state(database, source, a_statement(currency="USD"))
    await state(database, source, a_statement(a_bill(), currency="USD"))

    with pytest.raises(Refused) as refusal:
        await state(database, source, a_statement(a_bill()))

    assert (refusal.value.status, refusal.value.code, refusal.value.field) == (409, "currency_conflict", "currency")


async def test_a_statement_older_than_the_last_is_refused(database: Database, source: Source, moment: Moment) -> None:
    await state(database, source, a_statement(a_bill()))

    with pytest.raises(Refused, match="posterior"):
        await state(database, source, a_statement(a_bill(balance=1), as_of=clock.now() - timedelta(days=1)))


async def test_debts_of_one_document_are_worked_as_one_person(database: Database, source: Source) -> None:
    one = a_statement(a_bill())
    other = a_statement(a_bill(), external_id="PR-2", name="CCORI MARIA", phones=("+51944218306",))

    await state(database, source, one, other)

    (debtor,) = await rows(database, Debtor)
    assert {row.debtor_id for row in await rows(database, Account)} == {debtor.id}
    assert {row.phone for row in await rows(database, ContactPoint)} == {MARIA, "+51944218306"}


async def test_without_a_document_a_debt_keeps_its_own_debtor(database: Database, source: Source) -> None:
    nameless = a_statement(a_bill(), document=None)
    other = a_statement(a_bill(), document=None, external_id="PR-2")
    await state(database, source, nameless, other)
    assert len(await rows(database, Debtor)) == 2, "the same name is not the same person"

    await state(database, source, a_statement(a_bill(balance=1), document=None, name="María F. Ccori"))
    await state(database, source, a_statement(a_bill(balance=2)))

    first, _second = await rows(database, Debtor)
    assert (first.name, first.document_number) == ("María Fernanda Ccori", DNI.number)


async def test_another_document_corrects_under_one_name_and_is_another_person_under_another(
    database: Database, inbox: Inbox, source: Source
) -> None:
    conversation = await a_conversation(database, inbox)
    await an_alias(database, inbox, conversation.contact_id)
    await state(database, source, a_statement(a_bill()))

    await state(database, source, a_statement(a_bill(), document=Document("DNI", "44552717")))
    (corrected,) = await rows(database, Debtor)
    await state(
        database,
        source,
        a_statement(a_bill(), name="Pedro Quispe", document=Document("DNI", "10203040"), phones=("+51911111111",)),
    )

    assert corrected.document_number == "44552717"
    _old, new = await rows(database, Debtor)
    (account,) = await rows(database, Account)
    assert account.debtor_id == new.id
    assert (await fresh(database, conversation)).account_state is None, "Pedro's debt is not María's"


async def test_numbers_come_and_go_with_what_any_debt_names(database: Database, inbox: Inbox, source: Source) -> None:
    conversation = await a_conversation(database, inbox)
    await an_alias(database, inbox, conversation.contact_id)
    other = "+51911111111"

    async def states() -> dict[str, str]:
        return {row.phone: row.state for row in await rows(database, ContactPoint)}

    await state(database, source, a_statement(a_bill()), a_statement(a_bill(), external_id="PR-2"))
    await state(database, source, a_statement(a_bill(), phones=(other,)))
    assert await states() == {MARIA: "active", other: "active"}, "the second debt still names it"

    await state(database, source, a_statement(a_bill(), external_id="PR-2", phones=()))
    assert await states() == {MARIA: "retired", other: "active"}
    assert (await fresh(database, conversation)).account_state is None

    await state(database, source, a_statement(a_bill()))
    assert await states() == {MARIA: "active", other: "retired"}
    assert (await fresh(database, conversation)).account_state == "late_2"


async def test_a_wrong_number_stays_wrong_whoever_names_it(database: Database, source: Source) -> None:
    await state(database, source, a_statement(a_bill()))
    async with database.transaction() as tx:
        (await tx.scalars(select(ContactPoint))).one().state = "wrong"

    await state(database, source, a_statement(a_bill(balance=1)))

    (point,) = await rows(database, ContactPoint)
    assert point.state == "wrong"


async def test_a_debt_that_left_the_portfolio_comes_back(database: Database, source: Source) -> None:
    await state(database, source, a_statement(a_bill()))
    async with database.transaction() as tx:
        (await tx.scalars(select(Account))).one().status = "closed"

    (back,) = await state(database, source, a_statement(a_bill()))

    assert back.kind == "changed"
    (account,) = await rows(database, Account)
    assert (account.status, account.state) == ("open", "late_2")
    assert account.next_change_at is not None


async def test_two_systems_that_state_one_new_debt_make_one(database: Database, source: Source) -> None:
    results = await asyncio.gather(*(state(database, source, a_statement(a_bill())) for _ in range(4)))

    assert sorted(each.kind for (each,) in results) == ["new", "unchanged", "unchanged", "unchanged"]
    assert len(await rows(database, Debtor)) == len(await rows(database, Account)) == 1


async def test_the_history_names_no_person(database: Database, source: Source) -> None:
    await state(database, source, a_statement(a_bill()))
    await state(database, source, a_statement(a_bill(balance=1), name="Otra Persona"))

    told = "".join(f"{entry.old}{entry.new}{entry.subject}" for entry in await history(database))
    assert all(secret not in told for secret in ("Ccori", "Otra", "44552716", "944218305"))
    assert "debtor.updated" in await actions(database)
