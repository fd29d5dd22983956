"""When a promise is kept: which payments count for which promise, and what a promise has become. Pure.

A payment counts for the newest promise it can be meant for: one that was made before we heard of the money, and on the
day it was paid or earlier; and it counts in time when it was paid before the promise settles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from console.portfolio.agreements import PromiseState

WHOLE_BP = 10_000


class Made(msgspec.Struct, frozen=True):
    """A promise: when it was made, when that day began at the debtor's, and until when its payment may be made."""

    id: int
    made_at: datetime
    day_began_at: datetime
    settles_at: datetime


class Came(msgspec.Struct, frozen=True):
    """Money that came and has not gone back: when it was paid, and when we heard of it."""

    amount_minor: int
    paid_at: datetime
    received_at: datetime


def paid_for(promises: Sequence[Made], payments: Iterable[Came]) -> dict[int, int]:
    """What came in time for each promise of one account. No payment counts twice."""
    newest_first = sorted(promises, key=lambda each: (each.made_at, each.id), reverse=True)
    paid = dict.fromkeys((each.id for each in promises), 0)
    for payment in payments:
        meant = next(
            (
                each
                for each in newest_first
                if each.made_at <= payment.received_at and each.day_began_at <= payment.paid_at
            ),
            None,
        )
        if meant is not None and payment.paid_at < meant.settles_at:
            paid[meant.id] += payment.amount_minor
    return paid


def becomes(
    amount_minor: int, paid_minor: int, *, tolerance_bp: int, is_over: bool, owes_nothing: bool = False
) -> PromiseState:
    """What a promise of `amount_minor` is with `paid_minor` in time; `tolerance_bp` (of 10,000) may be missing.

    Kept as soon as enough came; else open until it is over. `owes_nothing`: what was promised is no longer owed, so
    the creditor has had it by another way.
    """
    enough = paid_minor > 0 and paid_minor * WHOLE_BP >= amount_minor * (WHOLE_BP - tolerance_bp)
    if enough:
        return PromiseState.KEPT
    if not is_over:
        return PromiseState.OPEN
    if owes_nothing:
        return PromiseState.KEPT
    return PromiseState.PARTIAL if paid_minor > 0 else PromiseState.BROKEN
