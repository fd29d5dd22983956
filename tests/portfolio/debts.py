"""Debts for a test: a debtor with a number, an account and its invoices, standing as they stand now."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import select

from console import clock
from console.audit import SYSTEM
from console.db import Database, Tx
from console.inbox.contacts import Contact
from console.portfolio.models import Account, ContactPoint, Creditor, Debtor, Invoice, PointState
from console.portfolio.names import name_key
from console.portfolio.points import find_contacts
from console.portfolio.standing import recompute
from integrations.whatsapp.numbers import match_key
from tests.inbox.people import Inbox

CREDITOR = "Financiera Andes"
_numbers = itertools.count(1)

Bill = tuple[str, date, int]
"""An invoice: its number, the day it is due, and what it is for, in the smallest unit."""


class Debt(msgspec.Struct):
    """The rows of one debtor's debt."""

    debtor_id: int
    account_id: int
    external_id: str
    invoice_ids: list[int]
    point_id: int | None


async def a_debtor(
    database: Database,
    inbox: Inbox | int,
    *,
    phone: str | None = "51944218305",
    invoices: Sequence[Bill] = (),
    currency: str = "PEN",
    zone: str = "America/Lima",
    name: str = "María Fernanda Ccori",
    document: tuple[str, str] | None = None,
    birth_year: int | None = None,
    debtor_id: int | None = None,
    external_id: str | None = None,
) -> Debt:
    """A debt with these invoices, worked by the team of `inbox` (or by that id), of a person reached at `phone`.

    `debtor_id` gives another account to somebody who has one. Who has written from `phone` already is its contact.
    """
    async with database.transaction() as tx:
        moment = clock.now()
        if debtor_id is None:
            kind, number = document or (None, None)
            debtor = Debtor(
                name=name, name_key=name_key(name), document_type=kind, document_number=number, country="PE"
            )
            debtor.timezone, debtor.created_at, debtor.updated_at = zone, moment, moment
            debtor.birth_year = birth_year
            tx.add(debtor)
            await tx.flush()
            debtor_id = debtor.id
        account = Account(
            creditor_id=await _the_creditor(tx),
            external_id=external_id or f"PR-{next(_numbers):05}",
            debtor_id=debtor_id,
            team_id=inbox if isinstance(inbox, int) else inbox.team_id,
            currency=currency,
            state="current",
            created_at=moment,
            updated_at=moment,
        )
        tx.add(account)
        await tx.flush()
        ids = [await an_invoice(tx, account.id, bill) for bill in invoices]
        point = await _a_point(tx, debtor_id, phone) if phone else None
        await recompute(tx, [account.id], by=SYSTEM, moment=moment)
        return Debt(debtor_id, account.id, account.external_id, ids, point)


async def an_invoice(tx: Tx, account_id: int, bill: Bill) -> int:
    """One more invoice; who adds it recomputes the account."""
    number, due_on, minor = bill
    moment = clock.now()
    invoice = Invoice(account_id=account_id, number=number, due_on=due_on, amount_minor=minor)
    invoice.stated_minor = invoice.balance_minor = minor
    invoice.created_at = invoice.updated_at = moment
    tx.add(invoice)
    await tx.flush()
    return invoice.id


async def _a_point(tx: Tx, debtor_id: int, phone: str) -> int:
    key = match_key(phone) or phone
    known = select(ContactPoint.id).where(ContactPoint.debtor_id == debtor_id, ContactPoint.match_key == key)
    if found := await tx.scalar(known):
        return found
    contacts = await find_contacts(tx, [key])
    if not contacts:
        written = await tx.scalar(select(Contact.id).where(Contact.wa_id == phone))
        contacts = {key: written} if written else {}
    moment = clock.now()
    point = ContactPoint(debtor_id=debtor_id, phone=f"+{phone}", match_key=key, contact_id=contacts.get(key))
    point.state, point.source = PointState.ACTIVE, "prueba"
    point.created_at = point.updated_at = moment
    tx.add(point)
    await tx.flush()
    return point.id


async def _the_creditor(tx: Tx) -> int:
    found = await tx.scalar(select(Creditor.id).where(Creditor.name == CREDITOR))
    if found is None:
        creditor = Creditor(name=CREDITOR, created_at=clock.now())
        tx.add(creditor)
        await tx.flush()
        found = creditor.id
    return found
