"""The index of searches is filled beside everything else: who searches for what was just said waits for it here."""

from __future__ import annotations

from sqlalchemy import select

from console import audit
from console.search.models import SearchProgress
from tests.front import Front
from tests.patience import eventually


async def indexed(front: Front) -> None:
    """The index has come to the end of the history, and of what was there before."""

    async def is_done() -> bool:
        async with front.console.db.reading() as tx:
            progress = (await tx.scalars(select(SearchProgress))).one()
            return (
                progress.history == await audit.head_of(tx)
                and progress.fill_below is None
                and progress.people_after is None
            )

    await eventually(is_done, within=15)
