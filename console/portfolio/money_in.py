"""Payments and payment links of the person of a conversation, ready to be shown."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, select

from console.bulk import fetch
from console.db import Tx
from console.inbox.models import Conversation
from console.portfolio.ledger import Payment, PaymentLink
from console.portfolio.methods import method_word
from console.portfolio.models import Account, ContactPoint, PointState

SHOWN = 5


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment. `went_back` of it was refunded or charged back; `excess` of it found nothing owed."""

    id: int
    account: str
    minor: int
    currency: str
    paid_at: datetime
    method: str | None
    state: str
    went_back: int
    excess: int


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link that can be paid now."""

    id: int
    account: str
    minor: int
    currency: str
    token: str
    expires_at: datetime | None


class MoneyIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a panel shows of money: the newest payments, the links that wait, and whether there is more."""

    payments: list[PaymentView]
    links: list[LinkView]
    has_more: bool


_ACCOUNTS = (
    select(Account.id)
    .join(ContactPoint, ContactPoint.debtor_id == Account.debtor_id)
    .where(ContactPoint.contact_id == bindparam("contact"), ContactPoint.state == PointState.ACTIVE)
)
_PAYMENTS = (
    select(
        Payment.id,
        Account.external_id.label("account"),
        Payment.amount_minor,
        Payment.currency,
        Payment.paid_at,
        Payment.method,
        Payment.state,
        Payment.reversed_minor,
        Payment.unapplied_minor,
    )
    .join(Account, Account.id == Payment.account_id)
    .where(Payment.account_id.in_(_ACCOUNTS))
    .order_by(Payment.paid_at.desc(), Payment.id.desc())
    .limit(SHOWN + 1)
)
_LINKS = (
    select(
        PaymentLink.id,
        Account.external_id.label("account"),
        PaymentLink.amount_minor,
        PaymentLink.currency,
        PaymentLink.token,
        PaymentLink.expires_at,
    )
    .join(Account, Account.id == PaymentLink.account_id)
    .where(
        PaymentLink.account_id.in_(_ACCOUNTS),
        PaymentLink.state == "open",
        PaymentLink.expires_at > bindparam("moment", type_=PaymentLink.expires_at.type),
        PaymentLink.amount_minor <= Account.balance_minor,
    )
    .order_by(PaymentLink.id.desc())
    .limit(SHOWN)
)


async def money_in(tx: Tx, conversation: Conversation, moment: datetime) -> MoneyIn:
    """The newest payments of all the person's accounts, and the links they could pay with now."""
    payments = await fetch(tx, _PAYMENTS, {"contact": conversation.contact_id})
    links = await fetch(tx, _LINKS, {"contact": conversation.contact_id, "moment": moment})
    return MoneyIn(
        payments=[
            PaymentView(
                id=row.id,
                account=row.account,
                minor=row.amount_minor,
                currency=row.currency,
                paid_at=row.paid_at,
                method=method_word(row.method),
                state=row.state,
                went_back=row.reversed_minor,
                excess=row.unapplied_minor,
            )
            for row in payments[:SHOWN]
        ],
        links=[
            LinkView(
                id=row.id,
                account=row.account,
                minor=row.amount_minor,
                currency=row.currency,
                token=row.token,
                expires_at=row.expires_at,
            )
            for row in links
        ],
        has_more=len(payments) > SHOWN,
    )
