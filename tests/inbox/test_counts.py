"""The numbers beside the views are kept, not counted; what an upgrade leaves wrong mends itself."""

from __future__ import annotations

from sqlalchemy import update

from console.db import Database
from console.inbox import counts
from console.inbox.models import ViewCount
from tests.inbox.people import a_conversation, an_inbox


async def test_counters_that_went_wrong_are_set_right_and_right_ones_stay(database: Database) -> None:
    inbox = await an_inbox(database)
    await a_conversation(database, inbox)
    async with database.transaction() as tx:
        assert await counts.mend(tx) == 0
        await tx.execute(update(ViewCount).values(n=ViewCount.n + 7))
        tx.add(ViewCount(team_id=inbox.team_id, holder_id=0, status="resolved", account_state="late_1", n=3))

    async with database.transaction() as tx:
        wrong = await counts.mend(tx)

    assert wrong == 2
    async with database.reading() as tx:
        assert (await counts.counts_for(tx, inbox.supervisor)).all == 1
        assert (await counts.counts_for(tx, inbox.supervisor)).resolved == 0
