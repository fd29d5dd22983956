"""What providers say happened, against what we know: a notice that never arrived is found, and booked once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from console import clock
from console.db import Database
from console.portfolio import notices
from integrations.payments.told import Nothing, Notice, Provider, Told


class Found(msgspec.Struct):
    """How many events the provider told of, and how many of them we had not made anything of."""

    seen: int = 0
    gaps: int = 0


async def reconcile(db: Database, provider: Provider, *, since: datetime, until: datetime) -> Found:
    """Go through everything `provider` knows to have changed between two moments, and book what we missed.

    Safe to repeat and to run beside webhooks: each event is kept once, and each payment booked once. Raises NoAnswer
    or Declined when the provider does; what was found until then stays.
    """
    found = Found()
    async for event_id, body, told in provider.changed(since, until):
        found.seen += 1
        if not all(isinstance(each, Nothing) for each in told):
            found.gaps += await _settle(db, provider, Notice(event_id), body, told)
    return found


async def _settle(db: Database, provider: Provider, notice: Notice, body: bytes, told: Sequence[Told]) -> bool:
    """Whether it was news."""
    moment = clock.now()
    async with db.transaction() as tx:
        notice_id = await notices.keep(tx, provider, notice, body, moment)
        if notice_id is None:
            return False
        return await notices.settle(tx, provider, notice_id, told, moment)
