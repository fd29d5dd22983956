"""Which invoices a payment pays: nothing is lost, nothing is paid twice, and what went back is owed again."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.portfolio.allocation import Share, Unpaid, allocate, take_back

DAY = date(2026, 11, 20)


def an_invoice(number: int, minor: int, *, due: int = 0, disputed: bool = False) -> Unpaid:
    return Unpaid(number, f"F-{number}", DAY + timedelta(days=due), minor, disputed)


def test_the_oldest_due_is_paid_first() -> None:
    owed = [an_invoice(1, 100, due=10), an_invoice(2, 100, due=-40), an_invoice(3, 100, due=-5)]

    shares = allocate(150, owed)

    assert shares.shares == (Share(2, 100), Share(3, 50))
    assert shares.rest_minor == 0


def test_the_invoice_that_is_named_is_paid_before_older_ones_even_when_disputed() -> None:
    owed = [an_invoice(1, 100, due=-40), an_invoice(2, 100, disputed=True)]

    assert allocate(120, owed, named="F-2").shares == (Share(2, 100), Share(1, 20))


def test_what_is_disputed_is_paid_by_nobody_who_does_not_name_it() -> None:
    shares = allocate(100, [an_invoice(1, 100, disputed=True)])

    assert shares.shares == ()
    assert shares.rest_minor == 100


def test_what_exceeds_the_debt_is_the_rest() -> None:
    assert allocate(500, [an_invoice(1, 100)]).rest_minor == 400


def test_two_due_on_one_day_are_paid_in_the_order_of_their_numbers() -> None:
    owed = [Unpaid(1, "F-2", DAY, 100), Unpaid(2, "F-1", DAY, 100)]

    assert allocate(100, owed).shares == (Share(2, 100),)


def test_what_went_back_is_taken_from_the_excess_and_then_from_what_was_paid_last() -> None:
    taken = take_back(170, [Share(1, 100), Share(2, 100)], 50)

    assert taken.rest_minor == 50
    assert taken.shares == (Share(2, 100), Share(1, 20))


amounts = st.integers(min_value=0, max_value=10**15)
debts = st.lists(
    st.tuples(amounts, st.integers(-400, 400), st.booleans()),
    max_size=12,
).map(lambda rows: [an_invoice(n, minor, due=due, disputed=odd) for n, (minor, due, odd) in enumerate(rows, 1)])
names = st.none() | st.integers(0, 14).map(lambda number: f"F-{number}")


@given(amounts, debts, names)
def test_a_payment_is_divided_whole_and_pays_nothing_more_than_is_owed(
    amount: int, owed: list[Unpaid], named: str | None
) -> None:
    shares = allocate(amount, owed, named=named)

    left = {each.invoice_id: each.balance_minor for each in owed}
    assert sum(share.minor for share in shares.shares) + shares.rest_minor == amount
    assert all(0 < share.minor <= left[share.invoice_id] for share in shares.shares)
    assert len({share.invoice_id for share in shares.shares}) == len(shares.shares)


@given(amounts, debts, names)
def test_nothing_is_left_over_while_something_undisputed_is_owed(
    amount: int, owed: list[Unpaid], named: str | None
) -> None:
    shares = allocate(amount, owed, named=named)

    paid = {share.invoice_id: share.minor for share in shares.shares}
    open_still = [e for e in owed if not e.disputed and paid.get(e.invoice_id, 0) < e.balance_minor]
    assert shares.rest_minor == 0 or not open_still


@given(amounts, debts, names, amounts)
def test_what_is_taken_back_was_there(amount: int, owed: list[Unpaid], named: str | None, gone: int) -> None:
    divided = allocate(amount, owed, named=named)

    taken = take_back(min(gone, amount), divided.shares, divided.rest_minor)

    had = {share.invoice_id: share.minor for share in divided.shares}
    assert sum(share.minor for share in taken.shares) + taken.rest_minor == min(gone, amount)
    assert all(share.minor <= had[share.invoice_id] for share in taken.shares)
    assert taken.rest_minor <= divided.rest_minor
