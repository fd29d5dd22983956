"""Which payments keep which promise: for any promises and any payments, in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.portfolio.agreements import PromiseState
from console.portfolio.kept import Came, Made, becomes, paid_for

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)


def at(hours: int) -> datetime:
    return BEGIN + timedelta(hours=hours)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Made], list[Came]]:
    made = sorted(draw(st.lists(st.integers(0, 500), max_size=5, unique=True)))
    promises = [
        Made(number, at(hour), at(hour - hour % 24), at(hour - hour % 24 + 24 * draw(st.integers(1, 10))))
        for number, hour in enumerate(made)
    ]
    hours = st.tuples(st.integers(1, 10**6), st.integers(0, 700), st.integers(0, 700))
    payments = [Came(minor, at(paid), at(max(paid, told))) for minor, paid, told in draw(st.lists(hours, max_size=8))]
    return promises, payments


@given(histories())
def test_no_payment_counts_twice_and_none_for_a_promise_it_cannot_be_meant_for(
    given_: tuple[list[Made], list[Came]],
) -> None:
    promises, payments = given_
    paid = paid_for(promises, payments)
    assert sum(paid.values()) <= sum(payment.amount_minor for payment in payments)
    for promise in promises:
        possible = [p for p in payments if p.received_at >= promise.made_at and p.paid_at < promise.settles_at]
        assert paid[promise.id] <= sum(p.amount_minor for p in possible)
    assert paid == paid_for(list(reversed(promises)), list(reversed(payments)))


@given(histories())
def test_one_promise_alone_gets_all_that_came_since_it_was_made_and_in_time(
    given_: tuple[list[Made], list[Came]],
) -> None:
    promises, payments = given_
    for promise in promises[:1]:
        since = [p for p in payments if promise.made_at <= p.paid_at < promise.settles_at]
        assert paid_for([promise], payments)[promise.id] >= sum(p.amount_minor for p in since)


@given(
    amount=st.integers(1, 10**12),
    paid=st.integers(0, 10**12),
    more=st.integers(0, 10**12),
    tolerance=st.integers(0, 10_000),
)
def test_more_money_never_makes_a_promise_worse(amount: int, paid: int, more: int, tolerance: int) -> None:
    for is_over in (False, True):
        before = becomes(amount, paid, tolerance_bp=tolerance, is_over=is_over)
        after = becomes(amount, paid + more, tolerance_bp=tolerance, is_over=is_over)
        order = [PromiseState.BROKEN, PromiseState.PARTIAL, PromiseState.OPEN, PromiseState.KEPT]
        assert order.index(after) >= order.index(before)
        assert (before == PromiseState.OPEN) <= (not is_over)
    assert becomes(amount, amount, tolerance_bp=0, is_over=True) == PromiseState.KEPT
    assert becomes(amount, 0, tolerance_bp=tolerance, is_over=True) == PromiseState.BROKEN


@given(amount=st.integers(1, 10**12), tolerance=st.integers(0, 10_000))
def test_the_tolerance_is_exact_to_the_cent(amount: int, tolerance: int) -> None:
    least = max(1, -(-amount * (10_000 - tolerance) // 10_000))
    assert becomes(amount, least, tolerance_bp=tolerance, is_over=True) == PromiseState.KEPT
    if least > 1:
        assert becomes(amount, least - 1, tolerance_bp=tolerance, is_over=True) == PromiseState.PARTIAL
