"""Who is to be forgotten by the rule: closed for long enough, and nothing holds them back.

Conditions are on Contact: the person is what is forgotten, in all conversations with them.
"""

from __future__ import annotations

import calendar
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from console.audit import AuditEntry
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Media, Message, Status
from console.portfolio.agreements import Dispute, DisputeState
from console.portfolio.models import Account, ContactPoint, PointState
from console.privacy.models import PrivacyRequest, RequestState
from console.retention.rules import Terms


def months_before(moment: datetime, months: int) -> datetime:
    """The same hour so many months ago; the last day of a shorter month stands for the days it lacks."""
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=years, month=month + 1, day=min(moment.day, calendar.monthrange(years, month + 1)[1]))


def forgettable(moment: datetime, months: int) -> ColumnElement[bool]:
    """That all there is of a person may go at `moment`."""
    return and_(_is_known(), _closed(months_before(moment, months)), ~held())


def with_files(moment: datetime, months: int) -> ColumnElement[bool]:
    """That their files may go, and there are some."""
    files = exists(_files().where(Conversation.contact_id == Contact.id))
    return and_(_closed(months_before(moment, months)), files, ~held())


def held() -> ColumnElement[bool]:
    """That something speaks for keeping what we have of a person.

    A debt that is being collected, an open dispute, a request of theirs that nobody has answered, a message on its way.
    """
    reached = (ContactPoint.contact_id == Contact.id, ContactPoint.state == PointState.ACTIVE)
    theirs = select(Account.id).join(ContactPoint, ContactPoint.debtor_id == Account.debtor_id).where(*reached)
    spoken = select(Conversation.id).where(Conversation.contact_id == Contact.id)
    owing = theirs.where(Account.status == "open", Account.balance_minor > 0)
    disputed = select(Dispute.id).where(
        Dispute.state == DisputeState.OPEN, or_(Dispute.account_id.in_(theirs), Dispute.conversation_id.in_(spoken))
    )
    asked = select(PrivacyRequest.id).where(
        PrivacyRequest.contact_id == Contact.id, PrivacyRequest.state == RequestState.OPEN
    )
    moving = select(Message.id).where(
        Message.conversation_id.in_(spoken), Message.status.in_([Status.QUEUED, Status.SENDING])
    )
    return or_(*(exists(each.correlate(Contact)) for each in (owing, disputed, asked, moving)))


def _is_known() -> ColumnElement[bool]:
    """Who was forgotten has no address any more."""
    return or_(Contact.wa_id.is_not(None), Contact.user_id.is_not(None))


def _closed(cut: datetime) -> ColumnElement[bool]:
    """That every conversation with them was settled before `cut`, and stayed so."""
    old = select(Conversation.contact_id).where(Conversation.status == "resolved", Conversation.last_at <= cut)
    settled_later = exists(
        select(AuditEntry.id)
        .where(
            AuditEntry.conversation_id == Conversation.id,
            AuditEntry.action.in_(("conversation.resolved", "conversation.reopened")),
            AuditEntry.at_us > int(cut.timestamp() * 1_000_000),
        )
        .correlate(Conversation)
    )
    fresh = select(Conversation.id).where(
        Conversation.contact_id == Contact.id,
        Conversation.status != "merged",
        or_(Conversation.status != "resolved", Conversation.last_at > cut, settled_later),
    )
    return and_(Contact.id.in_(old), ~exists(fresh.correlate(Contact)))


def _files() -> Select[int]:
    return (
        select(Media.id)
        .join(Message, Message.id == Media.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Media.state != "erased")
    )


class Preview(msgspec.Struct, frozen=True):
    """What would go today: people and their messages, files (theirs and those of the shorter period), who is held."""

    people: int
    messages: int
    files: int
    held: int


async def preview(tx: Tx, terms: Terms, moment: datetime) -> Preview:
    """Count what `terms` would erase at `moment`, and erase nothing: five queries."""
    going = [
        condition(moment, months)
        for condition, months in ((forgettable, terms.everything_months), (with_files, terms.media_months))
        if months is not None
    ]
    if not going:
        return Preview(0, 0, 0, 0)
    people = messages = 0
    if terms.everything_months is not None:
        gone = select(Contact.id).where(going[0])
        people = await _count(tx, gone)
        spoken = select(Conversation.id).where(Conversation.contact_id.in_(gone))
        messages = await _count(tx, select(Message.id).where(Message.conversation_id.in_(spoken)))
    files = await _count(tx, _files().where(Conversation.contact_id.in_(select(Contact.id).where(or_(*going)))))
    shortest = min(months for months in (terms.everything_months, terms.media_months) if months is not None)
    waiting = select(Contact.id).where(_is_known(), _closed(months_before(moment, shortest)), held())
    return Preview(people, messages, files, await _count(tx, waiting))


async def _count(tx: Tx, wanted: Select[int]) -> int:
    return await tx.scalar(select(func.count()).select_from(wanted.subquery())) or 0
