"""What becomes of promises: payments keep them, their day breaks them, and money that goes back is told honestly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from console import audit
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.portfolio import promises
from console.portfolio.agreements import Promise, PromiseState
from console.portfolio.holding import conversations_of, locked
from console.portfolio.kept import Came, Made, becomes, paid_for
from console.portfolio.ledger import Payment, PaymentState
from console.portfolio.models import Account
from console.portfolio.plans import settle_plan
from console.portfolio.standing import rules_in_force
from console.portfolio.states import day_begins, today_in

_ACTIONS = {
    PromiseState.KEPT: "promise.kept",
    PromiseState.PARTIAL: "promise.partial",
    PromiseState.BROKEN: "promise.broken",
    PromiseState.OPEN: "promise.reopened",
    PromiseState.REPLACED: "promise.replaced",
}


async def settle_by_payments(tx: Tx, account_id: int, moment: datetime, *, by: Actor = SYSTEM) -> bool:
    """What payments that came or went make of the promises and the plan of an account; say whether anything changed.

    Called after the money is divided among the invoices and before the account is recomputed, in one transaction.
    """
    kept = await settle_promises(tx, account_id, moment, by=by)
    return await settle_plan(tx, account_id, moment, by=by) or kept


async def settle_promises(tx: Tx, account_id: int, moment: datetime, *, by: Actor = SYSTEM) -> bool:
    """Bring the promises of an account to what its payments make of them at `moment`; say whether any changed.

    Kept as soon as enough came in time; what settles without it is partial or broken; a refund opens it again while
    there is time. Announces promise.kept, .partial, .broken, .reopened, and promise.paid for a part that came or went.
    Whoever calls this recomputes the account afterwards: both are one change.
    """
    account = await locked(tx, account_id)
    found = await _promises(tx, account)
    if not found:
        return False
    await tx.flush()
    zone = await promises.zone_of(tx, account)
    paid = paid_for([_made(each, zone) for each in found], await _payments(tx, account))
    rules = await rules_in_force(tx)
    changed = False
    for promise in found:
        state, is_open = PromiseState(promise.state), promise.state == PromiseState.OPEN
        # What has settled moves only with the money that was paid for it: nobody keeps a broken promise afterwards.
        if is_open or (state != PromiseState.REPLACED and paid[promise.id] != promise.paid_minor):
            state = becomes(
                promise.amount_minor,
                paid[promise.id],
                tolerance_bp=rules.promise_tolerance_bp,
                is_over=moment >= promise.settles_at,
                owes_nothing=is_open and account.balance_minor == 0 and account.status == "open",
            )
        changed |= await _become(tx, promise, account, state, paid[promise.id], found=found, moment=moment, by=by)
    return changed


async def _become(
    tx: Tx,
    promise: Promise,
    account: Account,
    state: PromiseState,
    paid_minor: int,
    *,
    found: Sequence[Promise],
    moment: datetime,
    by: Actor,
) -> bool:
    newer = next((each.id for each in found if each.id > promise.id), None)
    if state == PromiseState.OPEN and newer is not None:
        # What would be open again has been followed by another promise meanwhile.
        state, promise.replaced_by = PromiseState.REPLACED, newer
    old = {"state": promise.state, "paid_minor": promise.paid_minor}
    new = {"state": str(state), "paid_minor": paid_minor}
    if old == new:
        return False
    was_open, has_turned = promise.state == PromiseState.OPEN, promise.state != state
    promise.state, promise.paid_minor, promise.version = state, paid_minor, promise.version + 1
    promise.settled_at = None if state == PromiseState.OPEN else moment if has_turned else promise.settled_at
    if was_open and has_turned:
        promise.remind_at = None
        await promises.pause_ends(tx, account, promises.paused_until(promise, await promises.zone_of(tx, account)))
    await tx.flush()
    if has_turned:
        threads = await conversations_of(tx, account)
        conversation = next((each for each in threads if each.id == promise.conversation_id), None)
        await promises.tell(tx, promise, conversation, _ACTIONS[state], by=by, old=old, new=new)
    else:
        audit.record(
            tx,
            by,
            "promise.paid",
            conversation_id=promise.conversation_id,
            account_id=account.id,
            subject=f"promise:{promise.id}",
            old=old,
            new=new,
        )
    return True


async def _promises(tx: Tx, account: Account) -> Sequence[Promise]:
    wanted = (
        select(Promise)
        .where(Promise.account_id == account.id, Promise.state != PromiseState.CANCELLED)
        .order_by(Promise.id)
    )
    return (await tx.scalars(wanted)).all()


async def _payments(tx: Tx, account: Account) -> list[Came]:
    booked = (PaymentState.APPLIED, PaymentState.REVERSED)
    wanted = select(Payment.amount_minor - Payment.reversed_minor, Payment.paid_at, Payment.received_at).where(
        Payment.account_id == account.id, Payment.state.in_(booked), Payment.amount_minor > Payment.reversed_minor
    )
    return [Came(*row) for row in await tx.execute(wanted)]


def _made(promise: Promise, zone: ZoneInfo) -> Made:
    began = day_begins(today_in(zone, promise.made_at), zone)
    return Made(promise.id, promise.made_at, began, promise.settles_at)
