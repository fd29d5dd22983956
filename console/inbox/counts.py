"""How many conversations each view holds: kept in step by the verbs, in the same transaction, never counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console.agents import Viewer
from console.bulk import execute_many
from console.db import Tx
from console.inbox.models import Conversation, ViewCount

Slot = tuple[int, int, str]
"""Team, holder (0: nobody) and status: where one conversation is counted."""


def slot_of(conversation: Conversation) -> Slot:
    """Where `conversation` is counted now; take it before a change and give it to `moved` after."""
    return (conversation.team_id, conversation.holder_id or 0, conversation.status)


async def moved(tx: Tx, conversation: Conversation, before: Slot) -> None:
    """Count `conversation` where it stands now, and no longer where it stood."""
    after = slot_of(conversation)
    if after != before:
        await apply(tx, {before: -1, after: 1})


async def apply(tx: Tx, changes: Mapping[Slot, int]) -> None:
    """Add to the counters, always in the same order so that two transactions can't wait for each other."""
    rows = [
        {"team_id": team, "holder_id": holder, "status": status, "n": n}
        for (team, holder, status), n in sorted(changes.items())
        if n
    ]
    if not rows:
        return
    new = sqlite_insert if tx.get_bind().dialect.name == "sqlite" else postgresql_insert
    missing = new(ViewCount).on_conflict_do_nothing()
    step = (
        update(ViewCount)
        .where(
            ViewCount.team_id == bindparam("of_team"),
            ViewCount.holder_id == bindparam("of_holder"),
            ViewCount.status == bindparam("of_status"),
        )
        .values(n=ViewCount.n + bindparam("by"))
    )
    await execute_many(tx, missing, [{**row, "n": 0} for row in rows])
    await execute_many(
        tx,
        step,
        [
            {"of_team": row["team_id"], "of_holder": row["holder_id"], "of_status": row["status"], "by": row["n"]}
            for row in rows
        ],
    )


class Counts(msgspec.Struct, frozen=True):
    """Open conversations as one viewer sees them, and the resolved ones."""

    mine: int
    unassigned: int
    all: int
    resolved: int


async def counts_for(tx: Tx, viewer: Viewer) -> Counts:
    """The numbers beside the views: one small query whatever the number of conversations."""
    return (await counts_by_viewer(tx, [viewer]))[viewer.id]


async def counts_by_viewer(tx: Tx, viewers: list[Viewer]) -> dict[int, Counts]:
    """`counts_for` many viewers, still one query."""
    rows = await tx.execute(
        select(ViewCount.team_id, ViewCount.holder_id, ViewCount.status, func.sum(ViewCount.n)).group_by(
            ViewCount.team_id,
            ViewCount.holder_id,
            ViewCount.status,
        ),
    )
    slots = Counter({(team, holder, status): int(n) for team, holder, status, n in rows})
    return {viewer.id: _seen_by(viewer, slots) for viewer in viewers}


def _seen_by(viewer: Viewer, slots: Mapping[Slot, int]) -> Counts:
    mine = unassigned = everything = resolved = 0
    for (team, holder, status), n in slots.items():
        if not (viewer.sees_all or team in viewer.team_ids or holder == viewer.id):
            continue
        if status != "open":
            resolved += n if status == "resolved" else 0
            continue
        everything += n
        mine += n if holder == viewer.id else 0
        unassigned += n if holder == 0 else 0
    return Counts(mine, unassigned, everything, resolved)
