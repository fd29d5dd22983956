"""What a day makes of a debt: the buckets, the day on which it next differs, and when a day begins where."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from console.portfolio.states import (
    DEFAULT_EDGES,
    RANK,
    Edges,
    Owed,
    Standing,
    State,
    day_begins,
    days_past_due,
    label,
    standing_of,
    today_in,
)

TODAY = date(2026, 11, 20)
DAYS = st.integers(-120, 120).map(lambda days: TODAY + timedelta(days=days))
DEBTS = st.lists(st.builds(Owed, DAYS, st.integers(1, 10**7), st.booleans()), max_size=6)
EDGES = st.tuples(st.integers(1, 90), st.integers(1, 90)).map(lambda pair: Edges(pair[0], pair[0] + pair[1]))
TOLERANCES = st.sampled_from([0, 0, 0, 50, 10_000])
ZONES = ("America/Lima", "America/Mexico_City", "America/Santiago", "America/Bogota", "America/Asuncion", "UTC")


def shown(standing: Standing) -> tuple[object, ...]:
    """What lists, tags and sums show of it."""
    return (standing.state, standing.overdue_minor, standing.balance_minor)


@given(days=st.integers(-500, 500), edges=EDGES)
@example(days=0, edges=DEFAULT_EDGES)
@example(days=1, edges=DEFAULT_EDGES)
@example(days=30, edges=DEFAULT_EDGES)
@example(days=31, edges=DEFAULT_EDGES)
@example(days=60, edges=DEFAULT_EDGES)
@example(days=61, edges=DEFAULT_EDGES)
def test_every_day_past_due_is_in_one_bucket_and_buckets_follow_one_another(days: int, edges: Edges) -> None:
    def bucket(of: int) -> State:
        return standing_of([Owed(TODAY - timedelta(days=of), 100)], today=TODAY, edges=edges).state

    assert bucket(days) == (
        State.CURRENT
        if days <= 0
        else State.LATE_1
        if days <= edges.first
        else State.LATE_2
        if days <= edges.second
        else State.LATE_3
    )
    assert RANK[bucket(days)] <= RANK[bucket(days + 1)]


@given(debts=DEBTS, edges=EDGES, tolerance=TOLERANCES)
def test_left_alone_a_debt_looks_the_same_until_the_day_it_names_and_differs_on_it(
    debts: list[Owed], edges: Edges, tolerance: int
) -> None:
    def on(day: date) -> Standing:
        return standing_of(debts, today=day, edges=edges, tolerance_minor=tolerance)

    now = on(TODAY)
    later = [TODAY + timedelta(days=days) for days in range(1, 400)]
    differs = next((day for day in later if shown(on(day)) != shown(now)), None)

    if now.next_change_on is None:
        assert differs is None
        return
    assert now.next_change_on > TODAY
    assert differs is None or now.next_change_on <= differs, "a change would be missed"
    # An edge may be crossed without being seen (a plan hides it), never earlier than named: nothing moves before it.
    before = [day for day in later if day < now.next_change_on]
    assert all(shown(on(day)) == shown(now) for day in before)
    assert shown(on(now.next_change_on)) != shown(now)


@given(debts=DEBTS, tolerance=TOLERANCES)
def test_what_is_owed_is_owed_and_what_is_overdue_is_part_of_it(debts: list[Owed], tolerance: int) -> None:
    standing = standing_of(debts, today=TODAY, tolerance_minor=tolerance)

    assert standing.balance_minor == sum(debt.balance_minor for debt in debts)
    assert 0 <= standing.overdue_minor <= standing.balance_minor
    assert (standing.overdue_minor > 0) == (standing.oldest_due_on is not None)
    assert (standing.days_past_due(TODAY) > 0) == (standing.overdue_minor > 0)
    assert (standing.state == State.CURRENT) == (standing.overdue_minor == 0)


@given(debts=DEBTS, in_plan=st.booleans())
def test_a_plan_hides_the_bucket_and_a_dispute_hides_both(debts: list[Owed], in_plan: bool) -> None:
    bare = standing_of(debts, today=TODAY)

    assert standing_of(debts, today=TODAY, in_plan=True).state == State.PLAN
    assert standing_of(debts, today=TODAY, in_plan=in_plan, in_dispute=True).state == State.DISPUTE
    assert standing_of(debts, today=TODAY, in_plan=True).overdue_minor == bare.overdue_minor


def test_the_due_day_itself_is_not_late_and_the_next_one_is() -> None:
    bill = [Owed(TODAY, 41250)]

    assert standing_of(bill, today=TODAY).state == State.CURRENT
    assert standing_of(bill, today=TODAY).next_change_on == TODAY + timedelta(days=1)
    assert standing_of(bill, today=TODAY + timedelta(days=1)).state == State.LATE_1
    assert days_past_due(TODAY, TODAY + timedelta(days=15)) == 15
    assert days_past_due(TODAY, TODAY - timedelta(days=15)) == 0


def test_labels_say_the_edges() -> None:
    assert [label(state) for state in State] == [
        "Al día",
        "Vencido 1-30",
        "Vencido 31-60",
        "Vencido +60",
        "En plan de pago",
        "Disputa",
    ]
    assert [label(state, Edges(15, 45)) for state in (State.LATE_1, State.LATE_2, State.LATE_3)] == [
        "Vencido 1-15",
        "Vencido 16-45",
        "Vencido +45",
    ]


@pytest.mark.parametrize("name", ZONES)
@given(days=st.integers(0, 3000))
def test_a_day_begins_at_the_first_instant_that_bears_its_date(name: str, days: int) -> None:
    zone, day = ZoneInfo(name), date(2022, 1, 1) + timedelta(days=days)

    begins = day_begins(day, zone)

    assert begins.tzinfo is UTC
    assert today_in(zone, begins) == day
    # Not a moment earlier; where clocks went back over midnight the day before had two ends, and the first counts.
    assert today_in(zone, begins - timedelta(seconds=1)) == day - timedelta(days=1)


@given(moment=st.datetimes(datetime(2022, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_no_moment_is_before_its_own_day_or_after_the_next_began(moment: datetime) -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        today = today_in(zone, moment)
        begun, ends = day_begins(today, zone), day_begins(today + timedelta(days=1), zone)
        assume(ends - begun != timedelta(hours=25))  # an hour that came twice
        assert begun <= moment < ends


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("America/Lima", date(2026, 11, 21), datetime(2026, 11, 21, 5, tzinfo=UTC)),
        # Mexico gave up its summer time in 2022.
        ("America/Mexico_City", date(2026, 6, 21), datetime(2026, 6, 21, 6, tzinfo=UTC)),
        # Santiago, Saturday 5 September 2026: at midnight it is one o'clock. Saturday 4 April: 23:00 comes twice.
        ("America/Santiago", date(2026, 9, 5), datetime(2026, 9, 5, 4, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 7), datetime(2026, 9, 7, 3, tzinfo=UTC)),
        ("America/Santiago", date(2026, 4, 4), datetime(2026, 4, 4, 3, tzinfo=UTC)),
        ("America/Santiago", date(2026, 4, 5), datetime(2026, 4, 5, 4, tzinfo=UTC)),
    ],
)
def test_days_begin_where_the_debtor_lives(zone: str, day: date, begins: datetime) -> None:
    assert day_begins(day, ZoneInfo(zone)) == begins
