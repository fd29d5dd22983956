"""A photo of a receipt: marked until money arrives. It proves nothing, and never moves a debt by itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from console import audit
from console.agents import Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import tagging, thread
from console.inbox.models import Conversation, Message
from console.inbox.tags import Tag
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.names import name_key

TAG = "Pago por verificar"
KINDS = frozenset({"image", "document"})


async def mark(tx: Tx, conversation: Conversation, message_id: int, *, by: Viewer | Actor) -> bool:
    """Mark that a message shows a receipt nobody has verified; whether it was not marked yet.

    Puts the tag on the conversation, where the next payment takes it off. Announces payment.claimed.
    Refuses: 404 for a message of another conversation, 422 for one that shows nothing.
    """
    conversation = await thread.lock(tx, conversation)
    message = await tx.get(Message, message_id)
    if message is None or message.conversation_id != conversation.id or message.direction != "in":
        raise not_found()
    if message.kind not in KINDS or message.revoked_at is not None:
        raise Refused(422, Words("Marque la foto o el documento del comprobante."), code="invalid", field="message_id")
    tag = await _tag(tx) or await tagging.create(
        tx, by=SYSTEM, name=TAG, colour="orange", description="Envió un comprobante que nadie ha verificado"
    )
    if not await tagging.put(tx, conversation, tag, by=by):
        return False
    row = await thread.event(tx, conversation, by=by, action="payment_claimed", who=actor_of(by).name)
    audit.record(
        tx,
        actor_of(by),
        "payment.claimed",
        conversation_id=conversation.id,
        message_id=row.id,
        new={"evidence": message.id},
    )
    return True


async def settle(tx: Tx, threads: Sequence[Conversation], *, by: Actor) -> None:
    """Money has arrived: what waited for it in these threads, which the caller holds, waits no more."""
    tag = await _tag(tx)
    if tag is not None and threads:
        await tagging.take_off(tx, [each.id for each in threads], tag, by=by)


async def _tag(tx: Tx) -> Tag | None:
    return (await tx.scalars(select(Tag).where(Tag.name_key == name_key(TAG), Tag.retired_at.is_(None)))).one_or_none()
