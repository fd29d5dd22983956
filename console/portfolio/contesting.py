"""Corrections that a source contests by bringing the old value again, and those it has taken over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import update

from console import audit
from console.audit import Actor
from console.db import Tx
from console.portfolio.comparing import Person
from console.portfolio.corrections import Correction


async def mark(tx: Tx, people: Iterable[Person], *, by: Actor, moment: datetime, batch_id: int | None = None) -> None:
    """Note what the statements compared with `people` say of their corrections. Records "debtor.correction_contested".

    The old value is not taken: whoever owns the source has to correct it there.
    """
    contested: set[int] = set()
    ended: set[int] = set()
    for person in people:
        contested |= person.contested
        ended |= person.caught_up - person.contested
    if contested:
        changed = update(Correction).where(Correction.id.in_(contested))
        await tx.execute(changed.values(contested_at=moment, batch_id=batch_id))
    for number in sorted(contested):
        audit.record(tx, by, "debtor.correction_contested", subject=f"correction:{number}", new={"batch": batch_id})
    if ended:
        await tx.execute(update(Correction).where(Correction.id.in_(ended)).values(ended_at=moment))
