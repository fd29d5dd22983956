"""Money that came in: a reported payment booked once, divided among invoices, told in the thread, or kept for a person.

Whatever is booked ends in `bookkeeping.follow`, in the same transaction: promise, plan, tag, list and panel change
with it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select

from console import audit
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.languages.words import Words
from console.portfolio import bookkeeping, claims
from console.portfolio.bookkeeping import by_key, one_at_a_time
from console.portfolio.holding import conversations_of, locked
from console.portfolio.ledger import Payment, PaymentLink, PaymentState
from console.portfolio.models import Account, Invoice
from console.portfolio.reversals import take_back_what_went_back

UNKNOWN_ACCOUNT: Final = "unknown_account"
AMBIGUOUS_ACCOUNT: Final = "ambiguous_account"
CLOSED_ACCOUNT: Final = "closed_account"
UNKNOWN_INVOICE: Final = "unknown_invoice"
OTHER_CURRENCY: Final = "currency"
NO_AMOUNT: Final = "amount"
NOT_AS_ASKED: Final = "mismatch"
"""Why a payment is kept for a person instead of being booked."""
# What may have been mended since: the same report, sent again, is looked at again.
_MAY_PASS = frozenset({UNKNOWN_ACCOUNT, AMBIGUOUS_ACCOUNT, CLOSED_ACCOUNT, UNKNOWN_INVOICE, OTHER_CURRENCY})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as somebody reports it: `external_id` is the source's own and names it there for ever.

    `account` is the creditor's id of the debt; a payment made through a link of ours carries its `link_token` instead.
    `receipt` asks that the debtor be thanked.
    """

    source: str
    external_id: str
    amount_minor: int
    currency: str
    paid_at: datetime
    account: str | None = None
    link_token: str | None = None
    invoice: str | None = None
    method: str | None = None
    receipt: bool = False

    def digest(self) -> str:
        """Of what is reported: two reports with one id and other contents are not the same payment."""
        told = msgspec.structs.asdict(self) | {"paid_at": self.paid_at.timestamp(), "receipt": None}
        if self.link_token is not None:
            # A provider may tell the same payment twice, by two events of different moments.
            told |= {"paid_at": None, "method": None}
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


class Booked(msgspec.Struct, frozen=True):
    """The payment, and whether this very report made it what it is (else it was known already)."""

    payment: Payment
    is_new: bool


async def book(tx: Tx, report: Report, *, by: Actor, moment: datetime) -> Booked:
    """Book a payment, once however often it is reported; what cannot be booked is parked, saying `why`.

    Announces payment.applied or payment.parked, and whatever follows from it. A parked one that is reported again is
    looked at again. Refuses: 409 "external_id_reused" when the same id was reported with other contents.
    """
    await one_at_a_time(tx, report.source, report.external_id)
    payment = await by_key(tx, report.source, report.external_id)
    if payment is not None:
        if payment.digest != report.digest():
            said = Words("Ese identificador ya se usó para otro pago.")
            raise Refused(409, said, code="external_id_reused", field="external_id", details={"id": str(payment.id)})
        if payment.state != PaymentState.PARKED or payment.why not in _MAY_PASS or payment.resolution:
            return Booked(payment, is_new=False)
    link = await _link_of(tx, report)
    account, why = await _account_of(tx, report, link)
    is_known = payment is not None
    payment = payment or _noted(report, link, moment)
    tx.add(payment)
    if account is None or why is not None:
        return Booked(await _park(tx, payment, why or UNKNOWN_ACCOUNT, by=by, again=is_known), is_new=not is_known)
    await apply(tx, payment, account, link=link, by=by, moment=moment)
    return Booked(payment, is_new=True)


async def apply(
    tx: Tx,
    payment: Payment,
    account: Account,
    *,
    link: PaymentLink | None = None,
    by: Actor,
    moment: datetime,
) -> None:
    """Let `payment` pay the invoices of `account`, whose row the caller holds. Announces payment.applied."""
    payment.account_id, payment.state, payment.why = account.id, PaymentState.APPLIED, None
    payment.needs_look = False
    payment.unapplied_minor = payment.amount_minor
    tx.add(payment)
    await tx.flush()
    shares = await bookkeeping.divide(tx, payment, account, moment=moment)
    if link is not None:
        _pay(link, moment)
    facts = {
        "source": payment.source,
        "unapplied_minor": payment.unapplied_minor,
        "invoices": {str(share.invoice_id): share.minor for share in shares.shares},
    }
    await bookkeeping.tell(tx, payment, account, "payment.applied", facts, minor=payment.amount_minor, by=by)
    await claims.settle(tx, await conversations_of(tx, account), by=by)
    await take_back_what_went_back(tx, payment, account, by=by, moment=moment)
    await bookkeeping.follow(tx, account.id, by=by, moment=moment)


async def _link_of(tx: Tx, report: Report) -> PaymentLink | None:
    if report.link_token is None:
        return None
    asked = (PaymentLink.token == report.link_token, PaymentLink.provider == report.source)
    return (await tx.scalars(select(PaymentLink).where(*asked))).one_or_none()


async def _account_of(tx: Tx, report: Report, link: PaymentLink | None) -> tuple[Account | None, str | None]:
    """The account a report speaks of, held; and why it cannot be booked there."""
    if report.amount_minor <= 0:
        return None, NO_AMOUNT
    if report.link_token is not None:
        ids = [link.account_id] if link else []
    else:
        named = select(Account.id).where(Account.external_id == report.account).order_by(Account.id).limit(2)
        ids = list(await tx.scalars(named))
    if len(ids) != 1:
        return None, AMBIGUOUS_ACCOUNT if ids else UNKNOWN_ACCOUNT
    account = await locked(tx, ids[0])
    return account, await _obstacle(tx, report, account, link)


async def _obstacle(tx: Tx, report: Report, account: Account, link: PaymentLink | None) -> str | None:
    if report.currency != account.currency or (link is not None and report.currency != link.currency):
        return OTHER_CURRENCY
    if link is not None and report.amount_minor != link.amount_minor:
        return NOT_AS_ASKED
    if account.status != "open":
        return CLOSED_ACCOUNT
    if report.invoice is not None:
        known = select(Invoice.id).where(Invoice.account_id == account.id, Invoice.number == report.invoice)
        return None if await tx.scalar(known) is not None else UNKNOWN_INVOICE
    return None


def _noted(report: Report, link: PaymentLink | None, moment: datetime) -> Payment:
    return Payment(
        source=report.source,
        external_id=report.external_id,
        digest=report.digest(),
        account_named=report.account,
        link_id=link.id if link else None,
        invoice_number=report.invoice,
        amount_minor=report.amount_minor,
        reversed_minor=0,
        currency=report.currency,
        method=report.method,
        paid_at=report.paid_at,
        state=PaymentState.PARKED,
        received_at=moment,
        receipt_due=report.receipt,
    )


async def _park(tx: Tx, payment: Payment, why: str, *, by: Actor, again: bool) -> Payment:
    if again and payment.why == why:
        return payment
    payment.why, payment.needs_look = why, True
    tx.add(payment)
    await tx.flush()
    told = {"why": why, "amount_minor": payment.amount_minor, "currency": payment.currency, "source": payment.source}
    audit.record(tx, by, "payment.parked", subject=f"payment:{payment.id}", new=told)
    return payment


def _pay(link: PaymentLink, moment: datetime) -> None:
    if link.state != "paid":
        link.state, link.paid_at, link.version = "paid", moment, link.version + 1
