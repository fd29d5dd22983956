"""Who may see a debt: the rule and its twin in the database say the same."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from console.agents import Viewer
from console.db import Database
from console.inbox import policy
from console.portfolio.models import Account
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, an_inbox
from tests.portfolio.debts import a_debtor

DUE = [("C-1", date(2026, 11, 5), 41250)]


async def test_people_see_their_teams_debts_and_those_of_whom_they_speak_with(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    other_team = next(iter(inbox.stranger.team_ids))
    await a_conversation(database, inbox, wa_id="51944218305", holder=inbox.ana)

    ours = await a_debtor(database, inbox, phone="51944218399", invoices=DUE)
    spoken_with = await a_debtor(database, other_team, phone="51944218305", invoices=DUE)
    theirs = await a_debtor(database, other_team, phone="51944218300", invoices=DUE)

    assert await _seen(database, inbox.ana) == {ours.account_id, spoken_with.account_id}
    assert await _seen(database, inbox.supervisor) == {ours.account_id, spoken_with.account_id}
    assert await _seen(database, inbox.stranger) == {spoken_with.account_id, theirs.account_id}
    assert await _seen(database, inbox.admin) == {ours.account_id, spoken_with.account_id, theirs.account_id}
    _says_the_same(inbox, other_team)


def _says_the_same(inbox: Inbox, other_team: int) -> None:
    spoken = [(inbox.team_id, inbox.ana.id)]
    assert policy.sees_account(inbox.ana, team_id=inbox.team_id)
    assert policy.sees_account(inbox.ana, team_id=other_team, conversations=spoken)
    assert not policy.sees_account(inbox.ana, team_id=other_team)
    assert policy.sees_account(inbox.admin, team_id=other_team)


def test_only_who_leads_decides_about_the_portfolio() -> None:
    agent, leader = (Viewer(id=1, name="Ana", role=role, team_ids=frozenset({1})) for role in ("agent", "supervisor"))

    for deed in ("import_portfolio", "edit_rules", "apply_payments", "lift_opt_out", "edit_dispositions", "edit_tags"):
        assert policy.may(leader, deed)
        assert not policy.may(agent, deed)


async def _seen(database: Database, viewer: Viewer) -> set[int]:
    async with database.reading() as tx:
        return set(await tx.scalars(select(Account.id).where(policy.visible_accounts(viewer))))
