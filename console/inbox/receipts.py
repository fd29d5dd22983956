"""Blue ticks: tells WhatsApp what the holder of a conversation has read, and only that."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import func, select, update

from console import pacing
from console.audit import Entry
from console.db import Database, Tx, holds
from console.inbox.models import Conversation, Message, ReadMark
from integrations.whatsapp.errors import CallFailed, Invalid, NoAnswer

log = structlog.get_logger()
AT_ONCE = 8
TRIES = 5
POLL_SECONDS = 2.0


class Receipt(msgspec.Struct, frozen=True):
    """The newest message of the contact that the holder has read; None when it has no id of WhatsApp's."""

    conversation_id: int
    wamid: str | None


class Reads(Protocol):
    """The part of the WhatsApp client that is needed here."""

    async def mark_read(self, wamid: str) -> None:
        """Show the customer blue ticks on this message and the ones before it."""


async def due(tx: Tx, *, limit: int) -> list[Receipt]:
    """What is owed. What came in after the holder looked isn't told as read."""
    newest = (
        select(func.max(Message.sequence))
        .where(
            Message.conversation_id == Conversation.id,
            Message.direction == "in",
            Message.wamid.is_not(None),
            Message.sequence <= ReadMark.sequence,
        )
        .correlate(Conversation, ReadMark)
        .scalar_subquery()
    )
    owed = (
        select(Conversation.id, Message.wamid)
        .outerjoin(
            ReadMark,
            (ReadMark.conversation_id == Conversation.id) & (ReadMark.agent_id == Conversation.holder_id),
        )
        .outerjoin(Message, (Message.conversation_id == Conversation.id) & (Message.sequence == newest))
        .where(holds(Conversation.receipt_due))
        .order_by(Conversation.id)
        .limit(limit)
    )
    return [Receipt(conversation_id, wamid) for conversation_id, wamid in (await tx.execute(owed)).all()]


async def given(tx: Tx, receipts: Sequence[Receipt]) -> None:
    """Nothing is owed for these any more."""
    ids = [receipt.conversation_id for receipt in receipts]
    await tx.execute(update(Conversation).where(Conversation.id.in_(ids)).values(receipt_due=False))


class Receipts:
    """The loop that gives them. One that WhatsApp refuses is tried a few times and then let go: no harm is done."""

    def __init__(self, db: Database, whatsapp: Reads) -> None:
        self._db = db
        self._whatsapp = whatsapp
        self.awake = asyncio.Event()
        self._tries: Counter[str] = Counter()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look when somebody has read or taken a conversation (a follower of `Live`)."""
        if any(entry.action in {"conversation.read", "conversation.assigned"} for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Give receipts until `stop`."""
        while not stop.is_set():
            if not await self._turn():
                await pacing.news(stop, self.awake, within=POLL_SECONDS)
                self.awake.clear()

    async def _turn(self) -> bool:
        """Whether there was anything to do and it was done."""
        async with self._db.reading() as tx:
            owed = await due(tx, limit=AT_ONCE)
        if not owed:
            return False
        done = await asyncio.gather(*(self._give(receipt) for receipt in owed))
        settled = [receipt for receipt, is_done in zip(owed, done, strict=True) if is_done]
        if settled:
            async with self._db.transaction() as tx:
                await given(tx, settled)
        return len(settled) == len(owed)

    async def _give(self, receipt: Receipt) -> bool:
        if receipt.wamid is None:
            return True
        try:
            await self._whatsapp.mark_read(receipt.wamid)
        except (CallFailed, NoAnswer, Invalid) as failure:
            self._tries[receipt.wamid] += 1
            tries = self._tries[receipt.wamid]
            log.warning(
                "receipt.failed",
                conversation_id=receipt.conversation_id,
                reason=type(failure).__name__,
                code=getattr(failure, "code", None),
                tries=tries,
            )
            if tries < TRIES:
                return False
        self._tries.pop(receipt.wamid, None)
        return True
