"""The days of grace pass: promises and plans nobody kept settle by themselves when they end where the debtor lives."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import Select, select, union

from console import clock
from console.audit import Actor
from console.db import Database, Tx, says
from console.pacing import pause
from console.portfolio.agreements import Plan, PlanState, Promise, PromiseState
from console.portfolio.holding import conversations_of_debtors
from console.portfolio.models import Account
from console.portfolio.settlement import settle_by_payments
from console.portfolio.standing import recompute

AT_ONCE = 50
"""Accounts in one transaction."""
LOOK_EVERY = 1.0
"""Seconds between looks; each is one step of an index when nothing is due."""
CALENDAR = Actor(kind="system", name="Al Día", origin="calendar")


async def turn(tx: Tx, moment: datetime) -> int:
    """Settle the promises and plans whose grace has passed, of at most `AT_ONCE` accounts; say of how many.

    Of several processes none takes what another holds. Announces what `settle_by_payments` announces.
    """
    due = union(*_due(moment))
    wanted = (
        select(Account.id, Account.debtor_id)
        .where(Account.id.in_(due))
        .order_by(Account.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = (await tx.execute(wanted)).all()
    # All at once and by id, as everybody does: one by one they would be taken in the accounts' order.
    await conversations_of_debtors(tx, {row.debtor_id for row in found})
    for row in found:
        await settle_by_payments(tx, row.id, moment, by=CALENDAR)
    await recompute(tx, [row.id for row in found], by=CALENDAR, moment=moment)
    return len(found)


async def run(db: Database, stop: asyncio.Event) -> None:
    """Settle what falls due until `stop`."""
    while not stop.is_set():
        while await is_due(db):
            async with db.transaction() as tx:
                if not await turn(tx, clock.now()):
                    break
        await pause(stop, LOOK_EVERY)


async def is_due(db: Database) -> bool:
    """Whether any grace has passed; asked without taking the writer."""
    async with db.reading() as tx:
        for due in _due(clock.now()):
            if await tx.scalar(due.limit(1)) is not None:
                return True
    return False


def _due(moment: datetime) -> tuple[Select[int], Select[int]]:
    """Accounts with a promise, and with a plan, whose grace has passed."""
    return (
        select(Promise.account_id).where(says(Promise.state, PromiseState.OPEN), Promise.settles_at <= moment),
        select(Plan.account_id).where(says(Plan.state, PlanState.ACTIVE), Plan.breaks_at <= moment),
    )
