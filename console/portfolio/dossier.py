"""One debtor, whole: accounts, numbers, payments, promises, conversations and what happened."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import exists, select

from console import masking
from console.agents import Viewer
from console.audit import AuditEntry
from console.consents import awaited
from console.consents.awaited import Brought
from console.db import Tx
from console.errors import not_found
from console.inbox import policy
from console.inbox.models import Conversation
from console.inbox.words import history_line
from console.portfolio.agreements import Promise
from console.portfolio.documents import masked
from console.portfolio.ledger import Payment
from console.portfolio.methods import method_word
from console.portfolio.models import Account, ContactPoint, Debtor
from console.portfolio.owed import AccountView, owed_of

LINES = 30
LARGEST_ID = 2**63 - 1


class NumberView(msgspec.Struct, frozen=True):
    """A number of the debtor, and the conversation with whoever answers there, if there is one to be seen.

    `phone` shows its end only.
    """

    id: int
    phone: str
    state: str
    conversation_id: int | None


class PaymentLine(msgspec.Struct, frozen=True):
    """A payment."""

    paid_at: datetime
    amount_minor: int
    currency: str
    method: str | None
    state: str
    account_id: int | None


class PromiseLine(msgspec.Struct, frozen=True):
    """A promise, whatever became of it."""

    due_on: date
    amount_minor: int
    currency: str
    state: str
    account_id: int


class Step(msgspec.Struct, frozen=True):
    """One entry of the history, in words."""

    at: datetime
    words: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one debtor that the viewer may see. `document` shows the last digits only."""

    id: int
    name: str
    document_type: str | None
    document: str | None
    timezone: str
    accounts: list[AccountView]
    numbers: list[NumberView]
    payments: list[PaymentLine]
    promises: list[PromiseLine]
    history: list[Step]
    consents: list[Brought]


async def dossier_of(tx: Tx, viewer: Viewer, debtor_id: int, moment: datetime) -> Dossier:
    """The debtor, if the viewer may see one of their accounts; Refused(404) otherwise. A constant number of queries."""
    debtor = await debtor_seen(tx, viewer, debtor_id)
    owed = await owed_of(tx, debtor.id, moment)
    seen = set(
        await tx.scalars(select(Account.id).where(Account.debtor_id == debtor.id, policy.visible_accounts(viewer)))
    )
    return Dossier(
        id=debtor.id,
        name=debtor.name,
        document_type=debtor.document_type,
        document=masked(debtor.document_number) if debtor.document_number else None,
        timezone=debtor.timezone,
        accounts=[account for account in owed.accounts if account.id in seen],
        numbers=await _numbers(tx, viewer, debtor.id),
        payments=await _payments(tx, seen),
        promises=await _promises(tx, seen),
        history=await _history(tx, seen),
        consents=await awaited.of_accounts(tx, seen),
    )


async def debtor_of(tx: Tx, viewer: Viewer, account_id: int) -> int:
    """Whose account it is; Refused(404) for one the viewer may not see."""
    found = None
    if account_id <= LARGEST_ID:
        wanted = select(Account.debtor_id).where(Account.id == account_id, policy.visible_accounts(viewer))
        found = await tx.scalar(wanted)
    if found is None:
        raise not_found()
    return found


async def debtor_seen(tx: Tx, viewer: Viewer, debtor_id: int) -> Debtor:
    """The debtor, if the viewer may see one of their accounts; Refused(404) otherwise."""
    found = None
    if debtor_id <= LARGEST_ID:
        theirs = exists(select(Account.id).where(Account.debtor_id == Debtor.id, policy.visible_accounts(viewer)))
        found = (await tx.scalars(select(Debtor).where(Debtor.id == debtor_id, theirs))).one_or_none()
    if found is None:
        raise not_found()
    return found


async def _numbers(tx: Tx, viewer: Viewer, debtor_id: int) -> list[NumberView]:
    spoken = (Conversation.contact_id == ContactPoint.contact_id) & (Conversation.status != "merged")
    wanted = (
        select(ContactPoint.id, ContactPoint.phone, ContactPoint.state, Conversation.id)
        .outerjoin(Conversation, spoken & policy.visible(viewer))
        .where(ContactPoint.debtor_id == debtor_id)
        .order_by(ContactPoint.id, Conversation.id)
    )
    rows = await tx.execute(wanted)
    return [NumberView(number, masking.phone(phone), state, open_) for number, phone, state, open_ in rows]


async def _payments(tx: Tx, accounts: set[int]) -> list[PaymentLine]:
    wanted = select(Payment).where(Payment.account_id.in_(accounts)).order_by(Payment.paid_at.desc()).limit(LINES)
    return [
        PaymentLine(one.paid_at, one.amount_minor, one.currency, method_word(one.method), one.state, one.account_id)
        for one in await tx.scalars(wanted)
    ]


async def _promises(tx: Tx, accounts: set[int]) -> list[PromiseLine]:
    columns = (Promise.due_on, Promise.amount_minor, Promise.currency, Promise.state, Promise.account_id)
    wanted = select(*columns).where(Promise.account_id.in_(accounts))
    return [PromiseLine(*row) for row in await tx.execute(wanted.order_by(Promise.id.desc()).limit(LINES))]


async def _history(tx: Tx, accounts: set[int]) -> list[Step]:
    wanted = select(AuditEntry).where(AuditEntry.account_id.in_(accounts)).order_by(AuditEntry.id.desc()).limit(LINES)
    return [
        Step(entry.at, history_line(entry.action, entry.actor_name, _read(entry.new), None, entry.actor_kind))
        for entry in await tx.scalars(wanted)
    ]


def _read(text: str | None) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
