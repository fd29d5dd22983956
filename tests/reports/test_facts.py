"""The facts follow the history: in whatever steps, with whatever crash between, they are what a recount makes."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from console.db import Database, table_of
from console.inbox import deliver, settle
from console.reports import follow, percentiles, rolls
from console.reports.local_days import bounds
from console.reports.models import Answer, ReportCursor, Spell, Talk
from console.reports.rolls import COLUMNS, Moved
from tests.conftest import Moment
from tests.front import Front
from tests.inbox import meta
from tests.reports.world import LIMA, a_day_of_work, a_quiet_console, asked, figures_of, lima, they_pay, they_write

PEOPLE = ("51944218305", "51955301776", "51966750912")


async def facts(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    async with database.reading() as tx:
        return {
            table.__tablename__: {tuple(row) for row in await tx.execute(select(table_of(table)))}
            for table in follow.FACTS
        }


async def some_work(front: Front, moment: Moment, seed: int, ana: Any) -> None:
    """A hundred things in any order over some days, the history read now and then, in steps of any size."""
    random_ = random.Random(seed)
    database = front.console.db
    for at in range(60):
        moment.passes(minutes=random_.randrange(1, 400))
        number = random_.randrange(1, len(PEOPLE) + 1)
        match random_.randrange(8):
            case 0 | 1 | 2:
                await they_write(front, "hola", sender=PEOPLE[number - 1])
            case 3 | 4:
                await ana.reply(number, "buenas", seen_sequence="")
            case 5:
                await ana.do(f"/inbox/{number}/resolution", disposition="CD-PCOM", version="")
            case 6:
                await they_pay(database, "PR-1", random_.randrange(1, 500), number=f"{seed}-{at}")
            case 7:
                async with database.transaction() as tx:
                    await follow.step(tx, LIMA, limit=random_.randrange(1, 30))


@pytest.mark.parametrize("seed", [1, 2])
async def test_facts_kept_step_by_step_are_those_of_a_recount(
    seed: int, database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        world = await a_day_of_work(front, moment)
        await they_write(front, "hola", sender=PEOPLE[2])
        await some_work(front, moment, seed, world["people"]["ana"])
        database = front.console.db
        await follow.catch_up(database, LIMA)
        kept = await facts(database)

        await follow.again(database, LIMA)

        assert kept["report_talk"]
        assert kept["report_answer"]
        assert kept["report_spell"]
        assert await facts(database) == kept


async def test_while_the_history_is_read_the_page_says_how_far_and_not_now(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        moment.is_(lima("2026-11-25", "10:00"))
        sara = await front.agent("Pilar", role="supervisor")
        await they_write(front, "¿siguen ahí?")
        database = front.console.db
        async with database.transaction() as tx:
            await tx.execute(delete(ReportCursor))
            await follow.step(tx, LIMA, limit=5)
        halfway = await sara.see("/reports")
        await follow.catch_up(database, LIMA)
        whole = await sara.see("/reports")

    assert "Actualizado hasta" in halfway
    assert 'datetime="2026-11-20T' in halfway.partition("Actualizado hasta")[2][:80]
    assert 'datetime="2026-11-25T' in whole.partition("Actualizado hasta")[2][:80]


async def test_a_crash_between_two_steps_counts_nothing_twice(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        database = front.console.db
        await they_write(front, "¿siguen ahí?")
        with contextlib.suppress(ZeroDivisionError):
            async with database.transaction() as tx:
                await follow.step(tx, LIMA)
                raise ZeroDivisionError
        await follow.catch_up(database, LIMA)

        assert (await figures_of(database, asked("2026-11-20", "2026-11-20")))["received"].value == 6


async def test_another_time_zone_counts_every_day_anew(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        moment.is_(lima("2026-11-20", "22:30"))
        await they_write(front, "hola")
        await follow.catch_up(front.console.db, LIMA)
        before = await facts(front.console.db)
        await follow.catch_up(front.console.db, ZoneInfo("America/Sao_Paulo"))
        after = await facts(front.console.db)

    assert {row[0].isoformat() for row in before["report_talk"]} == {"2026-11-20"}
    assert {row[0].isoformat() for row in after["report_talk"]} == {"2026-11-21"}


async def test_a_conversation_that_is_reopened_is_two_matters(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    """And resolved twice without a word between, it is one."""
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        people = (await a_day_of_work(front, moment))["people"]
        for _ in range(2):
            moment.passes(minutes=5)
            await people["ana"].do("/inbox/1/resolution", disposition="CD-PCOM", version="")
            await people["ana"].do("/inbox/1/reopening", version="")
        await follow.catch_up(front.console.db, LIMA)
        async with front.console.db.reading() as tx:
            spells = (await tx.scalars(select(Spell).order_by(Spell.sequence))).all()
            firsts = (await tx.scalars(select(Answer.is_first).order_by(Answer.message_id))).all()

    assert [spell.calendar_s for spell in spells] == [2 * 3600, 15 * 60]
    assert firsts == [True, False, True]


async def test_who_was_resolved_without_an_answer_waits_for_none_and_waits_anew_from_what_they_write_next(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    """A "gracias" that ends a matter is no question; the next one's wait begins with its own first word."""
    async with a_quiet_console(database_url, tmp_path) as front:
        ana = await front.agent("Ana")
        moment.is_(lima("2026-11-20", "09:00"))
        await they_write(front, "ya pagué")
        moment.is_(lima("2026-11-20", "09:02"))
        await ana.reply(1, "Lo veo")
        moment.is_(lima("2026-11-20", "09:03"))
        await they_write(front, "gracias")
        await ana.do("/inbox/1/resolution", disposition="CD-PCOM", version="")
        moment.is_(lima("2026-11-20", "15:00"))
        await they_write(front, "¿me llegó el recibo?")
        moment.is_(lima("2026-11-20", "15:04"))
        await they_write(front, "¿hola?")
        moment.is_(lima("2026-11-20", "15:10"))
        await ana.reply(1, "Sí", seen_sequence="")
        await ana.do("/inbox/1/resolution", disposition="CD-PCOM", version="")
        moment.is_(lima("2026-11-20", "15:30"))
        # Written to after the end, with nobody waiting: no answer.
        await ana.reply(1, "Le dejo además el enlace", seen_sequence="")
        await follow.catch_up(front.console.db, LIMA)
        async with front.console.db.reading() as tx:
            waits = (await tx.execute(select(Answer.is_first, Answer.calendar_s).order_by(Answer.message_id))).all()
        step_by_step = await facts(front.console.db)
        await follow.again(front.console.db, LIMA)
        assert await facts(front.console.db) == step_by_step

    assert [tuple(row) for row in waits] == [(True, 120), (True, 600)]


async def test_a_day_with_an_hour_twice_or_without_one_is_a_day(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    """Santiago sets its clocks back on 5 April 2026 at midnight, and forward on 6 September."""
    santiago = ZoneInfo("America/Santiago")
    long_day, short_day = bounds_of("2026-04-04", santiago), bounds_of("2026-09-06", santiago)
    assert [round((end - begin) / timedelta(hours=1)) for begin, end in (long_day, short_day)] == [25, 23]
    async with a_quiet_console(sqlite_database_url, tmp_path, timezone="America/Santiago") as front:
        for begin, end in (long_day, short_day):
            at = begin
            while at < end:
                moment.is_(at)
                await they_write(front, "hola", sender=meta.MARIA)
                at += timedelta(hours=1)
        await follow.catch_up(front.console.db, santiago)
        async with front.console.db.reading() as tx:
            rows = (await tx.execute(select(Talk.day, Talk.hour, Talk.n))).all()

    per_day: dict[str, dict[int, int]] = {}
    for day, hour, n in rows:
        per_day.setdefault(day.isoformat(), {})[hour] = n
    assert sum(per_day["2026-04-04"].values()) == 25
    assert per_day["2026-04-04"][23] == 2
    assert sum(per_day["2026-09-06"].values()) == 23
    assert 0 not in per_day["2026-09-06"]


def bounds_of(day: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    on = datetime.fromisoformat(day).date()
    return bounds(on, on, zone)


STATES = st.sampled_from(COLUMNS)


@given(
    st.lists(
        st.builds(
            Moved,
            before=st.sampled_from(COLUMNS[:-1]),
            after=STATES,
            accounts=st.integers(1, 50),
            balance_minor=st.integers(0, 10**12),
        )
    )
)
def test_what_stood_somewhere_goes_somewhere(moves: Sequence[Moved]) -> None:
    """The shares of a row add up to one, by balance and by accounts; nothing appears and nothing is lost."""
    rows = rolls.matrix(moves)
    assert sum(row.balance_minor for row in rows) == sum(move.balance_minor for move in moves)
    assert sum(row.accounts for row in rows) == sum(move.accounts for move in moves)
    for row in rows:
        shares = [row.share(after) for after in COLUMNS]
        if row.balance_minor:
            assert abs(sum(share for share in shares if share is not None) - 100) < 1e-6
        else:
            assert shares == [None] * len(COLUMNS)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_half_and_nine_in_ten_are_by_nearest_rank(values: list[int]) -> None:
    """The smallest value that at least that share does not exceed, counted with what came more than once."""
    found = percentiles.spread(Counter(values).items())

    assert found.n == len(values)
    for tenths, picked in ((5, found.p50), (9, found.p90)):
        enough = [
            each for each in sorted(values) if 10 * sum(value <= each for value in values) >= tenths * len(values)
        ]
        assert picked == enough[0]


async def test_what_leaves_between_two_looks_is_counted(database_url: str, tmp_path: Path, moment: Moment) -> None:
    """A message that was queued and taken by Meta before the history was read, as most are."""
    async with a_quiet_console(database_url, tmp_path) as front:
        await a_day_of_work(front, moment)
        database = front.console.db
        async with database.transaction() as tx:
            claims = await deliver.claim(tx, 1, limit=9, rate=80)
            await deliver.wire(tx, [(each.id, each.claim) for each in claims.messages])
            await settle.settle(tx, [(each, settle.Accepted(f"wamid.{each.id}")) for each in claims.messages])

        await follow.again(database, LIMA)

        figures = await figures_of(database, asked("2026-11-20", "2026-11-20"))
        assert claims.messages
        assert figures["sent"].value == 3
