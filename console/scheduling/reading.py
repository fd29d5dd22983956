"""What is scheduled, as far as somebody sees: what is held first, then what waits, by its moment; or what has ended."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Select, select

from console import clock
from console.agents import Viewer
from console.db import Tx, says
from console.inbox import policy
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import contact_name
from console.scheduling.models import ScheduledMessage
from console.scheduling.reasons import why_not

MOST = 200
"""Lines of a page."""
SHOWN_FOR = timedelta(days=7)
"""How long what has ended is listed; the thread and the history keep it for ever."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One scheduled message in the list."""

    message_id: int
    conversation_id: int
    person: str
    author: str
    is_mine: bool
    template: str | None
    text: str
    due_at: datetime
    ended_at: datetime | None
    state: str
    why_not: str


async def waiting(tx: Tx, viewer: Viewer, *, own: bool) -> list[Line]:
    """What is held, then what waits, soonest first; at most `MOST` and one. Two queries."""
    found: list[Line] = []
    for state in ("held", "waiting"):
        wanted = _lines(viewer, own=own).where(says(ScheduledMessage.state, state))
        soonest = wanted.order_by(ScheduledMessage.due_at, ScheduledMessage.message_id).limit(MOST + 1)
        found += [_line(viewer, *row) for row in await tx.execute(soonest)]
    return found[: MOST + 1]


async def ended(tx: Tx, viewer: Viewer, *, own: bool) -> list[Line]:
    """What left or was cancelled of late, the last first; at most `MOST` and one."""
    wanted = _lines(viewer, own=own).where(ScheduledMessage.ended_at > clock.now() - SHOWN_FOR)
    latest = wanted.order_by(ScheduledMessage.ended_at.desc(), ScheduledMessage.message_id.desc()).limit(MOST + 1)
    return [_line(viewer, *row) for row in await tx.execute(latest)]


def _lines(viewer: Viewer, *, own: bool) -> Select[ScheduledMessage, Message, Contact, str]:
    wanted = (
        select(ScheduledMessage, Message, Contact, MessageTemplate.name)
        .join(Message, Message.id == ScheduledMessage.message_id)
        .join(Conversation, Conversation.id == ScheduledMessage.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(MessageTemplate, MessageTemplate.id == ScheduledMessage.template_id)
        .where(policy.visible(viewer))
    )
    return wanted.where(ScheduledMessage.agent_id == viewer.id) if own else wanted


def _line(viewer: Viewer, waits: ScheduledMessage, message: Message, contact: Contact, template: str | None) -> Line:
    return Line(
        message_id=message.id,
        conversation_id=waits.conversation_id,
        person=contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        author=message.author_name or "",
        is_mine=waits.agent_id == viewer.id,
        template=template,
        text=message.text or "",
        due_at=waits.due_at,
        ended_at=waits.ended_at,
        state=waits.state,
        why_not=why_not(waits.state, waits.reason, waits.field),
    )
