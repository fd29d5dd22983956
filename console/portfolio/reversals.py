"""Money that went back: refunds and chargebacks, in whatever order they are told, even before the payment itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from console.audit import Actor
from console.db import Tx
from console.portfolio import bookkeeping
from console.portfolio.holding import locked
from console.portfolio.ledger import Payment, PaymentReversal, PaymentState
from console.portfolio.models import Account

REFUNDS = "refunds"
"""The reference under which all refunds of a payment are counted together: providers tell their sum."""
# A chargeback that ended does not begin again, whatever arrives late.
_RANK = {"refunded": 0, "open": 0, "lost": 1, "won": 2}


async def reverse(
    tx: Tx,
    *,
    source: str,
    external_id: str,
    amount_minor: int,
    reference: str = REFUNDS,
    stage: str = "refunded",
    by: Actor,
    moment: datetime,
) -> Payment | None:
    """Note that money of a payment went back: all its refunds so far, or a chargeback by its own id.

    `stage` of a chargeback is open, lost, or won (then the money is ours again, and `amount_minor` counts for
    nothing). What it paid is owed again. Returns None while the payment is not known: it is remembered, and the
    payment meets it. Announces payment.reversed, or payment.restored for a chargeback that was won.
    """
    await bookkeeping.one_at_a_time(tx, source, external_id)
    told = {"source": source, "external_id": external_id, "reference": reference}
    await _remember(tx, told, stage=stage, amount_minor=amount_minor, moment=moment)
    payment = await bookkeeping.by_key(tx, source, external_id)
    if payment is None or payment.account_id is None or payment.state not in _BOOKED:
        return payment
    account = await locked(tx, payment.account_id)
    await tx.refresh(payment)
    if await take_back_what_went_back(tx, payment, account, by=by, moment=moment):
        await bookkeeping.follow(tx, account.id, by=by, moment=moment)
    return payment


_BOOKED = frozenset({PaymentState.APPLIED, PaymentState.REVERSED})


async def take_back_what_went_back(
    tx: Tx,
    payment: Payment,
    account: Account,
    *,
    by: Actor,
    moment: datetime,
) -> bool:
    """Bring `payment` in line with all that is known to have gone back; says whether anything changed.

    The caller holds the account's row and sees to what follows.
    """
    gone = await went_back(tx, payment)
    change = gone - payment.reversed_minor
    if change == 0:
        return False
    if change > 0:
        shares = await bookkeeping.undo(tx, payment, change, moment=moment)
    else:
        payment.unapplied_minor -= change
        shares = await bookkeeping.divide(tx, payment, account, moment=moment)
    payment.reversed_minor = gone
    payment.reversed_at = moment if gone else None
    payment.state = PaymentState.REVERSED if gone == payment.amount_minor else PaymentState.APPLIED
    payment.receipt_due = payment.receipt_due and gone == 0
    payment.needs_look, payment.resolution = True, None
    facts = {
        "reversed_minor": gone,
        "unapplied_minor": payment.unapplied_minor,
        "invoices": {str(share.invoice_id): share.minor for share in shares.shares},
    }
    action = "payment.reversed" if change > 0 else "payment.restored"
    await bookkeeping.tell(tx, payment, account, action, facts, minor=abs(change), by=by)
    return True


async def went_back(tx: Tx, payment: Payment) -> int:
    """How much of `payment` is known to have gone back, never more than it was."""
    mine = (PaymentReversal.source == payment.source, PaymentReversal.external_id == payment.external_id)
    total = await tx.scalar(
        select(func.coalesce(func.sum(PaymentReversal.amount_minor), 0)).where(*mine, PaymentReversal.stage != "won")
    )
    return min(int(total or 0), payment.amount_minor)


async def _remember(tx: Tx, told: dict[str, str], *, stage: str, amount_minor: int, moment: datetime) -> None:
    """Keep the most that was told: refunds only add up, and the end of a chargeback is its end."""
    wanted = select(PaymentReversal).filter_by(**told)
    row = (await tx.scalars(wanted.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        row = PaymentReversal(**told)
        row.stage, row.amount_minor, row.reported_at = stage, max(amount_minor, 0), moment
        tx.add(row)
    else:
        row.amount_minor = max(row.amount_minor, amount_minor)
        row.stage = max(row.stage, stage, key=lambda each: _RANK[each])
    await tx.flush()
