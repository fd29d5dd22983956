"""Reacting to a message. It is no answer: whoever waits still waits, and nobody becomes the holder.

What we have on a message is shown at once; it goes out like any message, and a refusal puts back what stood before.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import policy, reply, thread
from console.inbox.models import Conversation, Message, Reaction, Status
from console.inbox.thread import actor_of
from console.languages.words import Words

LONGEST = 16
"""Characters: families and flags are several."""
US = "us"
_SIGNS = frozenset({"So", "Sk", "Sm", "Mn", "Cf", "Me"})
_ZERO_WIDTH = {"\u200d", "\ufe0f", "\u20e3"}


async def react(
    tx: Tx, conversation: Conversation, message_id: int, *, by: Viewer | Actor, emoji: str, client_key: str
) -> Message:
    """Put `emoji` on a message of the conversation, in place of ours that stood there; an empty one takes it back.

    The message reacted to. Records "message.queued" for what goes out and "message.reacted" on the message.
    Refuses: 422 "invalid" (field emoji), 404 for a message that is not here or that WhatsApp does not know, and as
    `reply.reply` but for "colleague_wrote".
    """
    _check(emoji)
    conversation = await thread.lock(tx, conversation)
    target = await tx.get(Message, message_id, populate_existing=True)
    if target is None or target.conversation_id != conversation.id or target.wamid is None or target.revoked_at:
        raise Refused(404, Words("Ese mensaje ya no está aquí."), code="not_found", field="message")
    said: dict[str, Any] = {
        "kind": "reaction",
        "text": None,
        "content": {"emoji": emoji, "wamid": target.wamid},
        "reply_to_wamid": None,
    }
    if await reply.already(tx, conversation, by=by, client_key=client_key, said=said):
        return target
    await reply.require_reachable(tx, conversation)
    if not policy.window(conversation, clock.now()).is_open:
        raise policy.window_closed()
    row = await thread.append(
        tx,
        conversation,
        direction="out",
        author=actor_of(by),
        status=Status.QUEUED,
        client_key=client_key,
        ref=str(uuid.uuid4()),
        due_at=clock.now(),
        target_id=target.id,
        **said,
    )
    new = {"kind": row.kind, "sequence": row.sequence, "status": row.status, "digest": thread.digest_of(row)}
    audit.record(tx, actor_of(by), "message.queued", conversation_id=conversation.id, message_id=row.id, new=new)
    await _show(tx, target, emoji, by=actor_of(by), by_message=row.id)
    return target


async def undo(tx: Tx, ids: Sequence[int]) -> None:
    """Of these messages that have failed, put back what stood before where they were reactions of ours."""
    failed = select(Message).where(Message.id.in_(ids), Message.kind == "reaction", Message.direction == "out")
    for row in (await tx.scalars(failed.order_by(Message.id))).all():
        if row.target_id is None or row.status != Status.FAILED:
            continue
        stood = (
            select(Message)
            .where(
                Message.target_id == row.target_id,
                Message.kind == "reaction",
                Message.direction == "out",
                Message.status != Status.FAILED,
            )
            .order_by(Message.sequence.desc())
            .limit(1)
        )
        before = (await tx.scalars(stood)).one_or_none()
        emoji = str((before.content or {}).get("emoji") or "") if before else ""
        target = await tx.get_one(Message, row.target_id)
        await _show(tx, target, emoji, by=SYSTEM, by_message=row.id)


async def _show(tx: Tx, target: Message, emoji: str, *, by: Actor, by_message: int) -> None:
    standing = await tx.get(Reaction, (target.id, US), with_for_update=True)
    before = standing.emoji if standing else None
    if standing is None and emoji:
        tx.add(Reaction(message_id=target.id, by=US, emoji=emoji, provider_at=clock.now()))
    elif standing is not None and emoji:
        standing.emoji, standing.provider_at = emoji, clock.now()
    elif standing is not None:
        await tx.delete(standing)
    target.version += 1
    audit.record(
        tx,
        by,
        "message.reacted",
        conversation_id=target.conversation_id,
        message_id=target.id,
        old={"emoji": before},
        new={"emoji": emoji or None, "by_message": by_message},
    )
    await tx.flush()


def _check(emoji: str) -> None:
    signs = [sign for sign in emoji if sign not in _ZERO_WIDTH]
    is_emoji = all(unicodedata.category(sign) in _SIGNS for sign in signs) and len(emoji) <= LONGEST
    if emoji and not (signs and is_emoji and ord(max(signs)) > 0x2000):
        raise Refused(422, Words("Reaccione con un emoji."), code="invalid", field="emoji")
