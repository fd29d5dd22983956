"""What is known of the debts that statements are about: a constant number of queries for any number of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from console.bulk import among, fetch
from console.db import Tx
from console.portfolio.agreements import Dispute, DisputeState, Plan, PlanState
from console.portfolio.comparing import Corrects, Debt, Known, Owing, Person
from console.portfolio.corrections import Correction
from console.portfolio.documents import Document
from console.portfolio.ledger import Allocation, Payment
from console.portfolio.models import Account, Debtor, Invoice
from console.portfolio.statement import Statement

KEPT = ("state", "balance_minor", "overdue_minor", "oldest_due_on", "next_change_at")
_DEBTS = (
    select(
        Account.id,
        Account.external_id,
        Account.debtor_id,
        Account.team_id,
        Account.currency,
        Account.product,
        Account.phones,
        Account.status,
        Account.statement_digest,
        Account.stated_at,
        Account.version,
        *(getattr(Account, name) for name in KEPT),
    )
    .where(Account.creditor_id == bindparam("creditor"), among(Account.external_id, "names"))
    .order_by(Account.id)
)
_INVOICES = (
    select(
        Invoice.account_id,
        Invoice.id,
        Invoice.number,
        Invoice.due_on,
        Invoice.amount_minor,
        Invoice.stated_minor,
        Invoice.balance_minor,
        Invoice.disputed,
        Invoice.version,
    )
    .where(among(Invoice.account_id, "ids"))
    .order_by(Invoice.id)
)
_LATER = (
    select(Allocation.invoice_id, func.sum(Allocation.amount_minor))
    .join(Payment, Payment.id == Allocation.payment_id)
    .join(Invoice, Invoice.id == Allocation.invoice_id)
    .where(among(Invoice.account_id, "ids"), Allocation.reversed_at.is_(None), Payment.paid_at > bindparam("as_of"))
    .group_by(Allocation.invoice_id)
)
_PLANS = select(Plan.account_id).where(among(Plan.account_id, "ids"), Plan.state == PlanState.ACTIVE)
_DISPUTES = select(Dispute.account_id).where(among(Dispute.account_id, "ids"), Dispute.state == DisputeState.OPEN)
_PERSON = (Debtor.id, Debtor.name, Debtor.document_type, Debtor.document_number, Debtor.timezone, Debtor.birth_year)
_CORRECTIONS = select(Correction.id, Correction.debtor_id, Correction.field, Correction.was, Correction.became).where(
    among(Correction.debtor_id, "debtors"), Correction.ended_at.is_(None)
)
_BY_ID = select(*_PERSON).where(among(Debtor.id, "ids"))
_BY_DOCUMENT = select(*_PERSON).where(among(Debtor.document_number, "numbers"))


def _nobody(_document: Document) -> Person | None:
    return None


async def known_of(
    tx: Tx,
    creditor_id: int,
    statements: Sequence[Statement],
    *,
    as_of: datetime | None,
    recall: Callable[[Document], Person | None] = _nobody,
) -> Known:
    """What is known of these debts of one creditor, and of the people whom the statements name.

    With `as_of`, what was paid after that instant is told apart. `recall` knows people who are not written yet.
    """
    names = {statement.external_id for statement in statements}
    rows = await fetch(tx, _DEBTS, {"creditor": creditor_id, "names": names})
    ids = {row.id for row in rows}
    owing = await _owing(tx, ids, as_of)
    in_plan = {account_id for (account_id,) in await fetch(tx, _PLANS, {"ids": ids})} if ids else set()
    in_dispute = {account_id for (account_id,) in await fetch(tx, _DISPUTES, {"ids": ids})} if ids else set()
    debts = {row.external_id: _debt(row, owing[row.id], in_plan, in_dispute) for row in rows}
    return Known(debts, await _people(tx, {row.debtor_id for row in rows}, statements), recall)


async def _owing(tx: Tx, ids: Collection[int], as_of: datetime | None) -> dict[int, list[Owing]]:
    owing: defaultdict[int, list[Owing]] = defaultdict(list)
    if not ids:
        return owing
    later = dict(await fetch(tx, _LATER, {"ids": ids, "as_of": as_of})) if as_of is not None else {}
    for row in await fetch(tx, _INVOICES, {"ids": ids}):
        owing[row.account_id].append(
            Owing(
                id=row.id,
                number=row.number,
                due_on=row.due_on,
                amount_minor=row.amount_minor,
                stated_minor=row.stated_minor,
                balance_minor=row.balance_minor,
                disputed=row.disputed,
                version=row.version,
                later_minor=int(later.get(row.id, 0)),
            )
        )
    return owing


def _debt(row: Any, owing: list[Owing], in_plan: set[int], in_dispute: set[int]) -> Debt:  # noqa: ANN401 a row
    return Debt(
        id=row.id,
        external_id=row.external_id,
        debtor_id=row.debtor_id,
        team_id=row.team_id,
        currency=row.currency,
        product=row.product,
        phones=tuple(row.phones or ()),
        status=row.status,
        digest=row.statement_digest,
        stated_at=row.stated_at,
        version=row.version,
        in_plan=row.id in in_plan,
        in_dispute=row.id in in_dispute,
        kept=tuple(getattr(row, name) for name in KEPT),
        owing=owing,
    )


async def _people(tx: Tx, ids: Collection[int], statements: Sequence[Statement]) -> dict[int, Person]:
    numbers = {statement.document.number for statement in statements if statement.document is not None}
    found = [*await fetch(tx, _BY_ID, {"ids": ids})] if ids else []
    found += await fetch(tx, _BY_DOCUMENT, {"numbers": numbers}) if numbers else []
    people = {row.id: _person(row) for row in found}
    for row in await fetch(tx, _CORRECTIONS, {"debtors": list(people)}) if people else ():
        people[row.debtor_id].corrections += (Corrects(row.id, row.field, row.was, row.became),)
    return people


def _person(row: Any) -> Person:  # noqa: ANN401 a row
    document = Document(row.document_type, row.document_number) if row.document_number is not None else None
    return Person(id=row.id, name=row.name, document=document, timezone=row.timezone, birth_year=row.birth_year)
