"""What we know of our number without asking: what waits to leave, and when Meta last told us anything."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from console.db import Tx, says
from console.inbox import pulse
from console.inbox.channel import Channel, ChannelEvent, DeadLetter
from console.inbox.models import Message, Status


async def waiting(tx: Tx, channel: Channel) -> dict[str, int]:
    """How many messages are queued, and how many on the way."""
    leaving = says(Message.status, Status.QUEUED, Status.SENDING) & (Message.channel_id == channel.id)
    counting = select(Message.status, func.count()).where(leaving).group_by(Message.status)
    return {str(status): number for status, number in await tx.execute(counting)}


async def heard_at(tx: Tx) -> datetime | None:
    """When the newest delivery of which anything is kept was received; None before the first."""
    newest = [
        await tx.scalar(select(column).order_by(key.desc()).limit(1))
        for column, key in ((ChannelEvent.received_at, ChannelEvent.id), (DeadLetter.received_at, DeadLetter.id))
    ]
    spoken = await pulse.last_heard(tx)
    found = [at for at in (*newest, spoken if spoken.timestamp() > 0 else None) if at is not None]
    return max(found, default=None)
