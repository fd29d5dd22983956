"""How long a sign-in holds: without use, and in any case. The business may ask for less than the usual, never more."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import select

from console import audit
from console.agents import SignInRules, Viewer
from console.db import Tx
from console.errors import Refused
from console.languages.words import Words

IDLE, ABSOLUTE = timedelta(hours=12), timedelta(hours=24)
"""What holds until the business says otherwise, and the most it may say."""
SHORTEST_IDLE, SHORTEST = timedelta(minutes=5), timedelta(hours=1)


class TimeOuts(msgspec.Struct, frozen=True):
    """How long a session holds without use, and how long from its beginning."""

    idle: timedelta = IDLE
    absolute: timedelta = ABSOLUTE


def of(idle_minutes: int | None, absolute_minutes: int | None) -> TimeOuts:
    """As the columns of SignInRules say it; None: the usual."""
    return TimeOuts(
        IDLE if idle_minutes is None else timedelta(minutes=idle_minutes),
        ABSOLUTE if absolute_minutes is None else timedelta(minutes=absolute_minutes),
    )


async def in_force(tx: Tx) -> TimeOuts:
    """What holds now."""
    asked = select(SignInRules.idle_minutes, SignInRules.absolute_minutes).where(SignInRules.id == 1)
    row = (await tx.execute(asked)).one_or_none()
    return TimeOuts() if row is None else of(row.idle_minutes, row.absolute_minutes)


async def change(tx: Tx, wanted: TimeOuts, *, by: Viewer) -> None:
    """Let these hold. Shorter ones end what is older at its next step; longer ones are for who signs in from now on.

    Records sign_in_rules.updated, with before and after. Refuses: 422 naming `idle` or `absolute` out of bounds.
    """
    if not SHORTEST_IDLE <= wanted.idle <= IDLE:
        raise Refused(422, Words("Escriba de 5 a 720 minutos."), code="invalid", field="idle")
    if not SHORTEST <= wanted.absolute <= ABSOLUTE:
        raise Refused(422, Words("Escriba de 1 a 24 horas."), code="invalid", field="absolute")
    rules = await tx.scalar(select(SignInRules).where(SignInRules.id == 1).with_for_update())
    if rules is None:
        rules = SignInRules(id=1, factor_roles=[])
        tx.add(rules)
    old = of(rules.idle_minutes, rules.absolute_minutes)
    if old == wanted:
        return
    new = _told(wanted)
    rules.idle_minutes, rules.absolute_minutes = new["idle_minutes"], new["absolute_minutes"]
    audit.record(tx, by.actor, "sign_in_rules.updated", subject="sign_in", old=_told(old), new=new)


def _told(bounds: TimeOuts) -> dict[str, int]:
    minute = timedelta(minutes=1)
    return {"idle_minutes": bounds.idle // minute, "absolute_minutes": bounds.absolute // minute}
