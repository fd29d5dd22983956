"""How a payment's money moves between invoices, and who is told. Locks: the payment's key, its account, its threads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, text

from console import audit
from console.audit import Actor
from console.db import Tx
from console.inbox import thread
from console.portfolio.allocation import Share, Shares, Unpaid, allocate, take_back
from console.portfolio.holding import conversations_of
from console.portfolio.ledger import Allocation, Payment
from console.portfolio.models import Account, Invoice
from console.portfolio.settlement import settle_by_payments
from console.portfolio.standing import recompute


async def one_at_a_time(tx: Tx, source: str, external_id: str) -> None:
    """Whoever writes about this payment holds this until its commit. Taken before any row is locked."""
    if tx.get_bind().dialect.name == "postgresql":
        key = f"payment:{source}:{external_id}"
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7204))"), {"key": key})


async def by_key(tx: Tx, source: str, external_id: str) -> Payment | None:
    """The payment as it stands now, by its id at its source."""
    wanted = select(Payment).where(Payment.source == source, Payment.external_id == external_id)
    return (await tx.scalars(wanted.execution_options(populate_existing=True))).one_or_none()


async def divide(tx: Tx, payment: Payment, account: Account, *, moment: datetime) -> Shares:
    """Let what is unapplied of `payment` pay what is owed on `account`, whose row the caller holds.

    The excess stays unapplied, and is for a person to see.
    """
    unpaid = select(Invoice).where(Invoice.account_id == account.id, Invoice.balance_minor > 0).order_by(Invoice.id)
    found = await tx.scalars(unpaid.execution_options(populate_existing=True))
    invoices = {invoice.id: invoice for invoice in found}
    owed = [Unpaid(i.id, i.number, i.due_on, i.balance_minor, i.disputed) for i in invoices.values()]
    shares = allocate(payment.unapplied_minor, owed, named=payment.invoice_number)
    rows = await allocations(tx, payment)
    for share in shares.shares:
        _change(invoices[share.invoice_id], -share.minor, moment)
        if (row := rows.get(share.invoice_id)) is None:
            tx.add(Allocation(payment_id=payment.id, invoice_id=share.invoice_id, amount_minor=share.minor))
        else:
            row.amount_minor = share.minor + (row.amount_minor if row.reversed_at is None else 0)
            row.reversed_at = None
    payment.unapplied_minor = shares.rest_minor
    payment.needs_look = payment.needs_look or shares.rest_minor > 0
    payment.version += 1
    await tx.flush()
    return shares


async def undo(tx: Tx, payment: Payment, amount_minor: int, *, moment: datetime) -> Shares:
    """Take `amount_minor` back out of what `payment` paid: that is owed again. The caller holds the account's row."""
    rows = await allocations(tx, payment)
    live = [Share(row.invoice_id, row.amount_minor) for row in rows.values() if row.reversed_at is None]
    taken = take_back(amount_minor, live, payment.unapplied_minor)
    for share in taken.shares:
        row, invoice = rows[share.invoice_id], await tx.get_one(Invoice, share.invoice_id, populate_existing=True)
        if share.minor == row.amount_minor:
            row.reversed_at = moment
        else:
            row.amount_minor -= share.minor
        # What the creditor has restated since may hold part of it already: never more than there ever was.
        most = max(invoice.amount_minor, invoice.stated_minor)
        _change(invoice, min(share.minor, max(most - invoice.balance_minor, 0)), moment)
    payment.unapplied_minor -= taken.rest_minor
    payment.version += 1
    await tx.flush()
    return taken


async def allocations(tx: Tx, payment: Payment) -> dict[int, Allocation]:
    """What `payment` pays or paid, by invoice, in the order in which it was divided."""
    wanted = select(Allocation).where(Allocation.payment_id == payment.id).order_by(Allocation.id)
    return {row.invoice_id: row for row in await tx.scalars(wanted.execution_options(populate_existing=True))}


async def tell(
    tx: Tx,
    payment: Payment,
    account: Account,
    action: str,
    facts: Mapping[str, object],
    *,
    minor: int,
    by: Actor,
) -> None:
    """Record `action` with `facts`, and say it in each thread of the debtor: "Pago de S/ 412.50 recibido"."""
    told = {"amount_minor": minor, "currency": payment.currency, **facts}
    subject = f"payment:{payment.id}"
    threads = await conversations_of(tx, account)
    if not threads:
        audit.record(tx, by, action, account_id=account.id, subject=subject, new=told)
    for number, conversation in enumerate(threads):
        event = action.replace(".", "_")
        row = await thread.event(tx, conversation, by=by, action=event, minor=minor, currency=payment.currency)
        # The deed is on record once; the other threads only have one more line.
        audit.record(
            tx,
            by,
            "conversation.updated" if number else action,
            conversation_id=conversation.id,
            message_id=row.id,
            account_id=account.id,
            subject=subject,
            new=None if number else told,
        )


async def follow(tx: Tx, account_id: int, *, by: Actor, moment: datetime) -> None:
    """What a change of payments leads to: promises and plan, how the account and its debtor's conversations stand."""
    await tx.flush()
    await settle_by_payments(tx, account_id, moment, by=by)
    await recompute(tx, [account_id], by=by, moment=moment)


def _change(invoice: Invoice, minor: int, moment: datetime) -> None:
    invoice.balance_minor += minor
    invoice.updated_at, invoice.version = moment, invoice.version + 1
