"""The targets and hours in force, read once and kept until the history says that one of them changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from console.agents import Team
from console.audit import AuditEntry
from console.bulk import fetch
from console.db import Tx, table_of
from console.hours.models import COMPANY
from console.hours.reading import hours_of
from console.targets.clocks import Allowed, Book
from console.targets.models import Target

_ENTRIES = table_of(AuditEntry)
_CHANGES = ("hours.updated", "hours.day_set", "hours.day_dropped", "targets.updated")
# A look at the end of an index for each: cheap enough for every batch of the webhook.
_NEWEST = select(
    *(
        select(func.max(_ENTRIES.c.id)).where(_ENTRIES.c.action == action).scalar_subquery().label(f"newest_{at}")
        for at, action in enumerate(_CHANGES)
    )
)
Seen = tuple[int | None, ...]
_kept: WeakKeyDictionary[Engine, tuple[Seen, Book]] = WeakKeyDictionary()


async def book_in_force(tx: Tx) -> Book:
    """Every target and the hours: one small statement, unless something changed since this process last looked.

    What `tx` itself has changed is not in it.
    """
    engine = tx.get_bind().engine
    [newest] = await fetch(tx, _NEWEST)
    seen: Seen = tuple(newest)
    found = _kept.get(engine)
    if found is None or found[0] != seen:
        found = _kept[engine] = (seen, await _read(tx))
    return found[1]


async def _read(tx: Tx) -> Book:
    rows: Any = await tx.scalars(select(Target))
    targets = {
        (row.team_id, row.account_state, row.kind): Allowed(
            timedelta(minutes=row.warns_minutes), timedelta(minutes=row.due_minutes)
        )
        for row in rows
    }
    teams = (await tx.scalars(select(Team.id))).all()
    return Book(targets, {team_id: await hours_of(tx, team_id) for team_id in (COMPANY, *teams)})
