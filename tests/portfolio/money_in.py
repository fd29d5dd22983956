"""A payment that came in, as far as promises and plans can tell: a row of the ledger, and what follows from it."""

from __future__ import annotations

import itertools
from datetime import datetime

from console import clock
from console.audit import SYSTEM
from console.db import Database
from console.portfolio.ledger import Payment, PaymentState
from console.portfolio.settlement import settle_by_payments
from console.portfolio.standing import recompute

_numbers = itertools.count(1)


async def they_paid(database: Database, account_id: int, minor: int, *, at: datetime | None = None) -> int:
    """`minor` was paid (now, or `at`), and we hear of it now; the id of the payment."""
    async with database.transaction() as tx:
        payment = Payment(source="manual", external_id=f"P-{next(_numbers)}", digest="-", account_id=account_id)
        payment.amount_minor, payment.unapplied_minor, payment.currency = minor, minor, "PEN"
        payment.paid_at, payment.received_at, payment.state = at or clock.now(), clock.now(), PaymentState.APPLIED
        tx.add(payment)
        await tx.flush()
        await settle_by_payments(tx, account_id, clock.now())
        await recompute(tx, [account_id], by=SYSTEM, moment=clock.now())
        return payment.id


async def it_went_back(database: Database, payment_id: int) -> None:
    """The whole payment was refunded."""
    async with database.transaction() as tx:
        payment = await tx.get_one(Payment, payment_id)
        payment.state, payment.reversed_minor = PaymentState.REVERSED, payment.amount_minor
        await tx.flush()
        assert payment.account_id is not None
        await settle_by_payments(tx, payment.account_id, clock.now())
        await recompute(tx, [payment.account_id], by=SYSTEM, moment=clock.now())
