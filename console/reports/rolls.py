"""Roll rates: of what stood in a state when a month ended, how much stood in which state one month later. Pure.

compliance.md §8.2: every numerator is the balance of the first close, so that the shares of a row add up to one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from console.portfolio.states import ORDER, State

CLOSED = "closed"
"""The column of accounts that are no longer in the portfolio."""
COLUMNS: tuple[str, ...] = (
    *(str(state) for state in (State.CURRENT, State.LATE_1, State.LATE_2, State.LATE_3)),
    str(State.PLAN),
    str(State.DISPUTE),
    CLOSED,
)
_RANK = {str(state): rank for rank, state in enumerate(ORDER)}


class Moved(msgspec.Struct, frozen=True):
    """Accounts that were in one state and are in another: how many, with what balance at the first close.

    `paid_*` are those of them that had a payment between the closes.
    """

    before: str
    after: str
    accounts: int
    balance_minor: int
    paid_accounts: int = 0
    paid_balance_minor: int = 0


class Row(msgspec.Struct, frozen=True):
    """Where what stood in `before` went."""

    before: str
    accounts: int
    balance_minor: int
    cells: dict[str, tuple[int, int]]  # after -> accounts, balance at the first close
    cured_accounts: int
    cured_minor: int

    def share(self, after: str) -> float | None:
        """What part of the balance went there, in percent."""
        return 100 * self.cells.get(after, (0, 0))[1] / self.balance_minor if self.balance_minor else None

    def share_of_accounts(self, after: str) -> float | None:
        """What part of the accounts went there, in percent."""
        return 100 * self.cells.get(after, (0, 0))[0] / self.accounts if self.accounts else None

    @property
    def cure(self) -> float | None:
        """What part of the balance is current by payment, in percent; None for what was current already."""
        if self.before == State.CURRENT or not self.balance_minor:
            return None
        return 100 * self.cured_minor / self.balance_minor


def matrix(moves: Iterable[Moved]) -> list[Row]:
    """A row for each state, whether anything stood there or not."""
    cells: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    cured: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for move in moves:
        accounts, balance = cells[move.before].get(move.after, (0, 0))
        cells[move.before][move.after] = (accounts + move.accounts, balance + move.balance_minor)
        if move.after == State.CURRENT and move.before != State.CURRENT:
            n, minor = cured[move.before]
            cured[move.before] = (n + move.paid_accounts, minor + move.paid_balance_minor)
    return [
        Row(
            before=before,
            accounts=sum(accounts for accounts, _ in cells[before].values()),
            balance_minor=sum(balance for _, balance in cells[before].values()),
            cells=cells[before],
            cured_accounts=cured[before][0],
            cured_minor=cured[before][1],
        )
        for before in COLUMNS[:-1]
    ]


def is_worse(before: str, after: str) -> bool:
    """Whether going there is going backwards."""
    return _RANK.get(after, -1) > _RANK[before]
