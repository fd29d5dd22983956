"""What the person of a conversation owes, account by account, ready to be shown: the panel beside a thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console.bulk import among, fetch
from console.db import Tx
from console.portfolio.documents import masked
from console.portfolio.models import Account, ContactPoint, Creditor, Debtor, Invoice, PointState, PortfolioRules
from console.portfolio.states import RANK, TONES, Edges, State, days_past_due, label, today_in

MOST_INVOICES = 400
"""Of all accounts of one person, the latest due; nobody reads more of them beside a thread."""
_ACCOUNTS = (
    select(
        Account.id,
        Account.external_id,
        Account.product,
        Account.currency,
        Account.state,
        Account.overdue_minor,
        Account.balance_minor,
        Account.oldest_due_on,
        Account.status,
        Creditor.name.label("creditor"),
        Debtor.id.label("debtor_id"),
        Debtor.name.label("debtor"),
        Debtor.document_type,
        Debtor.document_number,
        Debtor.timezone,
        PortfolioRules.first_edge,
        PortfolioRules.second_edge,
    )
    .join(Debtor, Debtor.id == Account.debtor_id)
    .join(Creditor, Creditor.id == Account.creditor_id)
    .outerjoin(PortfolioRules, PortfolioRules.id == 1)
    .order_by(Account.id)
)
_OF_CONTACT = _ACCOUNTS.where(
    Account.debtor_id.in_(
        select(ContactPoint.debtor_id).where(
            among(ContactPoint.contact_id, "contacts"), ContactPoint.state == PointState.ACTIVE
        )
    ),
    Account.status == "open",
)
_OF_DEBTOR = _ACCOUNTS.where(among(Account.debtor_id, "debtors"))
_INVOICES = (
    select(
        Invoice.account_id,
        Invoice.number,
        Invoice.due_on,
        Invoice.amount_minor,
        Invoice.balance_minor,
        Invoice.disputed,
    )
    .where(among(Invoice.account_id, "accounts"))
    .order_by(Invoice.due_on.desc(), Invoice.number.desc())
    .limit(MOST_INVOICES)
)


class InvoiceView(msgspec.Struct, frozen=True):
    """An invoice. `amount_minor` is what it was for, `balance_minor` what is left of it."""

    number: str
    due_on: date
    amount_minor: int
    balance_minor: int
    disputed: bool


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """One debt. `days` are days past due, in the debtor's calendar.

    Invoices that are `late` (the oldest first), `soon` (the next first) and `paid` (the latest first).
    """

    id: int
    external_id: str
    product: str | None
    creditor: str
    currency: str
    is_open: bool
    state: str
    label: str
    tone: str
    overdue_minor: int
    balance_minor: int
    oldest_due_on: date | None
    days: int
    late: list[InvoiceView]
    soon: list[InvoiceView]
    paid: list[InvoiceView]


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """A debtor with their accounts, the worst first. `document` shows the last digits only."""

    id: int
    name: str
    document_type: str | None
    document: str | None
    accounts: list[AccountView]


class Owed(msgspec.Struct, frozen=True):
    """What is owed by whoever answers at a number, the worst first. Two people at one number must be told apart."""

    people: list[PersonView]

    @property
    def is_shared(self) -> bool:
        """Whether the number is that of several debtors: whom one speaks with must be asked first."""
        return len(self.people) > 1

    @property
    def accounts(self) -> list[AccountView]:
        """All accounts of all of them."""
        return [account for person in self.people for account in person.accounts]


async def owed_by(tx: Tx, contact_id: int, moment: datetime) -> Owed:
    """What the people behind a contact owe at `moment`: two queries, whatever they owe."""
    return await _owed(tx, await fetch(tx, _OF_CONTACT, {"contacts": [contact_id]}), moment)


async def owed_of(tx: Tx, debtor_id: int, moment: datetime) -> Owed:
    """What a debtor owes or owed, closed accounts too."""
    return await _owed(tx, await fetch(tx, _OF_DEBTOR, {"debtors": [debtor_id]}), moment)


async def _owed(tx: Tx, rows: Sequence[Any], moment: datetime) -> Owed:
    invoices: defaultdict[int, list[InvoiceView]] = defaultdict(list)
    if rows:
        for account_id, *values in await fetch(tx, _INVOICES, {"accounts": [row.id for row in rows]}):
            invoices[account_id].append(InvoiceView(*values))
    people: dict[int, list[Any]] = {}
    for row in sorted(rows, key=_worst, reverse=True):
        people.setdefault(row.debtor_id, []).append(row)
    return Owed([_person(debts, invoices, moment) for debts in people.values()])


def _worst(row: Any) -> tuple[bool, int, int, int]:  # noqa: ANN401 a database row
    return (row.status == "open", RANK[State(row.state)], row.overdue_minor, -row.id)


def _person(rows: list[Any], invoices: dict[int, list[InvoiceView]], moment: datetime) -> PersonView:
    first = rows[0]
    today = today_in(ZoneInfo(first.timezone), moment)
    return PersonView(
        id=first.debtor_id,
        name=first.debtor,
        document_type=first.document_type,
        document=masked(first.document_number) if first.document_number else None,
        accounts=[_account(row, invoices.get(row.id, []), today) for row in rows],
    )


def _account(row: Any, invoices: Iterable[InvoiceView], today: date) -> AccountView:  # noqa: ANN401 a database row
    state = State(row.state)
    newest_first = list(invoices)
    unpaid = [each for each in reversed(newest_first) if each.balance_minor > 0]
    return AccountView(
        id=row.id,
        external_id=row.external_id,
        product=row.product,
        creditor=row.creditor,
        currency=row.currency,
        is_open=row.status == "open",
        state=state,
        label=label(state, Edges(row.first_edge, row.second_edge) if row.first_edge else Edges()),
        tone=TONES[state],
        overdue_minor=row.overdue_minor,
        balance_minor=row.balance_minor,
        oldest_due_on=row.oldest_due_on,
        days=days_past_due(row.oldest_due_on, today),
        late=[each for each in unpaid if each.due_on < today],
        soon=[each for each in unpaid if each.due_on >= today],
        paid=[each for each in newest_first if each.balance_minor <= 0],
    )
