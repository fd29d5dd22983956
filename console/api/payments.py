"""Payments: what the billing system reports, booked once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock, money
from console.api import listing, shapes
from console.api.asking import body, number, query
from console.api.cursors import Cursors
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.portfolio import payments
from console.portfolio.ledger import Allocation, Payment, PaymentState
from console.portfolio.models import Account, Invoice
from console.portfolio.payments import Report

LISTING = "payments"
SOURCE = "api"
RECEIPT_WITHIN = timedelta(days=3)
"""What was paid longer ago is history that a system catches up with: nobody is thanked for it."""
_LONGEST_TEXT = 200

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_TEXT)]


class PaymentReported(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A payment as the billing system knows it. `account` is the account's `external_id`, `invoice` its number.

    What is paid goes to the named invoice first, then to the oldest due ones.
    """

    external_id: ShortText
    account: ShortText
    amount: shapes.Money
    paid_at: Annotated[datetime, msgspec.Meta(tz=True)]
    method: ShortText
    invoice: ShortText | None = None


class PaidInvoice(msgspec.Struct):
    """What of a payment one invoice got."""

    invoice: str
    amount: shapes.Money


class PaymentShown(msgspec.Struct):
    """A payment. `unapplied` exceeds the debt; `reversed` went back to the payer.

    One that is `parked` moved nothing: `why` says what a person must settle first.
    """

    id: str
    external_id: str
    source: str
    account: str | None
    amount: shapes.Money
    paid_at: datetime
    method: str | None
    invoice: str | None
    status: Literal["applied", "parked", "reversed", "dismissed"]
    why: str | None
    applied: list[PaidInvoice]
    unapplied: shapes.Money
    reversed: shapes.Money
    received_at: datetime


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the listing; several at once must all hold."""

    account: Annotated[str, msgspec.Meta(description="The account's `external_id`.")] | None = None
    external_id: Annotated[str, msgspec.Meta(description="The payment's id at its source.")] | None = None
    status: Literal["applied", "parked", "reversed", "dismissed"] | None = None


_KEPT = {
    payments.UNKNOWN_ACCOUNT: ("account", "No hay una cuenta con ese identificador."),
    payments.AMBIGUOUS_ACCOUNT: ("account", "Varios acreedores tienen una cuenta con ese identificador."),
    payments.CLOSED_ACCOUNT: ("account", "La cuenta está cerrada."),
    payments.UNKNOWN_INVOICE: ("invoice", "La cuenta no tiene una factura con ese número."),
    payments.OTHER_CURRENCY: ("amount.currency", "La cuenta está en otra moneda."),
    payments.NO_AMOUNT: ("amount.amount", "El monto debe ser mayor que cero."),
}


@post(
    "/payments",
    opt=does("payments:write", returns=PaymentShown, body=PaymentReported, status=201, refuses=(409,)),
)
async def report_payment(
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[PaymentShown]:
    """Report a payment. The same one again is answered 200; another one under its `external_id` is refused (409).

    What cannot be booked (unknown account or invoice, another currency, nothing paid) is refused with 422, moves
    nothing, and is kept for a person to see: `details.payment` is its id. Report it again once the cause is mended.
    """
    reported = await body(request, PaymentReported)
    moment = clock.now()
    report = _report(reported, moment)
    async with db.transaction() as tx:
        booked = await payments.book(tx, report, by=program.actor, moment=moment)
        (shown,) = await _shown(tx, [booked.payment])
    if shown.status == "parked":
        raise _kept(shown)
    return Response(shown, status_code=201 if booked.is_new else 200)


@get("/payments", opt=does("payments:read", returns=shapes.Page[PaymentShown], query=Filters))
async def list_payments(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[PaymentShown]:
    """Payments, in the order in which they were reported."""
    asked = query(request, Filters)
    place = listing.begin(cursors, LISTING, asked, (int,))
    wanted = select(Payment).where(Payment.id > (place[0] if place else 0))
    if asked.account is not None:
        named = select(Account.id).where(Account.external_id == asked.account)
        wanted = wanted.where(Payment.account_id.in_(named))
    if asked.external_id is not None:
        wanted = wanted.where(Payment.external_id == asked.external_id)
    if asked.status is not None:
        wanted = wanted.where(Payment.state == asked.status)
    async with db.reading() as tx:
        found = (await tx.scalars(wanted.order_by(Payment.id).limit(asked.limit + 1))).all()
        page, following = listing.cut(cursors, LISTING, asked, found, lambda row: (row.id,))
        return shapes.Page(await _shown(tx, page), following)


@get("/payments/{payment_id:str}", opt=does("payments:read", returns=PaymentShown, refuses=(404,)))
async def get_payment(payment_id: FromPath[str], db: NamedDependency[Database]) -> PaymentShown:
    """One payment."""
    async with db.reading() as tx:
        payment = await tx.get(Payment, number(payment_id))
        if payment is None:
            raise not_found()
        (shown,) = await _shown(tx, [payment])
        return shown


def _report(reported: PaymentReported, moment: datetime) -> Report:
    currency = reported.amount.currency
    if not money.is_currency(currency):
        raise invalid("amount.currency", "La moneda se escribe con su código ISO 4217, como PEN.")
    try:
        minor = money.parse(reported.amount.amount, currency)
    except money.BadAmount as bad:
        raise invalid("amount.amount", f"{bad}.") from None
    if reported.paid_at > moment + timedelta(days=1):
        raise invalid("paid_at", "La fecha del pago está en el futuro.")
    return Report(
        source=SOURCE,
        external_id=reported.external_id,
        account=reported.account,
        amount_minor=minor,
        currency=currency,
        paid_at=reported.paid_at.astimezone(UTC),
        invoice=reported.invoice,
        method=reported.method,
        receipt=reported.paid_at > moment - RECEIPT_WITHIN,
    )


def _kept(shown: PaymentShown) -> Refused:
    field, text = _KEPT[shown.why or payments.UNKNOWN_ACCOUNT]
    said = f"{text} El pago no se aplicó; quedó guardado para que una persona lo revise."
    code = {payments.OTHER_CURRENCY: "currency_mismatch", payments.NO_AMOUNT: "invalid_amount"}
    why = shown.why or ""
    return Refused(422, said, code=code.get(why, why), field=field, details={"payment": shown.id, "kept": True})


async def _shown(tx: Tx, rows: Iterable[Payment]) -> list[PaymentShown]:
    rows = list(rows)
    ids = {row.account_id for row in rows if row.account_id is not None}
    found = await tx.execute(select(Account.id, Account.external_id).where(Account.id.in_(ids)))
    accounts: dict[int | None, str] = {row.id: row.external_id for row in found}
    parts = await _parts(tx, [row.id for row in rows])
    return [
        PaymentShown(
            id=str(row.id),
            external_id=row.external_id,
            source=row.source,
            account=accounts.get(row.account_id, row.account_named),
            amount=_money(row.amount_minor, row.currency),
            paid_at=row.paid_at,
            method=row.method,
            invoice=row.invoice_number,
            status=PaymentState(row.state).value,
            why=row.why,
            applied=[PaidInvoice(name, _money(minor, row.currency)) for name, minor in parts.get(row.id, ())],
            unapplied=_money(row.unapplied_minor, row.currency),
            reversed=_money(row.reversed_minor, row.currency),
            received_at=row.received_at,
        )
        for row in rows
    ]


async def _parts(tx: Tx, payment_ids: list[int]) -> dict[int, list[tuple[str, int]]]:
    found = await tx.execute(
        select(Allocation.payment_id, Invoice.number, Allocation.amount_minor)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Allocation.payment_id.in_(payment_ids), Allocation.reversed_at.is_(None))
        .order_by(Allocation.id),
    )
    parts: dict[int, list[tuple[str, int]]] = {}
    for payment_id, name, minor in found:
        parts.setdefault(payment_id, []).append((name, minor))
    return parts


def _money(minor: int, currency: str) -> shapes.Money:
    return shapes.Money(money.as_text(minor, currency), currency)


routes = [report_payment, list_payments, get_payment]
