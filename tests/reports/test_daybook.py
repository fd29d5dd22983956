"""The daybook: whatever happens in whatever order, kept days say what a plain recount of the facts says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from console.agents import Team, Viewer
from console.db import Database, Tx, bulk_insert
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.reports import daybook, follow, operation
from console.reports.models import Answer, DayKept, DayPage, Spell, Talk
from tests.conftest import Moment
from tests.patience import eventually
from tests.reports.world import LIMA, a_day_of_work, a_quiet_console, asked, lima

FIRST = date(2026, 11, 20)
ADMIN = Viewer(id=0, name="Iván", role="admin", team_ids=frozenset())
LEADER = Viewer(id=0, name="Sara", role="supervisor", team_ids=frozenset({1}))
DAYS, CONVERSATIONS, AGENTS = st.integers(0, 3), st.integers(1, 4), st.integers(1, 3)
HOURS, SECONDS = st.integers(8, 11), st.integers(0, 40)
EVENTS = st.one_of(
    st.tuples(st.just("talk"), DAYS, CONVERSATIONS, st.sampled_from(["in", "agent", "bot", "other"]), AGENTS, HOURS),
    st.tuples(st.just("answer"), DAYS, CONVERSATIONS, AGENTS, HOURS, SECONDS, SECONDS, st.booleans()),
    st.tuples(st.just("spell"), DAYS, CONVERSATIONS, AGENTS, HOURS, SECONDS, SECONDS),
    st.tuples(st.just("transfer"), CONVERSATIONS, st.integers(1, 2)),
    st.tuples(st.just("keep"), DAYS),
)


async def four_conversations(tx: Tx, moment: Moment) -> None:
    """Of two teams, and no fact yet."""
    for table in (Talk, Answer, Spell, DayPage, DayKept):
        await tx.execute(delete(table))
    if await tx.scalar(select(Conversation.id).limit(1)) is not None:
        return
    now = moment.now
    tx.add_all([Team(name=f"Equipo {n}", created_at=now) for n in (1, 2)])
    await tx.flush()
    tx.add(Channel(phone_number_id="1", business_account_id="1", team_id=1, created_at=now))
    await tx.flush()
    await bulk_insert(
        tx, Contact, [{"id": n, "wa_id": f"5190000000{n}", "created_at": now, "version": 1} for n in range(1, 5)]
    )
    usual = {"channel_id": 1, "status": "resolved", "last_sequence": 9, "inbound_count": 1, "last_at": now}
    usual |= {"pair_refusals": 0, "receipt_due": False, "version": 1, "created_at": now, "updated_at": now}
    rows = [{"id": n, "contact_id": n, "team_id": 1 + n % 2, **usual} for n in range(1, 5)]
    await bulk_insert(tx, Conversation, rows)


async def happens(tx: Tx, number: int, event: Sequence[Any], moment: Moment) -> None:
    """One event as the follower writes it: the fact, and its day struck."""
    match event:
        case ("talk", day, conversation, author, agent, hour):
            key = (FIRST + timedelta(days=day), conversation, hour, author, agent if author == "agent" else 0)
            row = await tx.get(Talk, key)
            if row is None:
                names = ("day", "conversation_id", "hour", "author", "agent_id")
                tx.add(Talk(**dict(zip(names, key, strict=True)), n=1))
            else:
                row.n += 1
        case ("answer", day, conversation, agent, hour, business, calendar, is_first):
            of = {"message_id": number, "day": FIRST + timedelta(days=day), "hour": hour, "is_first": is_first}
            at = {"asked_at": moment.now, "answered_at": moment.now, "calendar_s": calendar, "business_s": business}
            tx.add(Answer(**of, **at, conversation_id=conversation, agent_id=agent))
        case ("spell", day, conversation, agent, hour, business, calendar):
            of = {"message_id": number, "day": FIRST + timedelta(days=day), "hour": hour, "sequence": number}
            at = {"opened_at": moment.now, "closed_at": moment.now, "calendar_s": calendar, "business_s": business}
            tx.add(Spell(**of, **at, conversation_id=conversation, agent_id=agent, by_bot=False, by_person=True))
        case ("transfer", conversation, team):
            (await tx.get_one(Conversation, conversation)).team_id = team
            await daybook.strike(tx, await daybook.days_of(tx, [conversation]))
            return
        case ("keep", day):
            await tx.flush()
            await daybook.keep(tx, kept := FIRST + timedelta(days=day), await daybook.pages_of(tx, kept))
            return
    await tx.flush()
    await daybook.strike(tx, [FIRST + timedelta(days=event[1])])


def plain(values: list[int], tenths: int) -> int | None:
    """Nearest rank, by sorting."""
    return sorted(values)[-(-tenths * len(values) // 10) - 1] if values else None


async def recounted(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    """The figures from the facts alone, without the product's own arithmetic."""
    mine = {
        row.id for row in await tx.execute(select(Conversation.id, Conversation.team_id))
        if viewer.sees_all or row.team_id in viewer.team_ids
    }  # fmt: skip
    talk = [row for row in await tx.scalars(select(Talk)) if row.conversation_id in mine]
    answers = [row for row in await tx.scalars(select(Answer)) if row.conversation_id in mine]
    spells = [row for row in await tx.scalars(select(Spell)) if row.conversation_id in mine]
    agents = {row.agent_id for row in talk if row.author == "agent"}
    return {
        "received": sum(row.n for row in talk if row.author == "in"),
        "sent": sum(row.n for row in talk if row.author != "in"),
        "first_answer": plain([row.business_s for row in answers if row.is_first], 5),
        "next_answer": plain([row.business_s for row in answers if not row.is_first], 5),
        "resolution": plain([row.business_s for row in spells], 5),
        "agents": {
            (
                len({row.conversation_id for row in talk if row.author == "agent" and row.agent_id == agent}),
                sum(row.n for row in talk if row.author == "agent" and row.agent_id == agent),
                plain([row.business_s for row in answers if row.is_first and row.agent_id == agent], 5),
                plain([row.business_s for row in answers if row.is_first and row.agent_id == agent], 9),
            )
            for agent in agents
        },
        "first_answer_by_hour": {
            (f"{hour:02}:00", plain(of_hour, 5), plain(of_hour, 9), len(of_hour))
            for hour in range(8, 12)
            if (of_hour := [row.business_s for row in answers if row.is_first and row.hour == hour])
        },
    }


async def told(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    """The same from the report."""
    report = await operation.report(tx, viewer, asked("2026-11-20", "2026-11-23"))
    tables = {table.key: table.rows for table in report.tables}
    now = {"waiting", "longest_wait"}
    found: dict[str, Any] = {figure.key: figure.value for figure in report.figures if figure.key not in now}
    found["agents"] = {tuple(row[1:]) for row in tables["agents"]}
    found["first_answer_by_hour"] = {tuple(row) for row in tables["first_answer_by_hour"]}
    return found


# A database lives through all examples of a test; each begins without a fact.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=25))
async def test_kept_days_say_what_a_recount_says(
    database: Database, moment: Moment, events: Sequence[Sequence[Any]]
) -> None:
    moment.is_(lima("2026-11-28"))
    async with database.transaction() as tx:
        await four_conversations(tx, moment)
    async with database.transaction() as tx:
        for number, event in enumerate(events, start=1):
            await happens(tx, number, event, moment)
    for viewer in (ADMIN, LEADER):
        async with database.reading() as tx:
            assert await told(tx, viewer) == await recounted(tx, viewer)


async def kept_days(database: Database) -> list[str]:
    async with database.reading() as tx:
        return [str(day) for day in await tx.scalars(select(DayKept.day).order_by(DayKept.day))]


async def test_a_day_is_kept_when_it_is_over_and_moves_with_its_conversation(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    """Kept days are read instead of facts; a conversation handed to another team takes its numbers along."""
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        database = front.console.db
        assert await follow.keep_days(database, LIMA) == 0  # it is not over
        moment.is_(lima("2026-11-22", "09:00"))
        assert await follow.keep_days(database, LIMA) == 2
        assert await kept_days(database) == ["2026-11-20", "2026-11-21"]
        before = await received_by_the_other_team(database)

        to = {"to": "team:2", "client_key": "una-clave", "note": "Ya es judicial"}
        nora = await front.agent("Nora", role="admin", team="Mora judicial")
        assert (await nora.do("/inbox/1/transfer", **to)).status_code == 200
        await follow.catch_up(database, LIMA)
        struck = await kept_days(database)
        counted = await received_by_the_other_team(database)
        await follow.keep_days(database, LIMA)

        assert struck == ["2026-11-21"]
        assert await kept_days(database) == ["2026-11-20", "2026-11-21"]
        assert (before, counted) == (0, 4)
        assert await received_by_the_other_team(database) == counted


async def test_days_are_kept_by_themselves(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        moment.is_(lima("2026-11-22", "09:00"))
        stop = asyncio.Event()
        following = asyncio.create_task(follow.run(front.console.db, LIMA, stop))

        async def all_of_them() -> bool:
            return await kept_days(front.console.db) == ["2026-11-20", "2026-11-21"]

        await eventually(all_of_them)
        stop.set()
        await following


async def test_a_day_that_changes_while_it_is_counted_is_not_kept_as_it_was(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        database = front.console.db
        counted = await follow.count(database, date(2026, 11, 20))
        moment.is_(lima("2026-11-22", "09:00"))
        nora = await front.agent("Nora", role="admin", team="Mora judicial")
        to = {"to": "team:2", "client_key": "una-clave", "note": "Ya es judicial"}
        assert (await nora.do("/inbox/1/transfer", **to)).status_code == 200
        await follow.catch_up(database, LIMA)

        assert not await follow.keep(database, LIMA, counted)
        assert await kept_days(database) == []
        assert await follow.keep(database, LIMA, await follow.count(database, date(2026, 11, 20)))
        assert await kept_days(database) == ["2026-11-20"]


async def received_by_the_other_team(database: Database) -> float | None:
    """As its supervisor may count it."""
    viewer = Viewer(id=0, name="-", role="supervisor", team_ids=frozenset({2}))
    async with database.reading() as tx:
        report = await operation.report(tx, viewer, asked("2026-11-20", "2026-11-21"))
    return next(figure.value for figure in report.figures if figure.key == "received")


@pytest.mark.parametrize("narrowed", [{"state": "late_1"}, {"agent": "1"}, {"team": "1"}])
async def test_each_filter_says_the_same_of_kept_days(
    sqlite_database_url: str, tmp_path: Path, moment: Moment, narrowed: dict[str, str]
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        what = asked("2026-11-20", "2026-11-20", **narrowed)
        async with front.console.db.reading() as tx:
            before = await operation.report(tx, ADMIN, what)
        moment.is_(lima("2026-11-21", "00:00"))
        await follow.keep_days(front.console.db, LIMA)
        async with front.console.db.reading() as tx:
            after = await operation.report(tx, ADMIN, what)

    assert [figure for figure in after.figures if figure.key != "longest_wait"] == [
        figure for figure in before.figures if figure.key != "longest_wait"
    ]
    assert after.tables == before.tables
