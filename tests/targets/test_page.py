"""The page of the targets: set by who leads the team, refused by the name of the field, on record before and after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from console.agents import Team
from console.audit import AuditEntry
from console.settings_pages.targets import read_length, write_length
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for

ALL = {"team": "0", "state": ""}


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


async def test_a_change_shows_what_holds_for_every_state_and_stands_in_the_history(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    usual = {"first_due": "10 min", "first_warns": "7 min", "next_due": "15 min", "next_warns": "10 min"}

    answer = await elena.do("/settings/targets", **ALL, **{**usual, "first_due": "1 h 30"})

    assert answer.status_code == 303
    page = await elena.see("/settings/targets")
    assert 'name="first_due" value="1 h 30 min"' in page
    assert "1 h 30 min <small>aviso a los 7 min" in page
    assert "Sin plazo" in page  # resolution was left empty
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "targets.updated"))).one()
    assert msgspec.json.decode(entry.old or "") == {"state": "", "first": [7, 10], "resolution": [1200, 1800]}
    assert msgspec.json.decode(entry.new or "") == {"state": "", "first": [7, 90], "resolution": None}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"first_due": "mañana"}, "first_due"),
        ({"first_due": "0"}, "first_due"),
        ({"first_due": "99999"}, "first_due"),
        ({"first_due": "5", "first_warns": "5"}, "first_warns"),
        ({"next_warns": "5"}, "next_due"),
        ({"resolution_due": "-3"}, "resolution_due"),
    ],
)
async def test_what_is_no_target_is_said_beside_its_field_and_what_was_typed_stays(
    front: Front, typed: dict[str, str], field: str
) -> None:
    elena = await front.agent("Elena", role="admin")

    answer = await elena.do("/settings/targets", **ALL, **typed)

    assert answer.status_code == 422
    assert f'id="{field}-words"' in answer.text
    assert all(f'name="{name}" value="{value}"' in answer.text for name, value in typed.items())


async def test_a_supervisor_sets_those_of_their_team_and_of_no_other(front: Front) -> None:
    luz = await front.agent("Luz", role="supervisor", team="Mora")
    await front.agent("Elena", role="admin")
    async with front.console.db.reading() as tx:
        teams = {team.name: str(team.id) for team in await tx.scalars(select(Team))}

    mine = await luz.do("/settings/targets", team=teams["Mora"], state="late_1", first_due="5 min")
    assert mine.status_code == 303
    assert 'value="5 min"' in await luz.see(f"/settings/targets?team={teams['Mora']}&state=late_1")
    for other in ("0", teams["Cobranza"]):
        answer = await luz.do("/settings/targets", team=other, state="", first_due="5 min")
        assert answer.status_code == 403
    assert (await luz.http.get(f"/settings/targets?team={teams['Cobranza']}")).status_code == 403
    assert (await luz.http.get(f"/settings/targets?team={teams['Mora']}&state=rich")).status_code == 422


@given(st.integers(0, 60 * 24 * 60))
def test_a_length_reads_back_as_it_is_written(minutes: int) -> None:
    assert read_length(write_length(minutes), "x") == minutes
