"""What the demo's administrator and supervisor changed in the settings on the day before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from console import clock, time_outs
from console.agents import Viewer
from console.db import Database
from console.demo.debts import Deed
from console.inbox import tagging
from console.portfolio import rules
from console.settings import Settings
from console.time_outs import TimeOuts

# Each with how many minutes before the beginning. They only widen what is allowed: the story goes on as it is told.
RULES = (
    (320, {"promise_within_days": "45", "plan_max_instalments": "18"}),
    (95, {"plan_max_instalments": "15"}),
)
SIGNED_IN, TAGGED = 250, 140


def deeds(db: Database, settings: Settings, viewers: Mapping[str, Viewer]) -> list[tuple[int, Deed]]:
    """The changes, each with how many minutes before the beginning it is made."""
    elena, victor = viewers["elena"], viewers["victor"]
    ruled = [(ago, partial(_rule, db, settings, elena, typed)) for ago, typed in RULES]
    return [*ruled, (SIGNED_IN, partial(_shorten, db, elena)), (TAGGED, partial(_tag, db, victor))]


async def _rule(db: Database, settings: Settings, by: Viewer, typed: Mapping[str, str]) -> None:
    async with db.transaction() as tx:
        await rules.change(tx, by=by, typed=typed, currency=settings.currency, version=None, moment=clock.now())


async def _shorten(db: Database, by: Viewer) -> None:
    async with db.transaction() as tx:
        await time_outs.change(tx, TimeOuts(idle=timedelta(hours=10)), by=by)


async def _tag(db: Database, by: Viewer) -> None:
    told: dict[str, Any] = {"by": by, "name": "Paga en agencia"}
    async with db.transaction() as tx:
        tag = await tagging.create(tx, **told, colour="grey", description="Prefiere ventanilla")
        await tagging.edit(tx, tag, **told, colour="teal", description="Prefiere pagar en ventanilla")
