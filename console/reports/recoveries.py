"""Payments as facts: how the account stood, and whose word and which template came before the money.

The rule: whoever of ours last wrote to the debtor in the seven days before the payment, and the last template of those
days. A payment with neither is nobody's.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, select

from console.db import Tx, bulk_insert
from console.inbox.models import Conversation, Message
from console.portfolio.ledger import Payment
from console.portfolio.models import Account, ContactPoint, PointState
from console.reports.local_days import Calendar
from console.reports.models import Recovery
from console.reports.templates import name_of

CREDITED_WITHIN = timedelta(days=7)


async def note(tx: Tx, entry: Row[*tuple[Any, ...]], state: str, calendar: Calendar) -> None:
    """Note the payment that `entry` booked, on an account that stood at `state`."""
    number = int(entry.subject.partition(":")[2])
    paid_at = await tx.scalar(select(Payment.paid_at).where(Payment.id == number))
    if paid_at is None:
        return
    ours = (
        select(Message.author_id, Message.conversation_id, Message.content)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(ContactPoint, ContactPoint.contact_id == Conversation.contact_id)
        .join(Account, Account.debtor_id == ContactPoint.debtor_id)
        .where(
            Account.id == entry.account_id,
            ContactPoint.state == PointState.ACTIVE,
            Message.direction == "out",
            Message.created_at <= paid_at,
            Message.created_at > paid_at - CREDITED_WITHIN,
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )
    person = await _first(tx, ours.where(Message.author_kind == "agent"))
    template = await _first(tx, ours.where(Message.kind == "template"))
    any_one = await _first(tx, ours)
    day, hour = calendar.place(paid_at)
    row = {
        "payment_id": number,
        "day": day,
        "hour": hour,
        "account_id": entry.account_id,
        "conversation_id": any_one.conversation_id if any_one else None,
        "state": state,
        "agent_id": (person.author_id or 0) if person else 0,
        "template": name_of(template.content) if template else None,
    }
    await bulk_insert(tx, Recovery, [row], or_ignore=True)


async def _first(tx: Tx, wanted: Select[Any]) -> Any:  # noqa: ANN401 a database row
    return (await tx.execute(wanted)).first()
