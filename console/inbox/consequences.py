"""What a failed message means beyond itself: for the contact, the window, the template or the whole number.

Meta tells a failure in the answer to the send or, later, in a `failed` status; both come here (whatsapp.md §17).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from console import audit, clock
from console.audit import Actor
from console.consents import noting
from console.consents.kinds import How, Purpose, Standing
from console.db import Tx
from console.inbox import channel_state, ticks
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from integrations.whatsapp.codes import Action, Verdict
from integrations.whatsapp.errors import classify
from integrations.whatsapp.events import StatusUpdate
from integrations.whatsapp.failures_es import explain

META = Actor(kind="system", name="WhatsApp", origin="whatsapp")
# What a template is called until the next synchronisation says what Meta calls it.
_TEMPLATE_BECOMES = {132015: "PAUSED", 132016: "DISABLED", 132007: "REJECTED"}


class Failure(msgspec.Struct, frozen=True):
    """One message that was refused with `code`; `slow_for` is how long the number was asked to slow down."""

    message_id: int
    code: int | None
    verdict: Verdict
    slow_for: timedelta | None = None


async def foreseen(tx: Tx, channel_id: int, reported: Sequence[StatusUpdate]) -> list[Failure]:
    """The failures among `reported` statuses that mean more than the message; nearly always none, and then no query.

    Holds their conversations, so call it before messages are locked, and `follow` after. A status that comes again,
    or too late to be a failure, means nothing.
    """
    codes: dict[str, int] = {}
    for told in reported:
        # 0 is "no code came" there (WireError), and never what it is in an answer: that our token is not accepted.
        code = told.errors[0].code if told.status == "failed" and told.errors else 0
        if code and classify(code, None).action in _OF_ONE | _OF_ALL:
            codes.update({name: code for name in (told.wamid, told.opaque) if name})
    if not codes:
        return []
    names = or_(Message.wamid.in_(codes), Message.ref.in_(codes))
    found = select(Message).where(Message.channel_id == channel_id, Message.direction == "out", names)
    messages = [message for message in await tx.scalars(found) if ticks.climbs(message.status, "failed")]
    ids = {message.conversation_id for message in messages}
    await tx.execute(
        select(Conversation.id).where(Conversation.id.in_(ids)).order_by(Conversation.id).with_for_update()
    )
    told_codes = [(message.id, codes.get(message.wamid or "") or codes[message.ref or ""]) for message in messages]
    return [Failure(message_id, code, classify(code, None)) for message_id, code in told_codes]


async def follow(tx: Tx, failures: Sequence[Failure]) -> None:
    """Draw the consequences of `failures`: nobody unreachable, blocked or outside the window is written to again.

    The caller holds the conversations. Records contact.updated, conversation.updated, template.updated and
    channel.paused; the channel's row is taken last, as `channel_state.pause` asks.
    """
    wanted = {failure.message_id: failure for failure in failures if failure.verdict.action in _OF_ONE | _OF_ALL}
    if not wanted:
        return
    rows = await tx.execute(
        select(Message, Conversation)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id.in_(wanted))
        .order_by(Message.id)
        .execution_options(populate_existing=True),
    )
    pairs = rows.all()
    for message, conversation in pairs:
        await _of_one(tx, message, conversation, wanted[message.id])
    for message, _conversation in pairs:
        await _of_all(tx, message, wanted[message.id])


def forgive(tx: Tx, contact: Contact, conversation: Conversation) -> None:
    """Whoever wrote after we noted that nothing reaches them is reached again. Records "contact.updated"."""
    opened = conversation.window_opened_at
    for column in ("unreachable_at", "blocked_us_at"):
        noted = getattr(contact, column)
        if noted is not None and opened is not None and opened > noted:
            setattr(contact, column, None)
            contact.version += 1
            audit.record(
                tx,
                META,
                "contact.updated",
                conversation_id=conversation.id,
                subject=f"contact:{contact.id}",
                old={column: noted},
                new={column: None},
            )


_OF_ONE = {
    Action.MARK_UNREACHABLE,
    Action.MARK_BLOCKED,
    Action.MARKETING_OPT_OUT,
    Action.NEEDS_TEMPLATE,
    Action.BLOCK_TEMPLATE,
}
_OF_ALL = {Action.PAUSE_CHANNEL, Action.SLOW_NUMBER}


async def _of_one(tx: Tx, message: Message, conversation: Conversation, failure: Failure) -> None:
    match failure.verdict.action:
        case Action.BLOCK_TEMPLATE:
            await _block_template(tx, message, failure.code)
        case Action.MARKETING_OPT_OUT:
            await _mark(tx, message, conversation, Contact.marketing_stopped_at, failure.code)
        case _ if _wrote_since(message, conversation):
            # Old news: a status may come days late, and meanwhile the contact wrote to us.
            pass
        case Action.MARK_UNREACHABLE:
            await _mark(tx, message, conversation, Contact.unreachable_at, failure.code)
        case Action.MARK_BLOCKED:
            await _mark(tx, message, conversation, Contact.blocked_us_at, failure.code)
        case Action.NEEDS_TEMPLATE:
            _close_window(tx, message, conversation)
        case _:
            pass


def _wrote_since(message: Message, conversation: Conversation) -> bool:
    left = message.wired_at or message.created_at
    return conversation.window_opened_at is not None and conversation.window_opened_at > left


async def _mark(
    tx: Tx,
    message: Message,
    conversation: Conversation,
    column: InstrumentedAttribute[object],
    code: int | None,
) -> None:
    marked = await tx.execute(
        update(Contact)
        .where(Contact.id == conversation.contact_id, column.is_(None))
        .values({column: clock.now(), Contact.version: Contact.version + 1})
        .returning(Contact.id),
    )
    if marked.scalar_one_or_none() is None:
        return
    if column.key == "marketing_stopped_at":
        stop: dict[str, Any] = {"how": How.WHATSAPP, "purposes": [Purpose.MARKETING]}
        await noting.note(tx, conversation.contact_id, Standing.WITHDRAWN, by=META, **stop)
    conversation.version += 1
    audit.record(
        tx,
        META,
        "contact.updated",
        conversation_id=conversation.id,
        message_id=message.id,
        subject=f"contact:{conversation.contact_id}",
        old={column.key: None},
        new={column.key: clock.now(), "code": code},
    )


def _close_window(tx: Tx, message: Message, conversation: Conversation) -> None:
    """Meta says the service window is shut: what we computed was wrong, and must not offer free text again."""
    now = clock.now()
    if conversation.window_closes_at is None or conversation.window_closes_at <= now:
        return
    old = {"window_closes_at": conversation.window_closes_at}
    conversation.window_closes_at = now
    conversation.version += 1
    audit.record(
        tx,
        META,
        "conversation.updated",
        conversation_id=conversation.id,
        message_id=message.id,
        old=old,
        new={"window_closes_at": now},
    )


async def _block_template(tx: Tx, message: Message, code: int | None) -> None:
    """Keep the template from being chosen, and have the list read again: Meta's own word decides."""
    named = (message.content or {}).get("template") or {}
    template = await tx.get(MessageTemplate, int(named.get("id") or 0))
    if template is None or template.status != "APPROVED":
        return
    template.status = _TEMPLATE_BECOMES.get(code or 0, "UNAVAILABLE")
    template.updated_at = clock.now()
    audit.record(
        tx,
        META,
        "template.updated",
        message_id=message.id,
        subject=f"template:{template.id}",
        old={"status": "APPROVED"},
        new={"status": template.status, "code": code},
    )


async def _of_all(tx: Tx, message: Message, failure: Failure) -> None:
    if failure.verdict.action is Action.PAUSE_CHANNEL:
        channel = await tx.get_one(Channel, message.channel_id)
        kind = failure.verdict.pause.value if failure.verdict.pause else "policy"
        reason = Words("{reason} (código {code})", reason=explain(failure.code).what, code=failure.code)
        await channel_state.pause(tx, channel, kind=kind, reason=reason, by=META)
    elif failure.slow_for:
        await channel_state.slow_down(tx, message.channel_id, until=clock.now() + failure.slow_for)
