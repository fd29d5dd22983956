"""Whether somebody must not be written to, what may still be said to them, and whether their words ask for it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import exists, func, select

from console import clock
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status
from console.inbox.stop_words import Suggestion, suggests

ANSWER_WITHIN = timedelta(hours=24)
"""How long after what they wrote an answer is still an answer."""
# What somebody did rather than said: it asks for no answer.
_NO_WORDS = ("reaction", "edit", "revoke", "system")


class ConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """What the composer says. `stopped` is opted_out or wrong_number; `suggestion` is what their last words ask for."""

    stopped: str | None = None
    may_answer: bool = True
    suggestion: Suggestion | None = None
    message_id: int | None = None


FREE = ConsentView()


async def may_answer(tx: Tx, conversation_id: int, *, before: int) -> bool:
    """Whether what stands at the sequence `before` is the first answer to what they last wrote, and not too late."""
    last = (
        select(func.max(Message.sequence))
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "in",
            Message.kind.not_in(_NO_WORDS),
            Message.sequence < before,
            Message.created_at > clock.now() - ANSWER_WITHIN,
        )
        .scalar_subquery()
    )
    answered = exists().where(
        Message.conversation_id == conversation_id,
        Message.direction == "out",
        Message.status != Status.FAILED,
        Message.sequence > last,
        Message.sequence < before,
    )
    return bool(await tx.scalar(select(last.is_not(None) & ~answered)))


async def consent_of(tx: Tx, conversation: Conversation, contact: Contact) -> ConsentView:
    """What is to be known before writing to `contact`."""
    if contact.opted_out_at is not None or contact.wrong_number_at is not None:
        return ConsentView(
            stopped="opted_out" if contact.opted_out_at is not None else "wrong_number",
            may_answer=await may_answer(tx, conversation.id, before=conversation.last_sequence + 1),
        )
    theirs = select(Message.id, Message.text).where(
        Message.conversation_id == conversation.id, Message.direction == "in", Message.kind.not_in(_NO_WORDS)
    )
    last = (await tx.execute(theirs.order_by(Message.sequence.desc()).limit(1))).one_or_none()
    suggestion = suggests(last.text) if last else None
    # Once somebody has answered it, what it asked for has been decided.
    if (
        last is None
        or suggestion is None
        or not await may_answer(tx, conversation.id, before=conversation.last_sequence + 1)
    ):
        return FREE
    return ConsentView(suggestion=suggestion, message_id=last.id)


async def consent_in(tx: Tx, conversation_id: int) -> ConsentView:
    """`consent_of`, by the conversation's id."""
    conversation = await tx.get_one(Conversation, conversation_id)
    return await consent_of(tx, conversation, await tx.get_one(Contact, conversation.contact_id))
