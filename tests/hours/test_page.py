"""The page of the hours: changed by who leads the team, refused by the name of the field, shown for a fortnight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from console.agents import Team
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for

WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "8-18") | {"saturday": "", "sunday": ""}


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


async def test_a_change_of_the_week_shows_in_the_next_fortnight_with_holidays_by_name(
    front: Front, moment: Moment
) -> None:
    moment.passes(days=13)  # to see Immaculate Conception, on 8 December
    elena = await front.agent("Elena", role="admin")

    answer = await elena.do("/settings/hours", team="0", keeps_holidays="1", **{**WEEK, "saturday": "22:00-2:00"})

    assert answer.status_code == 303
    page = await elena.see("/settings/hours")
    assert "22:00-2:00" in page
    assert "Inmaculada" in page


async def test_what_is_no_hour_is_said_beside_its_day_and_what_was_typed_stays(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")

    answer = await elena.do("/settings/hours", team="0", **{**WEEK, "tuesday": "de ocho a seis", "friday": "7-15"})

    assert answer.status_code == 422
    assert 'name="tuesday" value="de ocho a seis"' in answer.text
    assert 'id="tuesday-words"' in answer.text
    assert 'value="7-15"' in answer.text


async def test_a_supervisor_keeps_the_hours_of_their_team_and_of_no_other(front: Front) -> None:
    luz = await front.agent("Luz", role="supervisor", team="Mora")
    await front.agent("Elena", role="admin")
    async with front.console.db.reading() as tx:
        teams = {team.name: str(team.id) for team in await tx.scalars(select(Team))}

    assert (await luz.do("/settings/hours", team=teams["Mora"], **WEEK)).status_code == 303
    for other in ("0", teams["Cobranza"]):
        assert (await luz.do("/settings/hours", team=other, **WEEK)).status_code == 403
        day = {"day": "2026-12-24", "hours": "", "name": "Nochebuena"}
        assert (await luz.do("/settings/hours/days", team=other, **day)).status_code == 403
    assert (await luz.http.get(f"/settings/hours?team={teams['Cobranza']}")).status_code == 403


async def test_a_special_day_is_added_seen_and_taken_away(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    bad = await elena.do("/settings/hours/days", team="0", day="2026-11-31", hours="", name="Nada")
    assert (bad.status_code, 'id="day-words"' in bad.text) == (422, True)

    await elena.do("/settings/hours/days", team="0", day="2026-11-24", hours="9-12", name="Inventario")
    page = await elena.see("/settings/hours")
    assert "Inventario" in page
    assert "Día especial" in page

    await elena.do("/settings/hours/days/removal", team="0", day="2026-11-24")
    # It stands in what was changed, and among the days no longer.
    days, _, changed = (await elena.see("/settings/hours")).partition('id="changes-title"')
    assert ("Inventario" in days, "Inventario" in changed) == (False, True)
