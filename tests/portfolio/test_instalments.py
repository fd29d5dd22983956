"""The simulator: whatever is asked for, the instalments add up to the cent and fall on the days they should."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.errors import Refused
from console.portfolio.instalments import Limits, Step, Terms, check, fill, schedule

TODAY = date(2026, 11, 20)
WIDE = Limits(max_instalments=12, min_instalment_minor=0, min_down_bp=0, first_within_days=30)


def terms(**given: object) -> Terms:
    usual = {"total_minor": 10000, "down_minor": 0, "count": 3, "frequency": "monthly", "first_on": TODAY}
    return Terms(**(usual | given))  # type: ignore[arg-type]


def test_what_does_not_divide_is_spread_over_the_first() -> None:
    assert [step.amount_minor for step in schedule(terms(total_minor=10001), TODAY)] == [3334, 3334, 3333]


def test_the_down_payment_is_due_today_and_the_rest_as_often_as_agreed() -> None:
    steps = schedule(terms(down_minor=1000, frequency="biweekly", first_on=date(2026, 12, 1)), TODAY)
    assert steps == [
        Step(0, TODAY, 1000),
        Step(1, date(2026, 12, 1), 3000),
        Step(2, date(2026, 12, 15), 3000),
        Step(3, date(2026, 12, 29), 3000),
    ]


def test_a_month_too_short_ends_before_the_day_and_the_next_keeps_it() -> None:
    steps = schedule(terms(first_on=date(2026, 12, 31), count=4), TODAY)
    assert [s.due_on.isoformat() for s in steps] == ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]


PLANS = st.builds(
    Terms,
    total_minor=st.integers(1, 10**12),
    down_minor=st.integers(0, 10**12),
    count=st.integers(1, 120),
    frequency=st.sampled_from(["monthly", "biweekly", "weekly"]),
    first_on=st.dates(TODAY, TODAY + timedelta(days=400)),
)


@given(PLANS)
def test_the_sum_is_exact_and_no_two_differ_by_more_than_the_smallest_unit(plan: Terms) -> None:
    assume(plan.down_minor < plan.total_minor)
    steps = schedule(plan, TODAY)
    assert sum(step.amount_minor for step in steps) == plan.total_minor
    equal = [step.amount_minor for step in steps if step.number]
    assert len(equal) == plan.count
    assert max(equal) - min(equal) <= 1
    days = [step.due_on for step in steps]
    assert days == sorted(days)
    assert len({step.due_on for step in steps if step.number}) == plan.count


@given(PLANS, st.integers(0, 10**12))
def test_money_fills_the_oldest_first_and_none_beyond_what_it_is(plan: Terms, paid: int) -> None:
    assume(plan.down_minor < plan.total_minor)
    steps = schedule(plan, TODAY)
    filled = fill(steps, paid)
    assert sum(filled) == min(paid, plan.total_minor)
    assert all(0 <= now <= step.amount_minor for now, step in zip(filled, steps, strict=True))
    partly = [index for index, now in enumerate(filled) if now < steps[index].amount_minor]
    assert all(filled[index] == 0 for index in partly[1:])


@pytest.mark.parametrize(
    ("given_", "limits", "field"),
    [
        ({"total_minor": 0}, {}, "total"),
        ({"total_minor": 20001}, {}, "total"),
        ({"count": 0}, {}, "count"),
        ({"count": 13}, {}, "count"),
        ({"down_minor": 10000}, {}, "down"),
        ({"down_minor": -1}, {}, "down"),
        ({"down_minor": 1999}, {"min_down_bp": 2000}, "down"),
        ({"count": 4}, {"min_instalment_minor": 2501}, "count"),
        ({"total_minor": 2, "count": 3}, {}, "count"),
        ({"first_on": TODAY - timedelta(days=1)}, {}, "first_on"),
        ({"first_on": TODAY + timedelta(days=31)}, {}, "first_on"),
        ({"frequency": "yearly"}, {}, "frequency"),
    ],
)
def test_what_is_outside_the_limits_is_refused(given_: dict[str, object], limits: dict[str, int], field: str) -> None:
    usual = {"max_instalments": 12, "min_instalment_minor": 0, "min_down_bp": 0, "first_within_days": 30}
    with pytest.raises(Refused) as refused:
        check(terms(**given_), Limits(**(usual | limits)), today=TODAY, balance_minor=20000)
    assert (refused.value.status, refused.value.field) == (422, field)


def test_what_is_just_within_them_is_not() -> None:
    check(
        terms(total_minor=20000, count=12, first_on=TODAY + timedelta(days=30)), WIDE, today=TODAY, balance_minor=20000
    )
    limits = Limits(max_instalments=4, min_instalment_minor=2000, min_down_bp=2000, first_within_days=30)
    check(terms(down_minor=2000, count=4), limits, today=TODAY, balance_minor=10000)
