"""The thread: how a row of any kind takes its place in a conversation, and the digest that proves what it said."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.inbox.models import Conversation, Message, Status

SALT_BYTES = 16


def actor_of(by: Viewer | Actor) -> Actor:
    """Who acts, as the history names them."""
    return by.actor if isinstance(by, Viewer) else by


async def lock(tx: Tx, conversation: Conversation) -> Conversation:
    """Hold the conversation's row until `tx` ends, and read it afresh: what was seen before the lock may be stale."""
    found = select(Conversation).where(Conversation.id == conversation.id).with_for_update()
    return (await tx.scalars(found.execution_options(populate_existing=True))).one()


async def append(
    tx: Tx,
    conversation: Conversation,
    *,
    direction: str,
    author: Actor,
    kind: str,
    status: Status,
    text: str | None = None,
    content: dict[str, Any] | None = None,
    **columns: object,
) -> Message:
    """Add a row with the next sequence of the conversation, whose row the caller holds (`lock`).

    `columns` are further columns of Message. The conversation's last activity moves only for what people said:
    notes and messages, not events, reactions and what only waits to be said.
    """
    conversation.last_sequence += 1
    now = clock.now()
    values: dict[str, Any] = {
        "conversation_id": conversation.id,
        "channel_id": conversation.channel_id,
        "sequence": conversation.last_sequence,
        "direction": direction,
        "author_kind": author.kind,
        "author_id": author.id,
        "author_name": author.name,
        "kind": kind,
        "text": text,
        "content": content,
        "status": status,
        "salt": new_salt(),
        "created_at": now,
        **columns,
    }
    message = Message(**values)
    tx.add(message)
    await tx.flush()
    if kind not in {"event", "reaction", "scheduled"}:
        conversation.last_message_id = message.id
        conversation.last_at = now
    touch(conversation)
    return message


def touch(conversation: Conversation) -> None:
    """Count a change of the conversation, so that whoever acts on an older picture of it is told."""
    conversation.version += 1
    conversation.updated_at = clock.now()


async def event(tx: Tx, conversation: Conversation, *, by: Viewer | Actor, action: str, **names: object) -> Message:
    """Add a line such as "Ana asignó la conversación a Luz". `names` are the names as they were then."""
    return await append(
        tx,
        conversation,
        direction="none",
        author=actor_of(by),
        kind="event",
        status=Status.NOTED,
        content={"action": action, **names},
    )


def new_salt() -> bytes:
    """A key for one row's digest; forgetting it makes the digest in the history say nothing any more."""
    return secrets.token_bytes(SALT_BYTES)


def digest(salt: bytes, kind: str, text: str | None, content: dict[str, Any] | None) -> str:
    """What the history keeps of a message instead of its words: proof while the row stands, nothing once erased."""
    said = msgspec.json.encode([kind, text, content], order="sorted")
    return hashlib.sha256(salt + said).hexdigest()


def digest_of(message: Message) -> str:
    """The digest of a row as it stands."""
    return digest(message.salt or b"", message.kind, message.text, message.content)
