"""How many conversations each view holds: kept in step by the verbs, in the same transaction, never counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, func, select, text, update

from console.agents import Viewer
from console.bulk import execute_many
from console.db import Tx, bulk_insert, table_of
from console.inbox.models import Conversation, ViewCount

Slot = tuple[int, int, str, str]
"""Team, holder (0: nobody), status and account state ("" where no debt is known): where a conversation is counted."""


def slot_of(conversation: Conversation) -> Slot:
    """Where `conversation` is counted now; take it before a change and give it to `moved` after."""
    return slot(conversation.team_id, conversation.holder_id, conversation.status, conversation.account_state)


def slot(team_id: int, holder_id: int | None, status: str, account_state: str | None) -> Slot:
    """Where a conversation with these columns is counted."""
    return (team_id, holder_id or 0, status, account_state or "")


async def moved(tx: Tx, conversation: Conversation, before: Slot) -> None:
    """Count `conversation` where it stands now, and no longer where it stood."""
    after = slot_of(conversation)
    if after != before:
        await apply(tx, {before: -1, after: 1})


_SLOTS = table_of(ViewCount)
_STEP = (
    update(_SLOTS)
    .where(
        _SLOTS.c.team_id == bindparam("of_team"),
        _SLOTS.c.holder_id == bindparam("of_holder"),
        _SLOTS.c.status == bindparam("of_status"),
        _SLOTS.c.account_state == bindparam("of_state"),
    )
    .values(n=_SLOTS.c.n + bindparam("by"))
)


async def apply(tx: Tx, changes: Mapping[Slot, int]) -> None:
    """Add to the counters, always in the same order so that two transactions can't wait for each other."""
    rows = [
        {"team_id": team, "holder_id": holder, "status": status, "account_state": state, "n": n}
        for (team, holder, status, state), n in sorted(changes.items())
        if n
    ]
    if not rows:
        return
    await bulk_insert(tx, ViewCount, [{**row, "n": 0} for row in rows], or_ignore=True)
    await execute_many(
        tx,
        _STEP,
        [
            {
                "of_team": row["team_id"],
                "of_holder": row["holder_id"],
                "of_status": row["status"],
                "of_state": row["account_state"],
                "by": row["n"],
            }
            for row in rows
        ],
    )


class Counts(msgspec.Struct, frozen=True):
    """Open conversations as one viewer sees them, by account state too (name and number), and the others by status."""

    mine: int
    unassigned: int
    all: int
    resolved: int
    snoozed: int
    states: tuple[tuple[str, int], ...] = ()


_SLOT = (ViewCount.team_id, ViewCount.holder_id, ViewCount.status, ViewCount.account_state)


async def counts_for(tx: Tx, viewer: Viewer) -> Counts:
    """The numbers beside the views: one small query whatever the number of conversations."""
    return (await counts_by_viewer(tx, [viewer]))[viewer.id]


async def counts_by_viewer(tx: Tx, viewers: list[Viewer]) -> dict[int, Counts]:
    """`counts_for` many viewers, still one query."""
    rows = await tx.execute(
        select(*_SLOT, func.sum(ViewCount.n)).group_by(*_SLOT),
    )
    slots = Counter({slot(team, holder, status, state): int(n) for team, holder, status, state, n in rows})
    return {viewer.id: _seen_by(viewer, slots) for viewer in viewers}


def _seen_by(viewer: Viewer, slots: Mapping[Slot, int]) -> Counts:
    mine = unassigned = everything = resolved = snoozed = 0
    states: Counter[str] = Counter()
    for (team, holder, status, state), n in slots.items():
        if not (viewer.sees_all or team in viewer.team_ids or holder == viewer.id):
            continue
        if status != "open":
            resolved += n if status == "resolved" else 0
            snoozed += n if status == "snoozed" else 0
            continue
        everything += n
        mine += n if holder == viewer.id else 0
        unassigned += n if holder == 0 else 0
        states[state] += n
    return Counts(mine, unassigned, everything, resolved, snoozed, tuple(sorted(states.items())))


async def wrong(tx: Tx) -> dict[Slot, int]:
    """By how much each counter differs from what it counts; empty is what to expect.

    A release that counts differently from the one it replaces works beside it for a while during an upgrade. Reads all
    conversations along an index: asked on a read-only view, it keeps nobody waiting.
    """
    columns = (Conversation.team_id, Conversation.holder_id, Conversation.status, Conversation.account_state)
    rows = await tx.execute(select(*columns, func.count()).group_by(*columns))
    true = Counter[Slot]()
    for team, holder, status, state, n in rows:
        true[slot(team, holder, status, state)] += n
    kept = Counter[Slot]()
    for team, holder, status, state, n in await tx.execute(select(*_SLOT, ViewCount.n)):
        kept[slot(team, holder, status, state)] += n
    return {where: true[where] - kept[where] for where in true.keys() | kept.keys() if true[where] != kept[where]}


async def mend(tx: Tx) -> int:
    """Set every counter to what it counts, and say how many were wrong. Whoever moves one waits meanwhile."""
    if tx.get_bind().dialect.name == "postgresql":
        # Whoever moves a counter has changed the conversation already: wait for them, keep out those who follow.
        await tx.execute(text("LOCK TABLE view_count IN SHARE ROW EXCLUSIVE MODE"))
    found = await wrong(tx)
    await apply(tx, found)
    return len(found)
