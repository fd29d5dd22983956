"""Lists: every view and filter shows what it says, live and read alike, along an index and page after page."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, insert, select

from console.agents import Viewer
from console.db import Database, table_of
from console.errors import Refused
from console.inbox import counts, lists, policy, rows, sidebar
from console.inbox.contacts import Contact
from console.inbox.listing import (
    PROMISES,
    STATE_VIEWS,
    TODAY_VIEWS,
    VIEWS,
    Listing,
    now_in,
    read_listing,
    shows,
)
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag, Tag
from console.targets.late import PRESSING
from tests.conftest import Moment
from tests.inbox.people import Inbox, an_inbox

LIMA = ZoneInfo("America/Lima")
NOW = now_in(LIMA, datetime(2026, 11, 20, 15, tzinfo=UTC))
EVERY_VIEW = [*VIEWS, *STATE_VIEWS, *TODAY_VIEWS]


async def a_crowd(database: Database, inbox: Inbox, many: int = 300) -> None:
    """Conversations of every kind in two teams, with tags."""
    chance = random.Random(7)
    other = next(iter(inbox.stranger.team_ids))
    async with database.transaction() as tx:
        tags = [Tag(name=name, name_key=name, colour="red", created_at=NOW.moment) for name in ("uno", "dos", "tres")]
        contact = [
            {"id": 1000 + n, "wa_id": f"5194400{n:04}", "created_at": NOW.moment, "version": 1} for n in range(many)
        ]
        tx.add_all(tags)
        await tx.execute(insert(table_of(Contact)), contact)
        await tx.execute(
            insert(table_of(Conversation)), [_a_row(chance, inbox, other, number) for number in range(many)]
        )
        await tx.flush()
        for number in range(many):
            tx.add_all(
                ConversationTag(tag_id=tag.id, conversation_id=1000 + number, at=NOW.moment)
                for tag in tags
                if chance.random() < 0.3
            )
        slots: dict[counts.Slot, int] = {}
        for one in await tx.scalars(select(Conversation)):
            slots[counts.slot_of(one)] = slots.get(counts.slot_of(one), 0) + 1
        await counts.apply(tx, slots)


def _a_row(chance: random.Random, inbox: Inbox, other: int, number: int) -> dict[str, object]:
    state = chance.choice([None, *STATE_VIEWS])
    promise = chance.choice([None, None, "open", "kept", "broken", "partial"]) if state else None
    closes = NOW.moment + timedelta(minutes=chance.choice([-60, 0, 4, 5, 6, 119, 120, 121, 1400]))
    return {
        "id": 1000 + number,
        "channel_id": inbox.channel_id,
        "contact_id": 1000 + number,
        "team_id": chance.choice([inbox.team_id, other]),
        "holder_id": chance.choice([None, inbox.ana.id, inbox.luz.id]),
        "status": chance.choice(["open", "open", "open", "resolved", "snoozed", "merged"]),
        "last_at": NOW.moment - timedelta(minutes=chance.randrange(200)),
        "created_at": NOW.moment,
        "updated_at": NOW.moment,
        "window_closes_at": chance.choice([None, closes]),
        "account_state": state,
        "overdue_minor": chance.choice([0, 100, 41250, 100000]) if state else None,
        "balance_minor": 100000 if state else None,
        "currency": chance.choice(["PEN", "USD"]) if state else None,
        "oldest_due_on": chance.choice([None, *(NOW.today - timedelta(days=d) for d in (1, 15, 30, 31, 61))])
        if state
        else None,
        "promise_state": promise,
        "promise_on": NOW.today + timedelta(days=chance.randrange(-2, 3)) if promise else None,
        "plan_paid": None,
        "plan_count": None,
        "version": 1,
        "last_sequence": 0,
        "inbound_count": 0,
        "pair_refusals": 0,
        "receipt_due": False,
        **_a_clock(chance, "answer"),
        **_a_clock(chance, "resolution"),
    }


def _a_clock(chance: random.Random, name: str) -> dict[str, object]:
    """One that does not run, one that still has time, one that warns and one that is over."""
    due = chance.choice([None, None, NOW.moment + timedelta(minutes=chance.choice([-60, 0, 1, 29, 30, 31, 600]))])
    return {f"{name}_due_at": due, f"{name}_warns_at": due and due - timedelta(minutes=30)}


LISTINGS = st.builds(
    Listing,
    view=st.sampled_from(EVERY_VIEW),
    state=st.none() | st.sampled_from(STATE_VIEWS),
    tags=st.sampled_from([(), (), (1,), (2, 3), (99,)]),
    amount_from=st.none() | st.sampled_from([0, 100, 41250, 41251]),
    amount_to=st.none() | st.sampled_from([0, 41249, 41250]),
    currency=st.just("PEN"),
    days_from=st.none() | st.sampled_from([0, 1, 15, 31]),
    days_to=st.none() | st.sampled_from([0, 14, 30, 60]),
    promise=st.none() | st.sampled_from(PROMISES),
    window=st.booleans(),
    target=st.none() | st.sampled_from(PRESSING),
)


def _a_listing(chance: random.Random) -> Listing:
    """One or two filters on any view."""
    filters: list[dict[str, object]] = [
        {"state": chance.choice(STATE_VIEWS)},
        {"tags": chance.choice([(1,), (2, 3), (99,)])},
        {"amount_from": chance.choice([0, 100, 41250, 41251])},
        {"amount_to": chance.choice([0, 41249, 41250])},
        {"days_from": chance.choice([0, 1, 15, 31])},
        {"days_to": chance.choice([0, 14, 30, 60])},
        {"promise": chance.choice(PROMISES)},
        {"window": True},
        {"target": chance.choice(PRESSING)},
    ]
    chosen = {"view": chance.choice(EVERY_VIEW), **chance.choice(filters), **chance.choice([{}, *filters])}
    listing: Listing = msgspec.convert({"currency": "PEN", **chosen}, Listing)
    return listing


async def test_what_a_push_shows_is_what_the_list_shows(database: Database, moment: Moment) -> None:
    """`shows` decides for one conversation what `condition` decides for all: tried on hundreds of listings."""
    inbox = await an_inbox(database)
    await a_crowd(database, inbox)
    asked = [Listing(view=view, currency="PEN") for view in EVERY_VIEW]
    chance = random.Random(11)
    asked += [_a_listing(chance) for _ in range(200)]

    async with database.reading() as tx:
        facts = await rows.rows_by_id(tx, range(1000, 1300), version=0)
        for viewer in (inbox.ana, inbox.supervisor, inbox.admin, inbox.stranger):
            for listing in asked[:: 1 if viewer is inbox.ana else 4]:
                found, more = await lists.inbox_rows(tx, viewer, listing, now=NOW, version=0, limit=400)
                expected = {fact.row.conversation_id for fact in facts if _belongs(fact, viewer, listing)}
                assert {row.conversation_id for row in found} == expected, (viewer.role, listing)
                assert more is None


def _belongs(fact: rows.RowFacts, viewer: Viewer, listing: Listing) -> bool:
    seen = policy.sees(viewer, team_id=fact.row.team_id, holder_id=fact.row.holder_id)
    return seen and shows(listing, viewer, fact.place, NOW)


@pytest.mark.parametrize("who", ["ana", "supervisor", "admin", "stranger"])
async def test_the_number_beside_a_view_is_how_many_it_lists(database: Database, moment: Moment, who: str) -> None:
    inbox = await an_inbox(database)
    await a_crowd(database, inbox)
    viewer: Viewer = getattr(inbox, who)

    async with database.reading() as tx:
        numbers = {one.key: one.count for one in await sidebar.view_counts(tx, viewer, NOW)}
        assert list(numbers) == EVERY_VIEW
        for view, number in numbers.items():
            found, _more = await lists.inbox_rows(tx, viewer, Listing(view=view), now=NOW, version=0, limit=400)
            assert len(found) == number, view
            assert await lists.count_of(tx, viewer, Listing(view=view), NOW) == (number, False)


@pytest.mark.parametrize("listing", [Listing(view="all"), Listing(view="late_1"), Listing(view="all", tags=(1,))])
async def test_pages_follow_one_another_without_a_gap_or_a_repeat(
    database: Database, moment: Moment, listing: Listing
) -> None:
    inbox = await an_inbox(database)
    await a_crowd(database, inbox)

    async with database.reading() as tx:
        whole, _more = await lists.inbox_rows(tx, inbox.ana, listing, now=NOW, version=0, limit=400)
        paged: list[int] = []
        after = None
        while True:
            page, after = await lists.inbox_rows(tx, inbox.ana, listing, now=NOW, version=0, after=after, limit=7)
            paged += [row.conversation_id for row in page]
            if after is None:
                break

    assert paged == [row.conversation_id for row in whole]
    assert len(paged) > 7


@given(LISTINGS)
def test_an_address_says_what_is_listed_and_nothing_is_lost_in_it(listing: Listing) -> None:
    from urllib.parse import parse_qsl  # noqa: PLC0415 only here

    asked = {"view": listing.view, **dict(parse_qsl(listing.filters))}

    assert read_listing(asked, "PEN") == listing
    assert bool(listing.filters) == bool(listing.pairs())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("view", "nada"),
        ("state", "late_4"),
        ("tags", "1.x"),
        ("tags", "1.2.3.4.5.6"),
        ("tags", "9" * 30),
        ("amount_from", "1.234"),
        ("amount_from", "-5"),
        ("amount_to", "mucho"),
        ("days_from", "-1"),
        ("days_to", "٣"),
        ("days_to", "99999"),
        ("promise", "rota"),
        ("window", "open"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_its_name(field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        read_listing({field: value}, "PEN")

    assert (refused.value.status, refused.value.field) == (422, field)


def test_amounts_are_read_as_people_write_them() -> None:
    assert read_listing({"amount_from": "S/ 1,234.50", "amount_to": " 2000 "}, "PEN") == Listing(
        currency="PEN", amount_from=123450, amount_to=200000
    )
    assert read_listing({"amount_from": "", "tags": "", "state": ""}, "PEN") == Listing(currency="PEN")


def explained(database: Database, plans: list[str]) -> Callable[..., None]:
    """Has every statement on conversations say how it is carried out, before it is."""
    is_sqlite = database.reader.dialect.name == "sqlite"

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("EXPLAIN", "SET")) or "FROM conversation" not in statement:
            return
        how = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = connection.exec_driver_sql(how + statement, parameters).all()
        plans.append("\n".join(str(line[-1]) for line in plan))

    return explain


@pytest.mark.parametrize("who", ["ana", "admin"])
async def test_no_view_and_no_number_reads_every_conversation(database: Database, moment: Moment, who: str) -> None:
    """On PostgreSQL a small table would be read whole anyway: there, whether it could do without is asked."""
    inbox = await an_inbox(database)
    await a_crowd(database, inbox)
    viewer: Viewer = getattr(inbox, who)
    plans: list[str] = []
    explain = explained(database, plans)

    async with database.reading() as tx:
        connection = await tx.connection()
        if database.reader.dialect.name != "sqlite":
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(connection.sync_connection, "before_cursor_execute", explain)
        for view in EVERY_VIEW:
            await lists.inbox_rows(tx, viewer, Listing(view=view), now=NOW, version=0)
        await sidebar.view_counts(tx, viewer, NOW)

    assert len(plans) > len(EVERY_VIEW)
    whole = [plan for plan in plans if re.search(r"SCAN conversation(?! USING)|Seq Scan on conversation\b", plan)]
    assert whole == []


async def test_what_few_conversations_are_costs_no_more_beside_many_others(
    sqlite_database_url: str, moment: Moment
) -> None:
    """What is late, promised for today or about to close, and their numbers: counted in SQLite's own steps."""
    database = Database(sqlite_database_url)
    try:
        inbox = await an_inbox(database)
        await a_crowd(database, inbox)
        alone = await _steps(database, inbox.admin)
        async with database.transaction() as tx:
            plain = [{**_A_PLAIN_ONE, "id": 5000 + n, "team_id": inbox.team_id} for n in range(5000)]
            people = [
                {"id": one["id"], "wa_id": f"519{one['id']:08}", "created_at": NOW.moment, "version": 1}
                for one in plain
            ]
            await tx.execute(insert(table_of(Contact)), people)
            each = [{**one, "contact_id": one["id"], "channel_id": inbox.channel_id} for one in plain]
            await tx.execute(insert(table_of(Conversation)), each)
        beside = await _steps(database, inbox.admin)
    finally:
        await database.close()

    assert {name: (alone[name], steps) for name, steps in beside.items() if steps > 2 * alone[name]} == {}


_A_PLAIN_ONE = {
    "status": "open",
    "last_at": NOW.moment,
    "created_at": NOW.moment,
    "updated_at": NOW.moment,
    "version": 1,
    "last_sequence": 0,
    "inbound_count": 0,
    "pair_refusals": 0,
    "receipt_due": False,
}


async def _steps(database: Database, viewer: Viewer) -> dict[str, int]:
    """How many steps of its machine SQLite takes for each view of today, and for the numbers beside all views."""
    taken = [0]

    def count() -> int:
        taken[0] += 1
        return 0

    found = {}
    async with database.reading() as tx:
        raw: Any = (await (await tx.connection()).get_raw_connection()).driver_connection
        await raw.set_progress_handler(count, 10)
        for view in TODAY_VIEWS:
            taken[0] = 0
            await lists.inbox_rows(tx, viewer, Listing(view=view), now=NOW, version=0)
            found[view] = taken[0]
        taken[0] = 0
        await sidebar.view_counts(tx, viewer, NOW)
        found["numbers"] = taken[0]
        await raw.set_progress_handler(None, 0)
    return found


async def test_a_plan_for_whatever_the_values_are_finds_what_today_asks_for_along_its_index(
    postgres_database_url: str, moment: Moment
) -> None:
    """PostgreSQL keeps such a plan after five runs. Without the index, all the open ones are counted each time."""
    database = Database(postgres_database_url)
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM conversation" in statement and "PREPARE" not in statement:
            name = f"asked_{len(plans)}"
            plans.append("")
            connection.exec_driver_sql(f"PREPARE {name} AS {statement}")
            nothing = ", ".join(["NULL"] * len(parameters))
            plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE {name}" + (f"({nothing})" if nothing else "")).all()
            plans[-1] = "\n".join(str(line[-1]) for line in plan)

    try:
        inbox = await an_inbox(database)
        await a_crowd(database, inbox)
        async with database.reading() as tx:
            connection = await tx.connection()
            await connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            event.listen(connection.sync_connection, "before_cursor_execute", explain)
            await sidebar.view_counts(tx, inbox.admin, NOW)
    finally:
        await database.close()

    used = [sorted(set(re.findall(r"ix_conversation_\w+", plan))) for plan in plans]
    clocks = ["ix_conversation_answer_clock", "ix_conversation_resolution_clock"]
    assert used == [["ix_conversation_promise"], ["ix_conversation_promise"], ["ix_conversation_closing"], clocks]
