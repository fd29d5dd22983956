"""Deciding when the business works: read as people type it, kept with what was before, a team's own before all."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from console import clock
from console.audit import AuditEntry
from console.db import Database
from console.errors import Refused
from console.hours import keeping
from console.hours.models import COMPANY
from console.hours.reading import hours_of
from console.hours.working import MINUTES_OF_DAY
from tests.conftest import Moment
from tests.front import a_console, settings_for
from tests.inbox.people import an_inbox

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("8-18", ((480, 1080),)),
        ("8:00-13:00, 14:00-18:30", ((480, 780), (840, 1110))),
        ("14 a 18 y 8 a 13", ((480, 780), (840, 1080))),
        ("22:00–2:00", ((1320, 1560),)),
        ("0-24", ((0, 1440),)),
        ("", ()),
        ("cerrado", ()),
    ],
)
def test_hours_are_read_as_people_type_them(text: str, intervals: tuple[tuple[int, int], ...]) -> None:
    assert keeping.read_intervals(text, "monday") == intervals


@pytest.mark.parametrize("text", ["8", "ocho a seis", "25-26", "8-8", "8:75-9", "8-12, 11-13", ",".join(["1-2"] * 9)])
def test_what_is_no_hour_is_refused_by_the_name_of_its_field(text: str) -> None:
    with pytest.raises(Refused) as refused:
        keeping.read_intervals(text, "monday")

    assert (refused.value.status, refused.value.field) == (422, "monday")


@given(st.lists(st.integers(0, MINUTES_OF_DAY - 1), min_size=2, max_size=8, unique=True))
def test_what_is_written_is_read_back(edges: list[int]) -> None:
    edges = sorted(edges)
    intervals = tuple(zip(edges[::2], edges[1::2], strict=False))

    assert keeping.read_intervals(keeping.write_intervals(intervals), "monday") == intervals


async def test_the_first_start_gives_the_company_its_zone_and_a_usual_week(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(database_url, tmp_path, timezone="America/Santiago", country="CL")
    async with a_console(settings) as front, front.console.db.reading() as tx:
        hours = await hours_of(tx, None)

    assert (hours.zone, hours.country) == ("America/Santiago", "CL")


async def test_a_teams_own_week_and_day_win_over_the_companys(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    by = inbox.admin
    async with database.transaction() as tx:
        week = [((600, 720),)] * 7
        await keeping.set_week(tx, by=by, team_id=inbox.team_id, days=week, keeps_holidays=False)
        await keeping.set_day(tx, by=by, team_id=COMPANY, day=DAY, intervals=(), name="Aniversario")
    async with database.reading() as tx:
        mine, theirs = await hours_of(tx, inbox.team_id), await hours_of(tx, None)
    assert mine.working_time(clock.now(), clock.now() + timedelta(days=1)) == timedelta(hours=2)
    assert mine.intervals(DAY) == theirs.intervals(DAY) == ()

    async with database.transaction() as tx:
        await keeping.set_day(tx, by=by, team_id=inbox.team_id, day=DAY, intervals=[(480, 540)], name="Guardia")
        await keeping.drop_week(tx, by=by, team_id=inbox.team_id)
    async with database.reading() as tx:
        mine = await hours_of(tx, inbox.team_id)
        assert mine.intervals(DAY) == ((480, 540),)
        assert mine.days == (await hours_of(tx, None)).days


async def test_each_change_says_before_and_after(database: Database) -> None:
    inbox = await an_inbox(database)
    async with database.transaction() as tx:
        for name in ("Aniversario", "Inventario"):
            await keeping.set_day(tx, by=inbox.admin, team_id=COMPANY, day=DAY, intervals=(), name=name)

    async with database.reading() as tx:
        changes = select(AuditEntry).where(AuditEntry.action == "hours.day_set").order_by(AuditEntry.id)
        last = (await tx.scalars(changes)).all()[-1]
    assert "Aniversario" in str(last.old)
    assert "Inventario" in str(last.new)
    assert last.actor_name == inbox.admin.name


@pytest.mark.parametrize(("name", "team_id", "field"), [("", COMPANY, "name"), ("Feriado", 999, "team")])
async def test_a_day_without_a_reason_or_for_nobody_is_refused(
    database: Database, name: str, team_id: int, field: str
) -> None:
    inbox = await an_inbox(database)
    async with database.transaction() as tx:
        with pytest.raises(Refused) as refused:
            await keeping.set_day(tx, by=inbox.admin, team_id=team_id, day=DAY, intervals=(), name=name)

    assert refused.value.field == field
