"""Saying once, in the history, that a target is near or missed; what screens show follows from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from console import audit, clock
from console.audit import SYSTEM
from console.db import Tx
from console.inbox.models import Conversation
from console.targets.clocks import ANSWER, RESOLUTION
from console.targets.models import Kind

AT_ONCE = 200


async def tell(tx: Tx) -> int:
    """Record what of the open conversations came due since the last time; say how many there were.

    Records "conversation.target_warned" and "conversation.target_breached", each once for a clock. What was missed
    before anybody warned is only said to be missed. Several processes may do this beside each other.
    """
    return await _tell(tx, ANSWER) + await _tell(tx, RESOLUTION)


async def _tell(tx: Tx, name: str) -> int:
    moment = clock.now()
    tells_at = getattr(Conversation, f"{name}_tells_at")
    due = (
        select(Conversation)
        # The index holds those that have something to tell: said aloud, or PostgreSQL goes through all open ones.
        .where(tells_at.is_not(None), tells_at <= moment, Conversation.status == "open")
        .order_by(tells_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    rows: Sequence[Conversation] = (await tx.scalars(due)).all()
    for row in rows:
        due_at = getattr(row, f"{name}_due_at")
        is_late = due_at is None or due_at <= moment
        setattr(row, f"{name}_tells_at", None if is_late else due_at)
        audit.record(
            tx,
            SYSTEM,
            "conversation.target_breached" if is_late else "conversation.target_warned",
            conversation_id=row.id,
            new=_told(row, name),
        )
    await tx.flush()
    return len(rows)


def _told(row: Conversation, name: str) -> dict[str, Any]:
    kind = Kind.RESOLUTION if name == RESOLUTION else Kind.NEXT if row.answered_at else Kind.FIRST
    return {"target": kind, "due_at": getattr(row, f"{name}_due_at"), "team": row.team_id, "holder": row.holder_id}
