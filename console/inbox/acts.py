"""What a message does to an earlier one: a reaction, an edit, a deletion. Each keeps its own row; nothing is erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from console import audit
from console.audit import Actor
from console.db import Tx
from console.inbox.models import Message, MessageVersion, Reaction
from console.inbox.thread import digest
from integrations.whatsapp.events import Echo, Inbound

Act = tuple[Inbound | Echo, dict[str, Any]]
"""What arrived, and the row it was given."""


async def apply_acts(tx: Tx, channel_id: int, acts: Sequence[Act], moment: datetime) -> None:
    """Apply reactions, edits and revokes to the messages they name.

    An act on a message we never had stays in the thread as a bubble of its own. Announces message.reacted,
    message.edited and message.revoked on the message acted on.
    """
    if not acts:
        return
    found = await tx.scalars(
        select(Message)
        .where(Message.channel_id == channel_id, Message.wamid.in_([arrival.target for arrival, _row in acts]))
        .order_by(Message.id)
        .with_for_update(),
    )
    targets = {message.wamid: message for message in found}
    for arrival, row in acts:
        target = targets.get(arrival.target)
        if target is None or target.conversation_id != row["conversation_id"]:
            continue
        await tx.execute(update(Message).where(Message.id == row["id"]).values(target_id=target.id))
        by = "contact" if isinstance(arrival, Inbound) else "us"
        if arrival.kind == "reaction":
            await _react(tx, target, by, row)
        elif arrival.kind == "edit":
            await _edit(tx, target, row, moment)
        elif arrival.kind == "revoke":
            target.revoked_at = row["provider_at"]
        else:
            continue
        target.version += 1
        audit.record(
            tx,
            Actor(kind="contact" if by == "contact" else "system", id=row["author_id"], origin="whatsapp"),
            {"reaction": "message.reacted", "edit": "message.edited", "revoke": "message.revoked"}[arrival.kind],
            conversation_id=target.conversation_id,
            message_id=target.id,
            new={"by_message": row["id"], "digest": _digest(target) if arrival.kind == "edit" else None},
        )
    await tx.flush()


async def _react(tx: Tx, target: Message, by: str, row: dict[str, Any]) -> None:
    """The latest reaction of each side stands, by the provider's time; an empty emoji takes it back."""
    present = await tx.get(Reaction, (target.id, by))
    at = row["provider_at"]
    if present is not None and present.provider_at is not None and at < present.provider_at:
        return
    emoji = (row["content"] or {}).get("emoji")
    if not emoji:
        await tx.execute(delete(Reaction).where(Reaction.message_id == target.id, Reaction.by == by))
    elif present is None:
        tx.add(Reaction(message_id=target.id, by=by, emoji=emoji, provider_at=at))
    else:
        present.emoji, present.provider_at = emoji, at


async def _edit(tx: Tx, target: Message, row: dict[str, Any], moment: datetime) -> None:
    """Show the newest words and keep the former ones: both are evidence. A late, older edit is only kept."""
    if target.edited_at is not None and row["provider_at"] < target.edited_at:
        tx.add(MessageVersion(message_id=target.id, text=row["text"], content=row["content"], replaced_at=moment))
        return
    tx.add(MessageVersion(message_id=target.id, text=target.text, content=target.content, replaced_at=moment))
    target.text = row["text"]
    target.edited_at = row["provider_at"]


def _digest(message: Message) -> str:
    return digest(message.salt or b"", message.kind, message.text, message.content)
