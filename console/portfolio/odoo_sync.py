"""What Odoo says people owe, as statements: taken in a few at a time, what cannot be taken named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import httpx
import msgspec
from sqlalchemy import select

from console import audit, clock, money
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused
from console.languages.words import Words
from console.portfolio import cells, checks, documents
from console.portfolio.billing_cursor import BillingCursor
from console.portfolio.checks import Wrong
from console.portfolio.documents import BadDocument, Document
from console.portfolio.models import Account
from console.portfolio.sources import source_for
from console.portfolio.statement import MOST_BILLS, Bill, Source, Statement
from console.portfolio.stating import state_accounts
from console.settings import Settings
from integrations.billing.odoo import Debt, Odoo

SYSTEM = "odoo"
AT_ONCE = 50
"""Debts in one transaction: messages wait for no more than these."""
PATIENCE = httpx.Timeout(30.0, connect=10.0)
ODOO = Actor(kind="system", name="Odoo", origin="billing")


class Synced(msgspec.Struct):
    """What came of it. `left_out` names debts and why, without saying whose they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: list[tuple[str, str]] = []


async def sync(db: Database, settings: Settings, odoo: Odoo, *, whole: bool = False) -> Synced:
    """Take in what changed in Odoo since the last time; all of it the first time, or when `whole`.

    Announces what `state_accounts` does, and billing.synced. Raises what Odoo raises; what was taken in stays.
    """
    began = clock.now()
    async with db.reading() as tx:
        cursor = await tx.get(BillingCursor, SYSTEM)
    synced = Synced()
    async for page in odoo.debts(None if whole or cursor is None else cursor.since):
        for start in range(0, len(page), AT_ONCE):
            await _take(db, settings, page[start : start + AT_ONCE], synced)
    async with db.transaction() as tx:
        await tx.merge(BillingCursor(system=SYSTEM, since=began))
        counts = {"new": synced.new, "changed": synced.changed, "left_out": len(synced.left_out)}
        audit.record(tx, ODOO, "billing.synced", subject=f"billing:{SYSTEM}", new=counts)
    return synced


async def _take(db: Database, settings: Settings, debts: Sequence[Debt], synced: Synced) -> None:
    moment = clock.now()
    async with db.transaction() as tx:
        source = await source_for(tx, settings, named=SYSTEM, by=ODOO, moment=moment)
        statements = _statements(debts, source, synced)
        statements = await _worth_stating(tx, statements, source)
        try:
            async with tx.begin_nested():
                await _state(tx, statements, source, synced, moment)
        except Refused:
            for statement in statements:
                await _state_alone(tx, statement, source, synced, moment)


async def _state(tx: Tx, statements: Sequence[Statement], source: Source, synced: Synced, moment: datetime) -> None:
    for stated in await state_accounts(tx, statements, source=source, by=ODOO, moment=moment) if statements else ():
        setattr(synced, stated.kind, getattr(synced, stated.kind) + 1)


async def _state_alone(tx: Tx, statement: Statement, source: Source, synced: Synced, moment: datetime) -> None:
    try:
        async with tx.begin_nested():
            await _state(tx, [statement], source, synced, moment)
    except Refused as refused:
        synced.left_out.append((statement.external_id, refused.text))


async def _worth_stating(tx: Tx, statements: Sequence[Statement], source: Source) -> list[Statement]:
    """A debt that is paid, and that was never heard of, is none."""
    empty = [each.external_id for each in statements if not each.bills]
    known = set(
        await tx.scalars(
            select(Account.external_id).where(Account.creditor_id == source.creditor_id, Account.external_id.in_(empty))
        )
    )
    return [each for each in statements if each.bills or each.external_id in known]


def _statements(debts: Sequence[Debt], source: Source, synced: Synced) -> list[Statement]:
    found = []
    for debt in debts:
        try:
            found.append(statement_of(debt, source))
        except (Wrong, money.BadAmount) as wrong:
            synced.left_out.append((debt.external_id, str(wrong)))
    return found


def statement_of(debt: Debt, source: Source) -> Statement:
    """A debt of Odoo's as a statement: what is no phone or document is left out. Raises Wrong, BadAmount."""
    if not money.is_currency(debt.currency):
        raise Wrong(Words("La moneda no es un código ISO 4217."))
    if len(debt.invoices) > MOST_BILLS:
        raise Wrong(Words("La cuenta tiene más de {most} facturas.", most=MOST_BILLS))
    bills = []
    for invoice in debt.invoices:
        amount = cells.amount(invoice.amount, debt.currency)
        balance = cells.amount(invoice.balance, debt.currency)
        checks.amounts(amount, balance)
        bills.append(Bill(checks.invoice_number(invoice.number), checks.due_day(invoice.due_on), amount, balance))
    return Statement(
        external_id=debt.external_id,
        name=checks.name(debt.name),
        document=_document(debt.document, source.country),
        phones=tuple(dict.fromkeys(_phones(debt.phones, source.country))),
        currency=debt.currency,
        bills=tuple({bill.number: bill for bill in bills}.values()),
    )


def _phones(texts: Sequence[str], country: str) -> list[str]:
    found = []
    for text in texts:
        try:
            found.append(checks.phone(text, country))
        except Wrong:
            continue
    return found


def _document(text: str | None, country: str) -> Document | None:
    # Odoo writes a VAT number with the country before it: PE20512333797.
    bare = (text or "").strip()
    bare = bare[2:] if bare[:2].upper() == country and bare[2:3].isdigit() else bare
    try:
        return documents.read(bare, country=country) if bare else None
    except BadDocument:
        return None
