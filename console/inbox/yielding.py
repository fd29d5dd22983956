"""The bot never speaks over a person: what it had ready when somebody took over or wrote is not sent any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, exists, or_, select

from console.agents import Agent, Role
from console.db import Tx, table_of
from console.inbox.models import Conversation, Message, Status

YIELDED = "yielded"
"""Why it was not sent: kept with it, shown in words."""
DROPPED: dict[str, Any] = {"status": Status.FAILED, "error_code": None, "error_details": YIELDED}
"""What its row becomes."""
_M, _C = table_of(Message), table_of(Conversation)
_LATER = _M.alias("later")
_AFTERWARDS = and_(_LATER.c.conversation_id == _M.c.conversation_id, _LATER.c.sequence > _M.c.sequence)
_SPOKE = exists().where(_AFTERWARDS, _LATER.c.direction == "out", _LATER.c.author_kind.in_(["agent", "phone"]))
_TOOK_OVER = and_(
    _C.c.holder_id.in_(select(Agent.id).where(Agent.role != Role.BOT)),
    exists().where(_AFTERWARDS, _LATER.c.kind == "event", _LATER.c.author_kind == "agent"),
)


async def spoken_over(tx: Tx, message_ids: Sequence[int]) -> set[int]:
    """Which of these messages of the bot a person was quicker than. Asks nothing when there are none."""
    if not message_ids:
        return set()
    late = select(_M.c.id).join(_C, _C.c.id == _M.c.conversation_id)
    return set(await tx.scalars(late.where(_M.c.id.in_(message_ids), or_(_SPOKE, _TOOK_OVER))))
