"""Midnight: what is overdue and in which bucket changes with the debtor's day, account by account, when it begins."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import select

from console import clock
from console.audit import Actor
from console.db import Database, Tx
from console.pacing import pause
from console.portfolio.models import Account
from console.portfolio.standing import recompute

AT_ONCE = 200
"""Accounts in one transaction: messages that arrive at midnight wait for no more than these."""
LOOK_EVERY = 1.0
"""Seconds between looks; each is one step of an index when nothing is due."""
CALENDAR = Actor(kind="system", name="Al Día", origin="calendar")


async def turn(tx: Tx, moment: datetime) -> int:
    """Recompute the accounts whose day has come, at most `AT_ONCE`, and say how many. Processes don't take the same."""
    due = (
        select(Account.id)
        .where(Account.next_change_at <= moment)
        .order_by(Account.next_change_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = list(await tx.scalars(due))
    await recompute(tx, ids, by=CALENDAR, moment=moment)
    return len(ids)


async def run(db: Database, stop: asyncio.Event) -> None:
    """Turn the days over until `stop`."""
    while not stop.is_set():
        while await is_due(db):
            async with db.transaction() as tx:
                await turn(tx, clock.now())
        await pause(stop, LOOK_EVERY)


async def is_due(db: Database) -> bool:
    """Whether any account's day has come; asked without taking the writer."""
    async with db.reading() as tx:
        due = select(Account.id).where(Account.next_change_at <= clock.now()).limit(1)
        return (await tx.scalar(due)) is not None
