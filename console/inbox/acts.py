"""What a message does to an earlier one: a reaction, an edit, a deletion. Each keeps its own row; nothing is erased.

Meta promises no order: an act may come before what it acts on. It then waits as a tick of that message would, with the
act's own id in place of a participant, until the message is there (`ticks.fold`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from console import audit
from console.audit import Actor
from console.db import Tx, bulk_insert
from console.inbox.models import Message, MessageVersion, Reaction, Tick
from console.inbox.thread import digest
from integrations.whatsapp.events import Echo, Inbound

Act = tuple[Inbound | Echo, dict[str, Any]]
"""What arrived, and the row it was given."""

ANNOUNCED = {"reaction": "message.reacted", "edit": "message.edited", "revoke": "message.revoked"}
"""The kinds of acts, and what each records on the message acted on."""
_OF_AN_ACT = ("id", "kind", "direction", "conversation_id", "author_id", "text", "content", "provider_at")


async def apply_acts(tx: Tx, channel_id: int, acts: Sequence[Act], moment: datetime) -> None:
    """Apply reactions, edits and revokes to the messages they name.

    An act on a message we do not have stays in the thread as a bubble of its own, and waits for that message. Announces
    message.reacted, message.edited and message.revoked on the message acted on.
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
    early = []
    for arrival, row in acts:
        target = targets.get(arrival.target)
        if target is not None:
            await _apply(tx, target, row, moment)
        elif row["kind"] in ANNOUNCED:
            early.append(_waiting(channel_id, str(arrival.target), row, moment))
    await bulk_insert(tx, Tick, early, or_ignore=True)
    await tx.flush()


async def adopt(tx: Tx, target: Message, wamid: str, moment: datetime) -> None:
    """Apply the act `wamid`, which came before its `target`; both are held by `tx`."""
    found = select(Message).where(Message.channel_id == target.channel_id, Message.wamid == wamid)
    act = (await tx.scalars(found.with_for_update())).one_or_none()
    if act is not None and act.target_id is None:
        row = {name: getattr(act, name) for name in _OF_AN_ACT}
        await _apply(tx, target, row, moment)


def _waiting(channel_id: int, target: str, row: dict[str, Any], moment: datetime) -> dict[str, Any]:
    return {
        "channel_id": channel_id,
        "wamid": target,
        "status": row["kind"],
        "participant": row["wamid"],
        "opaque": None,
        "message_id": None,
        "at": row["provider_at"],
        "received_at": moment,
        "error_code": None,
        "error_details": None,
        "payload": "",
    }


async def _apply(tx: Tx, target: Message, row: dict[str, Any], moment: datetime) -> None:
    kind = row["kind"]
    if kind not in ANNOUNCED or target.conversation_id != row["conversation_id"]:
        return
    if kind != "reaction" and target.direction != row["direction"]:
        # One changes and takes back one's own words, whatever id is named: what we said stands as we said it.
        return
    await tx.execute(update(Message).where(Message.id == row["id"]).values(target_id=target.id))
    by = "contact" if row["direction"] == "in" else "us"
    if kind == "reaction":
        await _react(tx, target, by, row)
    elif kind == "edit":
        await _edit(tx, target, row, moment)
    else:
        target.revoked_at = row["provider_at"]
    target.version += 1
    audit.record(
        tx,
        Actor(kind="contact" if by == "contact" else "system", id=row["author_id"], origin="whatsapp"),
        ANNOUNCED[kind],
        conversation_id=target.conversation_id,
        message_id=target.id,
        new={"by_message": row["id"], "digest": _digest(target) if kind == "edit" else None},
    )


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
