"""What stands agreed or contested with the person of a conversation: promises, plans, disputes, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console.bulk import among
from console.db import Tx
from console.errors import not_found
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.portfolio.agreements import (
    Dispute,
    DisputeState,
    Instalment,
    Plan,
    PlanState,
    Promise,
    PromiseState,
)
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice, PointState
from console.portfolio.states import today_in

CATEGORIES = {
    "not_mine": Words("No reconoce la deuda"),
    "amount": Words("No está de acuerdo con el monto"),
    "already_paid": Words("Dice que ya pagó"),
    "service": Words("Reclama por el producto o servicio"),
    "fraud": Words("Suplantación o fraude"),
    "other": Words("Otro motivo"),
}
_SETTLED = (PromiseState.KEPT, PromiseState.PARTIAL, PromiseState.BROKEN)


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the person: what a form offers to choose from. `today` is the debtor's day, `zone` theirs."""

    account_id: int
    debtor_id: int
    external_id: str
    product: str | None
    currency: str
    overdue_minor: int
    balance_minor: int
    country: str
    zone: ZoneInfo
    today: date


class PromiseView(msgspec.Struct, frozen=True, kw_only=True):
    """A promise. `days_left` until its day; negative when that has passed. `is_doubted`: its evidence was changed."""

    id: int
    account_id: int
    account: str
    amount_minor: int
    paid_minor: int
    currency: str
    due_on: date
    days_left: int
    state: str
    version: int
    remind_at: datetime | None
    reminded_at: datetime | None
    is_doubted: bool


class StepView(msgspec.Struct, frozen=True):
    """One instalment; number 0 is the down payment."""

    number: int
    due_on: date
    amount_minor: int
    paid_minor: int
    is_paid: bool
    is_late: bool


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and its schedule. `is_doubted`: the message that accepted it was changed."""

    id: int
    account: str
    state: str
    total_minor: int
    paid_minor: int
    currency: str
    steps: list[StepView]
    version: int
    is_doubted: bool

    @property
    def paid_count(self) -> int:
        """How many instalments are paid, the down payment left out."""
        return sum(step.is_paid for step in self.steps if step.number)

    @property
    def count(self) -> int:
        """How many there are, the down payment left out."""
        return sum(1 for step in self.steps if step.number)


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute that waits for an answer; `invoice` None means the whole account."""

    id: int
    account: str
    invoice: str | None
    category: str
    words: str | None
    opened_at: datetime
    answer_by: datetime
    version: int


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a panel shows of agreements. `kept` of `settled`: how many promises were kept of those that ended."""

    debts: list[Debt]
    open: list[PromiseView]
    last: PromiseView | None
    kept: int
    settled: int
    plans: list[PlanView]
    disputes: list[DisputeView]


_DEBTS = (
    select(Account, Debtor.timezone, Debtor.country)
    .join(Debtor, Debtor.id == Account.debtor_id)
    .join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
    .where(Account.status == "open", ContactPoint.state == PointState.ACTIVE)
    .order_by(Account.overdue_minor.desc(), Account.id)
    .distinct()
)


async def debts_of(tx: Tx, conversation: Conversation, moment: datetime) -> list[Debt]:
    """The open accounts of whoever writes in `conversation`, the most overdue first; none for strangers."""
    rows = await tx.execute(_DEBTS.where(ContactPoint.contact_id == conversation.contact_id))
    return [_debt(account, ZoneInfo(zone), country, moment) for account, zone, country in rows]


async def debt_of(tx: Tx, conversation: Conversation, account_id: int | None, moment: datetime) -> Debt:
    """The account with that id, if it is the person's; the most overdue one where none is named. Refused(404)."""
    for debt in await debts_of(tx, conversation, moment):
        if account_id in {None, debt.account_id}:
            return debt
    raise not_found()


async def agreed_of(tx: Tx, conversation: Conversation, moment: datetime) -> Agreed:
    """What is agreed with and contested by the person of `conversation` at `moment`."""
    debts = await debts_of(tx, conversation, moment)
    by_id = {debt.account_id: debt for debt in debts}
    if not by_id:
        return Agreed(debts=[], open=[], last=None, kept=0, settled=0, plans=[], disputes=[])
    wanted = (
        select(Promise, Message.edited_at, Message.revoked_at)
        .outerjoin(Message, Message.id == Promise.message_id)
        .where(among(Promise.account_id, "ids"))
        .order_by(Promise.id.desc())
    )
    promises = [
        _promise(promise, by_id[promise.account_id], is_doubted=_is_changed(promise.made_at, edited_at, revoked_at))
        for promise, edited_at, revoked_at in await tx.execute(wanted, {"ids": by_id})
    ]
    settled = [each for each in promises if each.state in _SETTLED]
    return Agreed(
        debts=debts,
        open=[each for each in promises if each.state == PromiseState.OPEN],
        last=settled[0] if settled else None,
        kept=sum(each.state == PromiseState.KEPT for each in settled),
        settled=len(settled),
        plans=await _plans(tx, by_id),
        disputes=await _disputes(tx, by_id),
    )


async def unpaid_of(tx: Tx, account_id: int) -> Sequence[Invoice]:
    """The invoices of an account with something left, oldest first."""
    wanted = select(Invoice).where(Invoice.account_id == account_id, Invoice.balance_minor > 0)
    return (await tx.scalars(wanted.order_by(Invoice.due_on, Invoice.number))).all()


def _debt(account: Account, zone: ZoneInfo, country: str, moment: datetime) -> Debt:
    return Debt(
        account_id=account.id,
        debtor_id=account.debtor_id,
        external_id=account.external_id,
        product=account.product,
        currency=account.currency,
        overdue_minor=account.overdue_minor,
        balance_minor=account.balance_minor,
        country=country,
        zone=zone,
        today=today_in(zone, moment),
    )


def _is_changed(agreed_at: datetime | None, *acts: datetime | None) -> bool:
    """Whether the message that agreed was edited or taken back since. Who provides messages counts in whole seconds."""
    return agreed_at is not None and any(at is not None and at >= agreed_at.replace(microsecond=0) for at in acts)


def _promise(promise: Promise, debt: Debt, *, is_doubted: bool) -> PromiseView:
    return PromiseView(
        id=promise.id,
        account_id=promise.account_id,
        account=debt.external_id,
        amount_minor=promise.amount_minor,
        paid_minor=promise.paid_minor,
        currency=promise.currency,
        due_on=promise.due_on,
        days_left=(promise.due_on - debt.today).days,
        state=promise.state,
        version=promise.version,
        remind_at=promise.remind_at,
        reminded_at=promise.reminded_at,
        is_doubted=is_doubted,
    )


async def _plans(tx: Tx, debts: dict[int, Debt]) -> list[PlanView]:
    shown = (PlanState.ACTIVE, PlanState.PROPOSED)
    wanted = (
        select(Plan, Message.edited_at, Message.revoked_at)
        .outerjoin(Message, Message.id == Plan.accepted_message_id)
        .where(among(Plan.account_id, "ids"), Plan.state.in_(shown))
        .order_by(Plan.id.desc())
    )
    rows = (await tx.execute(wanted, {"ids": debts})).all()
    found = [plan for plan, _edited_at, _revoked_at in rows]
    if not found:
        return []
    steps = select(Instalment).where(among(Instalment.plan_id, "ids")).order_by(Instalment.number)
    by_plan: dict[int, list[Instalment]] = {}
    for step in await tx.scalars(steps, {"ids": [plan.id for plan in found]}):
        by_plan.setdefault(step.plan_id, []).append(step)
    return [
        _plan(
            plan,
            by_plan.get(plan.id, []),
            debts[plan.account_id],
            is_doubted=_is_changed(plan.accepted_at, edited_at, revoked_at),
        )
        for plan, edited_at, revoked_at in rows
    ]


def _plan(plan: Plan, steps: Sequence[Instalment], debt: Debt, *, is_doubted: bool) -> PlanView:
    return PlanView(
        id=plan.id,
        account=debt.external_id,
        state=plan.state,
        total_minor=plan.total_minor,
        paid_minor=sum(step.paid_minor for step in steps),
        currency=plan.currency,
        steps=[
            StepView(
                step.number,
                step.due_on,
                step.amount_minor,
                step.paid_minor,
                is_paid=step.paid_minor >= step.amount_minor,
                is_late=step.paid_minor < step.amount_minor and step.due_on < debt.today,
            )
            for step in steps
        ],
        version=plan.version,
        is_doubted=is_doubted,
    )


async def _disputes(tx: Tx, debts: dict[int, Debt]) -> list[DisputeView]:
    wanted = (
        select(Dispute, Invoice.number)
        .outerjoin(Invoice, Invoice.id == Dispute.invoice_id)
        .where(among(Dispute.account_id, "ids"), Dispute.state == DisputeState.OPEN)
        .order_by(Dispute.answer_by, Dispute.id)
    )
    return [
        DisputeView(
            id=dispute.id,
            account=debts[dispute.account_id].external_id,
            invoice=number,
            category=CATEGORIES.get(dispute.category, dispute.category),
            words=dispute.words,
            opened_at=dispute.opened_at,
            answer_by=dispute.answer_by,
            version=dispute.version,
        )
        for dispute, number in await tx.execute(wanted, {"ids": debts})
    ]
