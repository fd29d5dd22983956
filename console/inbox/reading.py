"""Who has read what: each agent's own mark, the opening of a thread, and the blue ticks that only the holder gives."""

from __future__ import annotations

from sqlalchemy import func, select

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.inbox import thread
from console.inbox.models import Conversation, Message, ReadMark

# Rows that change or explain others aren't something to read (receive.py counts the same way).
NOT_COUNTED = ("edit", "revoke", "system")


async def mark_read(tx: Tx, conversation: Conversation, *, by: Viewer, sequence: int) -> bool:
    """Note that `by` has the thread in view up to `sequence`; say whether that was news. The mark only moves forward.

    When the holder reads, the contact is owed the blue ticks (`Conversation.receipt_due`); a colleague's reading stays
    between us. Records "conversation.read".
    """
    conversation = await thread.lock(tx, conversation)
    sequence = min(sequence, conversation.last_sequence)
    mark = await tx.get(ReadMark, (by.id, conversation.id))
    if sequence < 1 or (mark is not None and sequence <= mark.sequence):
        return False
    read = conversation.inbound_count - await _inbound_after(tx, conversation, sequence)
    before = mark.inbound_count if mark else 0
    if mark is None:
        mark = ReadMark(agent_id=by.id, conversation_id=conversation.id, inbound_count=0, sequence=0, at=clock.now())
        tx.add(mark)
    old = {"sequence": mark.sequence}
    mark.sequence, mark.inbound_count, mark.at = sequence, max(read, before), clock.now()
    if conversation.holder_id == by.id and read > before and conversation.last_inbound_wamid:
        conversation.receipt_due = True
    audit.record(
        tx,
        by.actor,
        "conversation.read",
        conversation_id=conversation.id,
        old=old,
        new={"sequence": sequence},
    )
    return True


async def viewed(tx: Tx, conversation: Conversation, *, by: Viewer) -> None:
    """Note that `by` was shown the thread: what a person has seen of a debtor is part of the history.

    Records "conversation.viewed".
    """
    audit.record(
        tx,
        by.actor,
        "conversation.viewed",
        conversation_id=conversation.id,
        new={"sequence": conversation.last_sequence},
    )


async def _inbound_after(tx: Tx, conversation: Conversation, sequence: int) -> int:
    if sequence == conversation.last_sequence:
        return 0
    newer = select(func.count()).where(
        Message.conversation_id == conversation.id,
        Message.sequence > sequence,
        Message.direction == "in",
        Message.kind.not_in(NOT_COUNTED),
    )
    return await tx.scalar(newer) or 0
