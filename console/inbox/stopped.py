"""Whether somebody must not be written to, what may still be said to them, and whether their words ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import exists, func, select

from console import clock
from console.bulk import among, fetch
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


_LAST_SAID = (
    select(Message.id)
    .where(
        Message.conversation_id == Conversation.id,
        Message.direction == "in",
        *(Message.kind != kind for kind in _NO_WORDS),
    )
    .order_by(Message.sequence.desc())
    .limit(1)
    .correlate(Conversation)
    .scalar_subquery()
)
_CONSENTS = (
    select(
        Conversation.id,
        Conversation.last_sequence,
        Contact.opted_out_at,
        Contact.wrong_number_at,
        Message.id.label("said_id"),
        Message.text.label("said"),
    )
    .join(Contact, Contact.id == Conversation.contact_id)
    .outerjoin(Message, Message.id == _LAST_SAID)
    .where(among(Conversation.id, "ids"))
)


async def consents_in(tx: Tx, ids: Iterable[int]) -> dict[int, ConsentView]:
    """What is to be known before writing in each of these conversations.

    One query for all, and one for each in which somebody seems to want no messages.
    """
    return {row.id: await _consent(tx, row) for row in await fetch(tx, _CONSENTS, {"ids": ids})}


async def consent_in(tx: Tx, conversation_id: int) -> ConsentView:
    """What is to be known before writing in one conversation."""
    return (await consents_in(tx, [conversation_id]))[conversation_id]


async def _consent(tx: Tx, row: Any) -> ConsentView:  # noqa: ANN401 a database row
    stopped = row.opted_out_at is not None or row.wrong_number_at is not None
    suggestion = suggests(row.said) if row.said_id is not None and not stopped else None
    if not stopped and suggestion is None:
        return FREE
    answerable = await may_answer(tx, row.id, before=row.last_sequence + 1)
    if stopped:
        return ConsentView(stopped="opted_out" if row.opted_out_at else "wrong_number", may_answer=answerable)
    # Once somebody has answered it, what it asked for has been decided.
    return ConsentView(suggestion=suggestion, message_id=row.said_id) if answerable else FREE
