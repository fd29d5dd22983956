"""The portfolio's pages: found by whatever one has at hand, in order, page after page, and only what one may see."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused, not_found
from console.portfolio import dossier, search
from console.portfolio.search import Asked, Line
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, an_inbox
from tests.portfolio.debts import Debt, a_debtor

DAY = date(2026, 11, 20)


async def found(database: Database, viewer: Viewer, **asked: Any) -> list[Line]:
    """Everything a list has, in pages of three."""
    lines: list[Line] = []
    after = None
    while True:
        async with database.reading() as tx:
            page = await search.page_of(tx, viewer, Asked(**asked), after=after, limit=3)
        lines += page.lines
        text = search.cursor_text(page.following)
        after = search.read_cursor(text, asked.get("sort", "overdue"))
        if after is None:
            return lines


async def some_debts(database: Database, inbox: Inbox) -> list[Debt]:
    """Of eight people: paid, late by days and amounts that don't go together."""
    other = next(iter(inbox.stranger.team_ids))
    return [
        await a_debtor(
            database,
            other if number == 7 else inbox,
            phone=f"5194421{number:04}",
            name=f"Persona {number}",
            invoices=[(f"F-{number}", DAY - timedelta(days=number * 13 % 100), (number * 37 % 11) * 100)],
        )
        for number in range(8)
    ]


@pytest.mark.parametrize("who", ["ana", "supervisor", "admin", "stranger"])
async def test_the_list_is_in_order_and_holds_what_one_may_see(database: Database, moment: Moment, who: str) -> None:
    inbox = await an_inbox(database)
    debts = await some_debts(database, inbox)
    viewer: Viewer = getattr(inbox, who)
    ours, theirs = [debt.account_id for debt in debts[:7]], [debts[7].account_id]
    expected = {"stranger": theirs, "admin": ours + theirs}.get(who, ours)

    lines = await found(database, viewer)

    assert sorted(line.id for line in lines) == sorted(expected)
    assert [(line.overdue_minor, line.id) for line in lines] == sorted(
        ((line.overdue_minor, line.id) for line in lines), reverse=True
    )
    by_days = await found(database, viewer, sort="days")
    assert [line.oldest_due_on for line in by_days] == sorted(
        line.oldest_due_on for line in lines if line.oldest_due_on is not None
    )
    for state in {line.state for line in lines}:
        some = await found(database, viewer, state=state)
        assert {line.id for line in some} == {line.id for line in lines if line.state == state}


@pytest.mark.parametrize(
    "q",
    [
        "maria fer",
        "MARÍA  FERNANDA",
        "ccori",
        "Ñahui",
        "45127",
        "45.127.716",
        "944218305",
        "8305",
        "+51 944 218 305",
        "pr-777",
        "C-08841",
        "c-08841",
    ],
)
async def test_a_debt_is_found_by_whatever_one_has_at_hand(database: Database, moment: Moment, q: str) -> None:
    inbox = await an_inbox(database)
    wanted = await a_debtor(
        database,
        inbox,
        name="María Fernanda Ccori Ñahui",
        document=("DNI", "45127716"),
        external_id="PR-777",
        invoices=[("C-08841", DAY, 100)],
    )
    async with database.transaction() as tx:
        from console.portfolio.models import Debtor  # noqa: PLC0415 only here
        from console.portfolio.names import name_key  # noqa: PLC0415 only here

        debtor = await tx.get_one(Debtor, wanted.debtor_id)
        debtor.name_key = name_key(debtor.name)
    await a_debtor(database, inbox, phone="51900000000", name="Otra Persona", document=("DNI", "10000001"))

    assert [line.id for line in await found(database, inbox.ana, q=q)] == [wanted.account_id]
    assert await found(database, inbox.stranger, q=q) == []


@pytest.mark.parametrize("q", ["%", "_", "\\", "'; --", "%%%%", "nadie"])
async def test_what_means_something_to_a_database_means_nothing_here(
    database: Database, moment: Moment, q: str
) -> None:
    inbox = await an_inbox(database)
    await a_debtor(database, inbox)

    assert await found(database, inbox.ana, q=q) == []


@pytest.mark.parametrize(
    "asked", [{"state": "late"}, {"team": "x"}, {"team": "-1"}, {"sort": "name"}, {"team": "9" * 30}]
)
def test_an_address_that_asks_for_what_there_is_not_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        search.read_asked(asked)
    assert refused.value.field == next(iter(asked))


@pytest.mark.parametrize("text", ["x", "1", "1.", "1.2.3", "99999999999999999.1", "9999999.1"])
def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        search.read_cursor(text, "days")


async def test_a_dossier_shows_accounts_numbers_and_conversations_to_who_may_see_them(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    other = next(iter(inbox.stranger.team_ids))
    conversation = await a_conversation(database, inbox)
    ours = await a_debtor(
        database, inbox, document=("DNI", "45127716"), invoices=[("C-1", DAY, 500), ("C-2", DAY - timedelta(9), 300)]
    )
    unseen = await a_debtor(database, other, phone="51900000001")

    async with database.reading() as tx:
        mine = await dossier.dossier_of(tx, inbox.ana, ours.debtor_id, clock.now())
        with pytest.raises(Refused):
            await dossier.dossier_of(tx, inbox.ana, unseen.debtor_id, clock.now())
        with pytest.raises(Refused) as refused:
            await dossier.debtor_of(tx, inbox.ana, 2**70)
        assert refused.value.status == not_found().status
        assert await dossier.debtor_of(tx, inbox.ana, ours.account_id) == ours.debtor_id

    [account] = mine.accounts
    assert (account.overdue_minor, account.days, len(account.late), len(account.soon)) == (300, 9, 1, 1)
    assert [(number.phone, number.conversation_id) for number in mine.numbers] == [("+51 •••• 8305", conversation.id)]
    assert mine.document is not None
    assert mine.document.endswith("2716") or mine.document.endswith("7716")
    assert "4512" not in mine.document
    assert mine.history


async def test_a_page_costs_a_constant_number_of_queries(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    debts = await some_debts(database, inbox)
    asked = [
        await queries(database, lambda tx, limit=limit: search.page_of(tx, inbox.ana, Asked(), limit=limit))
        for limit in (1, 50)
    ]
    assert asked[0] == asked[1]
    dossiers = [
        await queries(database, lambda tx, of=of: dossier.dossier_of(tx, inbox.ana, of, clock.now()))
        for of in (debts[0].debtor_id, debts[1].debtor_id)
    ]
    assert dossiers[0] == dossiers[1] <= 9


async def queries(database: Database, work: Any) -> int:
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    async with database.reading() as tx:
        engine = (await tx.connection()).sync_engine
        event.listen(engine, "before_cursor_execute", count)
        try:
            await work(tx)
        finally:
            event.remove(engine, "before_cursor_execute", count)
    return counted
