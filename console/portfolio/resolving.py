"""What people make of payments that fit nowhere, exceed the debt or went back: with a reason, and on record."""

from __future__ import annotations

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.languages.words import Words
from console.portfolio import bookkeeping, payments, reversals
from console.portfolio.holding import locked
from console.portfolio.ledger import Payment, PaymentLink, PaymentNotice, PaymentState
from console.portfolio.models import Account
from console.reasons import keeping as reasons

LONGEST_NOTE = 500
SHORTEST_NOTE = 3
RETURNED = "returned"
"""The reference under which money that people gave back by hand is kept."""


async def assign(tx: Tx, payment_id: int, *, to: str, by: Viewer, note: str) -> Payment:
    """Book a parked payment to the account with the creditor's id `to`. Announces payment.applied, payment.resolved.

    Refuses: 409 "not_parked"; 422 naming `account` for one that is unknown, out of reach, in another currency or
    closed, or whose amount cannot be paid; 422 without a reason.
    """
    payment = await _looked_at(tx, payment_id, note, by)
    if payment.state != PaymentState.PARKED:
        raise Refused(409, Words("Ese pago ya no está por ubicar."), code="not_parked")
    if payment.amount_minor <= 0:
        raise Refused(422, Words("Un monto de cero o negativo no se puede aplicar."), code="invalid", field="account")
    account = await _account(tx, to, by)
    if account.currency != payment.currency:
        said = Words(
            "La cuenta está en {currency} y el pago en {currency_2}.",
            currency=account.currency,
            currency_2=payment.currency,
        )
        raise Refused(422, said, code="currency", field="account")
    link = await tx.get(PaymentLink, payment.link_id) if payment.link_id is not None else None
    theirs = link if link is not None and link.account_id == account.id else None
    await payments.apply(tx, payment, account, link=theirs, by=by.actor, moment=clock.now())
    return await _resolved(tx, payment, "assigned", by=by, note=note)


async def use_excess(tx: Tx, payment_id: int, *, by: Viewer, note: str) -> Payment:
    """Let what exceeded the debt pay what has come due since. Announces payment.resolved.

    Refuses: 409 "nothing_owed" when there is still nothing to pay, "no_excess"; 422 without a reason.
    """
    payment = await _looked_at(tx, payment_id, note, by)
    account = await _held(tx, payment)
    had = payment.unapplied_minor
    if had <= 0:
        raise Refused(409, Words("Ese pago no tiene sobrante."), code="no_excess")
    moment = clock.now()
    await bookkeeping.divide(tx, payment, account, moment=moment)
    if payment.unapplied_minor == had:
        raise Refused(409, Words("La cuenta no tiene facturas por pagar con ese sobrante."), code="nothing_owed")
    await bookkeeping.follow(tx, account.id, by=by.actor, moment=moment)
    return await _resolved(tx, payment, "applied", by=by, note=note)


async def give_back(tx: Tx, payment_id: int, *, by: Viewer, note: str) -> Payment:
    """Note that money was returned to the payer by other means: a parked payment whole, of a booked one its excess.

    Announces payment.reversed and payment.resolved. Refuses: 409 "no_excess"; 422 without a reason.
    """
    payment = await _looked_at(tx, payment_id, note, by)
    if payment.state == PaymentState.PARKED:
        payment.state, payment.receipt_due = PaymentState.DISMISSED, False
        return await _resolved(tx, payment, "returned", by=by, note=note)
    await _held(tx, payment)
    excess = payment.unapplied_minor
    if excess <= 0:
        raise Refused(409, Words("Ese pago no tiene sobrante."), code="no_excess")
    await reversals.reverse(
        tx,
        source=payment.source,
        external_id=payment.external_id,
        reference=RETURNED,
        amount_minor=excess,
        by=by.actor,
        moment=clock.now(),
    )
    return await _resolved(tx, payment, "returned", by=by, note=note)


async def dismiss(tx: Tx, payment_id: int, *, by: Viewer, note: str) -> Payment:
    """Somebody looked and nothing is to be done; a parked payment stays out of the books. Announces payment.resolved.

    Refuses: 422 without a reason.
    """
    payment = await _looked_at(tx, payment_id, note, by)
    if payment.state == PaymentState.PARKED:
        payment.state, payment.receipt_due = PaymentState.DISMISSED, False
        return await _resolved(tx, payment, "dismissed", by=by, note=note)
    await _held(tx, payment)
    return await _resolved(tx, payment, "seen", by=by, note=note)


async def dismiss_notice(tx: Tx, notice_id: int, *, by: Viewer, note: str) -> None:
    """Somebody looked at a notice nothing was made of. Announces payment_notice.resolved. Refuses like `dismiss`."""
    policy.require(by, "apply_payments")
    _check(note)
    notice = await tx.get(PaymentNotice, notice_id, with_for_update=True)
    if notice is None:
        raise not_found()
    if not notice.needs_look:
        raise Refused(409, Words("Ese aviso ya fue revisado."), code="already_resolved")
    notice.needs_look = False
    facts = await reasons.keep(tx, note.strip())
    audit.record(tx, by.actor, "payment_notice.resolved", subject=f"notice:{notice.id}", new=facts)


async def _looked_at(tx: Tx, payment_id: int, note: str, by: Viewer) -> Payment:
    """The payment as it is now, which nobody else writes about meanwhile. Refuses what was settled already."""
    policy.require(by, "apply_payments")
    _check(note)
    payment = await tx.get(Payment, payment_id)
    if payment is None or not await _is_within_reach(tx, payment, by):
        raise not_found()
    await bookkeeping.one_at_a_time(tx, payment.source, payment.external_id)
    payment = await tx.get_one(Payment, payment_id, populate_existing=True)
    if not payment.needs_look:
        raise Refused(409, Words("Ese pago ya fue revisado."), code="already_resolved")
    return payment


def _check(note: str) -> None:
    if not SHORTEST_NOTE <= len(note.strip()) <= LONGEST_NOTE:
        raise Refused(422, Words("Diga en pocas palabras el motivo."), code="invalid", field="note")


async def _is_within_reach(tx: Tx, payment: Payment, by: Viewer) -> bool:
    """Whether it is of an account that `by` sees, by itself or by its link; or of none, and names none but those."""
    account_id = payment.account_id
    if account_id is None and payment.link_id is not None:
        account_id = (await tx.get_one(PaymentLink, payment.link_id)).account_id
    if account_id is None:
        unplaced = select(Payment.id).where(Payment.id == payment.id, policy.visible_unplaced(by))
        return await tx.scalar(unplaced) is not None
    seen = select(Account.id).where(Account.id == account_id, policy.visible_accounts(by))
    return await tx.scalar(seen) is not None


async def _account(tx: Tx, external_id: str, by: Viewer) -> Account:
    wanted = select(Account.id).where(Account.external_id == external_id.strip(), policy.visible_accounts(by)).limit(2)
    found = list(await tx.scalars(wanted))
    if len(found) != 1:
        said = (
            Words("Varias cuentas tienen ese número.")
            if found
            else Words("No hay una cuenta con ese número a su alcance.")
        )
        raise Refused(422, said, code="unknown_account", field="account")
    account = await locked(tx, found[0])
    if account.status != "open":
        raise Refused(422, Words("Esa cuenta ya no está en la cartera."), code="closed_account", field="account")
    return account


async def _held(tx: Tx, payment: Payment) -> Account:
    """The account of a booked payment, held."""
    if payment.account_id is None:
        raise not_found()
    account = await locked(tx, payment.account_id)
    await tx.refresh(payment)
    return account


async def _resolved(tx: Tx, payment: Payment, resolution: str, *, by: Viewer, note: str) -> Payment:
    payment.needs_look, payment.resolution, payment.note = False, resolution, note.strip()
    payment.resolved_by_id, payment.resolved_at = by.id, clock.now()
    payment.version += 1
    reason = await reasons.keep(tx, payment.note, account_id=payment.account_id)
    audit.record(
        tx,
        by.actor,
        "payment.resolved",
        account_id=payment.account_id,
        subject=f"payment:{payment.id}",
        new={"resolution": resolution, "state": str(payment.state), **reason},
    )
    return payment
