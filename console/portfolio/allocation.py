"""Which invoices a payment pays, and which it no longer pays once money goes back. Pure: amounts in, amounts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec


class Unpaid(msgspec.Struct, frozen=True):
    """What is left of one invoice."""

    invoice_id: int
    number: str
    due_on: date
    balance_minor: int
    disputed: bool = False


class Share(msgspec.Struct, frozen=True):
    """How much of a payment one invoice gets."""

    invoice_id: int
    minor: int


class Shares(msgspec.Struct, frozen=True):
    """A payment divided. `rest_minor` is what exceeds the debt. All shares and the rest add up to the payment."""

    shares: tuple[Share, ...]
    rest_minor: int


def allocate(amount_minor: int, invoices: Iterable[Unpaid], *, named: str | None = None) -> Shares:
    """Divide `amount_minor` (not negative): the invoice the payer named first, then the oldest due ones.

    What is disputed is paid only by who names it. Nothing gets more than is left of it.
    """
    owed = [each for each in invoices if each.balance_minor > 0]
    first = [each for each in owed if each.number == named]
    others = [each for each in owed if each.number != named and not each.disputed]
    shares = []
    rest = amount_minor
    for invoice in [*first, *sorted(others, key=lambda each: (each.due_on, each.number, each.invoice_id))]:
        part = min(rest, invoice.balance_minor)
        if part > 0:
            shares.append(Share(invoice.invoice_id, part))
            rest -= part
    return Shares(tuple(shares), rest)


def take_back(amount_minor: int, shares: Sequence[Share], rest_minor: int) -> Shares:
    """What of a divided payment goes when `amount_minor` of it went back: first the excess, then the last share first.

    The answer says what to take; it takes no more than there is.
    """
    from_rest = min(amount_minor, rest_minor)
    wanted = amount_minor - from_rest
    taken = []
    for share in reversed(shares):
        part = min(wanted, share.minor)
        if part > 0:
            taken.append(Share(share.invoice_id, part))
            wanted -= part
    return Shares(tuple(taken), from_rest)
