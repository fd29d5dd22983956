"""The rules of a portfolio: typed by who leads, refused by name, and followed by every account."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.inbox.models import Conversation
from console.portfolio import midnight, rules
from console.portfolio.models import PortfolioRules
from console.portfolio.standing import rules_in_force
from tests.conftest import Moment
from tests.front import a_console, settings_for
from tests.inbox.people import a_conversation, an_inbox, history
from tests.portfolio.debts import a_debtor


async def change(database: Database, by: Viewer, **typed: Any) -> None:
    """`version` is the one of the page; the rest is typed."""
    version = typed.pop("version", None)
    async with database.transaction() as tx:
        await rules.change(tx, by=by, typed=typed, currency="PEN", version=version, moment=clock.now())


async def in_force(database: Database) -> PortfolioRules:
    async with database.reading() as tx:
        return await rules_in_force(tx)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("first_edge", "0"),
        ("first_edge", "treinta"),
        ("first_edge", "60"),
        ("second_edge", "30"),
        ("second_edge", ""),
        ("overdue_tolerance_minor", "-1"),
        ("overdue_tolerance_minor", "1.234"),
        ("promise_tolerance_bp", "51"),
        ("promise_tolerance_bp", "5.555"),
        ("promise_grace_days", "31"),
        ("plan_max_instalments", "٣"),
        ("plan_min_down_payment_bp", "101 %"),
        ("dispute_answer_days", "1e2"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_by_its_name_and_nothing_changes(
    database: Database, moment: Moment, field: str, text: str
) -> None:
    inbox = await an_inbox(database)
    before = await in_force(database)

    with pytest.raises(Refused) as refused:
        await change(database, inbox.supervisor, plan_grace_days="9", **{field: text})

    assert refused.value.status == 422
    assert refused.value.field in {field, "second_edge"}
    after = await in_force(database)
    assert (after.version, after.plan_grace_days) == (before.version, before.plan_grace_days)


async def test_what_is_typed_is_what_is_in_force_and_what_it_was_is_on_record(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)

    await change(
        database,
        inbox.supervisor,
        version=1,
        overdue_tolerance_minor="S/ 0.50",
        promise_tolerance_bp="5 %",
        asks_reason="0",
    )
    now = await in_force(database)

    assert (now.overdue_tolerance_minor, now.promise_tolerance_bp, now.asks_reason) == (50, 500, False)
    [entry] = [entry for entry in await history(database) if entry.action == "rules.updated"]
    assert entry.old == '{"asks_reason":1,"overdue_tolerance_minor":0,"promise_tolerance_bp":0}'
    with pytest.raises(Refused) as refused:
        await change(database, inbox.supervisor, version=1, plan_grace_days="4")
    assert refused.value.code == "version_conflict"
    with pytest.raises(Refused) as refused:
        await change(database, inbox.ana, plan_grace_days="4")
    assert refused.value.status == 403


async def test_other_edges_move_every_account_in_steps_that_can_be_interrupted(
    database: Database, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(midnight, "AT_ONCE", 2)
    inbox = await an_inbox(database)
    for number in range(5):
        phone = f"5194421830{number}"
        await a_conversation(database, inbox, wa_id=phone)
        await a_debtor(database, inbox, phone=phone, invoices=[(f"C-{number}", date(2026, 11, 5), 900)])

    await change(database, inbox.supervisor, first_edge="10", second_edge="14")

    seen = []
    while await midnight.is_due(database):
        async with database.transaction() as tx:
            await midnight.turn(tx, clock.now())
        async with database.reading() as tx:
            states = list(await tx.scalars(select(Conversation.account_state)))
        seen.append(states.count("late_3"))
    assert seen == [2, 4, 5]


async def test_the_page_shows_what_was_typed_and_which_of_it_is_wrong(database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        rosa = await front.agent("Rosa", role="supervisor")
        values = dict.fromkeys(rules.RULES, "1") | {"first_edge": "40", "second_edge": "20", "version": "1"}

        answer = await rosa.http.post("/settings/portfolio", data=values, headers={"origin": front.address})

        assert answer.status_code == 422
        assert 'id="second_edge-words"' in answer.text
        assert 'name="first_edge" value="40"' in answer.text
        values |= {"second_edge": "80"}
        answer = await rosa.http.post("/settings/portfolio", data=values, headers={"origin": front.address})
        assert "Reglas guardadas" in answer.text
        assert "Vencido 41-80" in await rosa.see("/inbox")
