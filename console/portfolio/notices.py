"""What payment providers report: kept as it came before it is answered, then booked, once, or shown to a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import select, update

from console import audit, clock, money
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused
from console.failpoints import failpoint
from console.languages.words import Words
from console.pacing import pause
from console.portfolio import payments, reversals
from console.portfolio.bookkeeping import by_key, one_at_a_time
from console.portfolio.ledger import PaymentNotice
from console.portfolio.payments import Report
from integrations.payments.told import Ask, Declined, NoAnswer, Nothing, Notice, Odd, Paid, Provider, Told, WentBack

log = structlog.get_logger()
RECEIPT_WITHIN = timedelta(days=3)
"""What was paid longer ago is told late: nobody is thanked for it any more."""
PAUSES = (5, 15, 60, 300, 900, 3600)
"""Seconds until a provider that did not answer is asked again; the last one repeats."""
GIVE_UP_AFTER = timedelta(days=3)
SHOWN_AFTER = 3
"""From so many failures on a person sees that a payment is being verified."""
LEASE = timedelta(seconds=60)
LOOK_EVERY = 0.5


async def keep(tx: Tx, provider: Provider, notice: Notice, body: bytes, moment: datetime) -> int | None:
    """Keep a verified delivery; its number, or None when it is kept already."""
    await one_at_a_time(tx, f"notice:{provider.name}", notice.event_id)
    same = (PaymentNotice.provider == provider.name, PaymentNotice.event_id == notice.event_id)
    if await tx.scalar(select(PaymentNotice.id).where(*same)) is not None:
        return None
    row = PaymentNotice(
        provider=provider.name,
        event_id=notice.event_id,
        subject=notice.subject,
        payload=body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
        received_at=moment,
        # Whoever took it in deals with it first; a worker does when that one died.
        due_at=moment + LEASE,
    )
    tx.add(row)
    await tx.flush()
    return row.id


def needs_asking(told: Sequence[Told]) -> bool:
    """Whether the provider must be called before anything can be booked."""
    return any(isinstance(each, Ask) for each in told)


async def take(db: Database, provider: Provider, notice_id: int) -> None:
    """Make of a kept notice what it says: ask the provider if need be, then book, in one transaction. Safe to repeat.

    A provider that does not answer is asked again later: until it does nothing is booked.
    """
    async with db.reading() as tx:
        notice = await tx.get_one(PaymentNotice, notice_id)
    if notice.done_at is not None:
        return
    try:
        told = await _asked(provider, provider.told(notice.payload.encode(), notice.subject))
    except (NoAnswer, Declined) as failure:
        await _put_off(db, notice, str(failure))
        return
    async with db.transaction() as tx:
        await settle(tx, provider, notice_id, told, clock.now())
    failpoint("payments.booked")


async def run(db: Database, provider: Provider, stop: asyncio.Event) -> None:
    """Deal with the notices that are due until `stop`: those that wait for an answer, and what a crash left."""
    while not stop.is_set():
        while (notice_id := await _claim(db, provider, clock.now())) is not None:
            await take(db, provider, notice_id)
        await pause(stop, LOOK_EVERY)


async def release(tx: Tx, notice_id: int, moment: datetime) -> None:
    """Leave a notice to the workers, now."""
    await tx.execute(update(PaymentNotice).where(PaymentNotice.id == notice_id).values(due_at=moment))


def by(provider: Provider) -> Actor:
    """The provider as the history names it."""
    return Actor(kind="system", name=provider.title, origin="webhook")


async def _claim(db: Database, provider: Provider, moment: datetime) -> int | None:
    """The next due notice, so that no other process takes it while this one does."""
    due = (
        select(PaymentNotice.id)
        .where(PaymentNotice.done_at.is_(None), PaymentNotice.due_at <= moment, PaymentNotice.provider == provider.name)
        .order_by(PaymentNotice.due_at)
        .limit(1)
    )
    async with db.reading() as tx:
        if await tx.scalar(due) is None:
            return None
    async with db.transaction() as tx:
        number: int | None = await tx.scalar(due.with_for_update(skip_locked=True))
        if number is not None:
            await release(tx, number, moment + LEASE)
        return number


async def _asked(provider: Provider, told: Sequence[Told]) -> list[Told]:
    answers: list[Told] = []
    for each in told:
        answers += await provider.look(each.payment_id) if isinstance(each, Ask) else [each]
    return answers


async def settle(tx: Tx, provider: Provider, notice_id: int, told: Sequence[Told], moment: datetime) -> bool:
    """Book what a kept notice tells, once; whether any of it was news. What nothing can be made of is for a person."""
    wanted = select(PaymentNotice).where(PaymentNotice.id == notice_id).with_for_update()
    notice = (await tx.scalars(wanted.execution_options(populate_existing=True))).one()
    if notice.done_at is not None:
        return False
    outcomes = [await _book(tx, provider, each, moment) for each in told]
    notice.done_at, notice.outcome = moment, {"told": outcomes}
    notice.needs_look = any(outcome.get("odd") for outcome in outcomes)
    if notice.needs_look:
        _show(tx, provider, notice, [str(outcome["odd"]) for outcome in outcomes if outcome.get("odd")])
    return any(outcome.get("new") or outcome.get("odd") for outcome in outcomes)


async def _book(tx: Tx, provider: Provider, told: Told, moment: datetime) -> dict[str, Any]:
    """What became of one thing that was told."""
    try:
        if isinstance(told, Paid):
            report = _report(provider, told, moment)
            booked = await payments.book(tx, report, by=by(provider), moment=moment)
            return {"payment": booked.payment.id, "state": str(booked.payment.state), "new": booked.is_new}
        if isinstance(told, WentBack):
            return await _take_back(tx, provider, told, moment)
        return {"nothing": told.why} if isinstance(told, Nothing) else {"odd": _why(told)}
    except money.BadAmount:
        return {"odd": "amount"}
    except Refused as refused:
        return {"odd": refused.code, **refused.details}


async def _take_back(tx: Tx, provider: Provider, told: WentBack, moment: datetime) -> dict[str, Any]:
    before = await by_key(tx, provider.name, told.payment_id)
    had = before.reversed_minor if before is not None else None
    payment = await reversals.reverse(
        tx,
        source=provider.name,
        external_id=told.payment_id,
        amount_minor=_minor(told.amount, told.currency),
        reference=told.reference,
        stage=told.stage,
        by=by(provider),
        moment=moment,
    )
    is_new = payment is not None and payment.reversed_minor != had
    return {"payment": payment.id if payment else None, "went_back": told.stage, "new": is_new}


def _why(told: Odd | Ask) -> str:
    return told.why if isinstance(told, Odd) else "not answered"


def _report(provider: Provider, paid: Paid, moment: datetime) -> Report:
    return Report(
        source=provider.name,
        external_id=paid.payment_id,
        amount_minor=_minor(paid.amount, paid.currency),
        currency=paid.currency,
        paid_at=paid.paid_at,
        link_token=paid.reference or "",
        method=paid.method or provider.title,
        receipt=paid.paid_at > moment - RECEIPT_WITHIN,
    )


def _minor(amount: Decimal, currency: str) -> int:
    if not money.is_currency(currency):
        raise money.BadAmount(Words("{currency} no es una moneda", currency=currency[:8]))
    return money.parse(f"{amount:f}", currency)


async def _put_off(db: Database, notice: PaymentNotice, failure: str) -> None:
    moment = clock.now()
    attempts = notice.attempts + 1
    gives_up = moment - notice.received_at > GIVE_UP_AFTER
    pause = timedelta(seconds=PAUSES[min(attempts, len(PAUSES)) - 1])
    log.warning("payment.not_verified", notice_id=notice.id, reason=failure, attempts=attempts)
    async with db.transaction() as tx:
        row = await tx.get_one(PaymentNotice, notice.id, with_for_update=True)
        if row.done_at is not None:
            return
        row.attempts, row.due_at, row.outcome = attempts, moment + pause, {"verifying": failure}
        if gives_up:
            row.done_at, row.outcome = moment, {"told": [{"odd": "never answered"}], "failure": failure}
        if not row.needs_look and (gives_up or attempts >= SHOWN_AFTER):
            row.needs_look = True
            audit.record(tx, audit.SYSTEM, "payment_notice.kept", subject=f"notice:{row.id}", new={"why": [failure]})


def _show(tx: Tx, provider: Provider, notice: PaymentNotice, why: list[str]) -> None:
    audit.record(tx, by(provider), "payment_notice.kept", subject=f"notice:{notice.id}", new={"why": why})
