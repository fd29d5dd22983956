"""Accounts: what a billing system states about a debt, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, put
from litestar.di import NamedDependency
from sqlalchemy import select

from console import clock, money
from console.api import shapes
from console.api.asking import body
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.portfolio import checks, documents
from console.portfolio.documents import BadDocument, Document
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice, PointState
from console.portfolio.sources import source_for
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.statement import MOST_BILLS, MOST_PHONES, Bill, Source, Statement
from console.portfolio.states import Edges, State, days_past_due, label, today_in
from console.portfolio.stating import state_account
from console.settings import Settings

NAMED = "api"


class DocumentStated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An identity document: `type` as in the holder's country (DNI, RUC, RFC, CURP, RUT, CC, NIT, CUIT, CI…)."""

    type: Annotated[str, msgspec.Meta(max_length=40)]
    number: Annotated[str, msgspec.Meta(max_length=40)]


class HolderStated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who owes. Phones in E.164, or as dialled in the business's country.

    `birth_year` is half of what the bot asks to know the right party; it is never given back.
    """

    name: str
    document: DocumentStated | None = None
    birth_year: int | None = None
    phones: Annotated[list[str], msgspec.Meta(max_length=MOST_PHONES)] = []


class InvoiceStated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An invoice: amounts are digits and a point, of the account's currency; `due_date` is `2026-11-05`."""

    number: str
    due_date: str
    amount: str
    balance: str


class AccountStated(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A debt as its creditor knows it now: what is left out is no longer owed."""

    holder: HolderStated
    currency: str
    invoices: Annotated[list[InvoiceStated], msgspec.Meta(max_length=MOST_BILLS)]


class DocumentShown(msgspec.Struct):
    """An identity document. `number` shows its last digits only: who sees a whole one does so by name, on record."""

    type: str
    number: str


class HolderShown(msgspec.Struct):
    """Who owes. `phones` are those in use; a wrong or retired one is not among them."""

    name: str
    document: DocumentShown | None
    phones: list[str]
    contacts: list[str]


class InvoiceShown(msgspec.Struct):
    """An invoice. `balance` is what is left after the payments that the creditor's last word could not know."""

    number: str
    due_date: date
    amount: str
    balance: str
    disputed: bool


class AccountShown(msgspec.Struct):
    """A debt. `tag` is how it stands, as agents read it; `overdue` leaves out what is in dispute."""

    id: str
    external_id: str
    status: Literal["open", "closed"]
    tag: str
    holder: HolderShown
    currency: str
    balance: shapes.Money
    overdue: shapes.Money
    days_past_due: int
    invoices: list[InvoiceShown]
    version: int
    created_at: datetime
    updated_at: datetime


@put(
    "/accounts/{external_id:path}",
    opt=does("accounts:write", returns=AccountShown, body=AccountStated, status=201, refuses=(409,)),
)
async def put_account(
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[AccountShown]:
    """State a debt of the business. 201 the first time, 200 after that; the same body again changes nothing.

    A balance that is repeated leaves standing what was paid since; one that differs replaces ours. Invoices that are
    no longer named are owed no longer. Refuses 409 `currency_conflict` for another currency once there are invoices.
    """
    stated = await body(request, AccountStated)
    moment = clock.now()
    async with db.transaction() as tx:
        source = await source_for(tx, settings, named=NAMED, by=program.actor, moment=moment)
        statement = statement_of(_named_in(request), stated, source)
        result = await state_account(tx, statement, source=source, by=program.actor, moment=moment)
        (shown,) = await accounts(tx, [await tx.get_one(Account, result.account_id)])
    return Response(shown, status_code=201 if result.kind == "new" else 200)


@get("/accounts/{external_id:path}", opt=does("accounts:read", returns=AccountShown, refuses=(404, 409)))
async def get_account(request: Request[Any, Any, Any], db: NamedDependency[Database]) -> AccountShown:
    """One debt, by its creditor's name for it. Refuses 409 `ambiguous_account` when several creditors use that name."""
    try:
        external_id = checks.external_id(_named_in(request))
    except checks.Wrong:
        raise not_found() from None
    async with db.reading() as tx:
        found = list(await tx.scalars(select(Account).where(Account.external_id == external_id).limit(2)))
        if not found:
            raise not_found()
        if len(found) > 1:
            text = "Varios acreedores tienen una cuenta con ese identificador."
            raise Refused(409, text, code="ambiguous_account", field="external_id")
        (shown,) = await accounts(tx, found)
        return shown


def _named_in(request: Request[Any, Any, Any]) -> str:
    """The creditor's name for a debt as the address has it: `2026/114` is one, with its slash percent-encoded or not.

    The path was decoded before it was cut at its slashes, so it is read again as it came.
    """
    raw: bytes = request.scope["raw_path"]
    return unquote(raw.partition(b"/accounts/")[2].rstrip(b"/").decode("latin-1"))


def statement_of(external_id: str, stated: AccountStated, source: Source) -> Statement:
    """What was sent, checked. Refuses (422) naming the field at fault, `invoices[1].due_date`."""
    holder = stated.holder
    if not money.is_currency(stated.currency):
        raise invalid("currency", "La moneda se escribe con su código ISO 4217, como PEN.")
    bills = [_bill(bill, f"invoices[{place}]", stated.currency) for place, bill in enumerate(stated.invoices)]
    seen: set[str] = set()
    for place, bill in enumerate(bills):
        if bill.number in seen:
            raise invalid(f"invoices[{place}].number", "La misma factura aparece dos veces.", code="repeated_invoice")
        seen.add(bill.number)
    phones = [
        _checked(f"holder.phones[{n}]", checks.phone, each, source.country) for n, each in enumerate(holder.phones)
    ]
    return Statement(
        external_id=_checked("external_id", checks.external_id, external_id),
        name=_checked("holder.name", checks.name, holder.name),
        document=_document(holder.document, source.country),
        birth_year=_birth_year(holder.birth_year),
        phones=tuple(dict.fromkeys(phones)),
        currency=stated.currency,
        bills=tuple(bills),
    )


def _bill(stated: InvoiceStated, place: str, currency: str) -> Bill:
    number = _checked(f"{place}.number", checks.invoice_number, stated.number)
    try:
        day = date.fromisoformat(stated.due_date)
    except ValueError:
        raise invalid(f"{place}.due_date", "La fecha se escribe año-mes-día, como 2026-11-05.") from None
    if day.isoformat() != stated.due_date:
        raise invalid(f"{place}.due_date", "La fecha se escribe año-mes-día, como 2026-11-05.")
    amount = _amount(f"{place}.amount", stated.amount, currency)
    balance = _amount(f"{place}.balance", stated.balance, currency)
    _checked(f"{place}.balance", checks.amounts, amount, balance)
    return Bill(number, _checked(f"{place}.due_date", checks.due_day, day), amount, balance)


def _amount(field: str, text: str, currency: str) -> int:
    try:
        minor = money.parse(text, currency)
    except money.BadAmount as bad:
        raise invalid(field, f"{bad}.") from None
    if minor < 0:
        raise invalid(field, "El monto no puede ser negativo.")
    return minor


def _document(stated: DocumentStated | None, country: str) -> Document | None:
    if stated is None:
        return None
    try:
        return documents.read(stated.number, country=country, kind=stated.type)
    except BadDocument as bad:
        raise invalid("holder.document", str(bad)) from None


def _birth_year(year: int | None) -> int | None:
    return None if year is None else _checked("holder.birth_year", checks.birth_year, year, clock.now().date())


def _checked(field: str, check: Any, *given: Any) -> Any:  # noqa: ANN401 as the check takes and gives
    try:
        return check(*given)
    except checks.Wrong as wrong:
        raise invalid(field, str(wrong)) from None


async def accounts(tx: Tx, rows: Sequence[Account]) -> list[AccountShown]:
    """Accounts as the API shows them, in the order given: a fixed number of queries."""
    if not rows:
        return []
    edges = edges_of(await rules_in_force(tx))
    ids, debtor_ids = [row.id for row in rows], {row.debtor_id for row in rows}
    debtors = {row.id: row for row in await tx.scalars(select(Debtor).where(Debtor.id.in_(debtor_ids)))}
    wanted = select(Invoice).where(Invoice.account_id.in_(ids)).order_by(Invoice.due_on, Invoice.number)
    invoices = list(await tx.scalars(wanted.execution_options(populate_existing=True)))
    reached = select(ContactPoint).where(
        ContactPoint.debtor_id.in_(debtor_ids), ContactPoint.state == PointState.ACTIVE
    )
    points = list(await tx.scalars(reached.order_by(ContactPoint.id).execution_options(populate_existing=True)))
    return [
        _shown(
            row,
            debtors[row.debtor_id],
            [point for point in points if point.debtor_id == row.debtor_id],
            [invoice for invoice in invoices if invoice.account_id == row.id],
            edges,
        )
        for row in rows
    ]


def _shown(
    row: Account, debtor: Debtor, points: list[ContactPoint], invoices: list[Invoice], edges: Edges
) -> AccountShown:
    today = today_in(ZoneInfo(debtor.timezone), clock.now())
    number = debtor.document_number
    document = DocumentShown(debtor.document_type or "", documents.masked(number)) if number else None
    return AccountShown(
        id=str(row.id),
        external_id=row.external_id,
        status="open" if row.status == "open" else "closed",
        tag=label(State(row.state), edges),
        holder=HolderShown(
            name=debtor.name,
            document=document,
            phones=[point.phone for point in points],
            contacts=sorted({str(point.contact_id) for point in points if point.contact_id is not None}),
        ),
        currency=row.currency,
        balance=_money(row.balance_minor, row.currency),
        overdue=_money(row.overdue_minor, row.currency),
        days_past_due=days_past_due(row.oldest_due_on, today),
        invoices=[
            InvoiceShown(
                number=each.number,
                due_date=each.due_on,
                amount=money.as_text(each.amount_minor, row.currency),
                balance=money.as_text(each.balance_minor, row.currency),
                disputed=each.disputed,
            )
            for each in invoices
        ],
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _money(minor: int, currency: str) -> shapes.Money:
    return shapes.Money(money.as_text(minor, currency), currency)


routes = [put_account, get_account]
