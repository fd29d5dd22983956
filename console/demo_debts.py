"""What the people of the demo owe, paid and promised, written by the verbs that real ones go through.

Everything here is invented, and says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from console import money
from console.agents import Viewer
from console.audit import Actor
from console.db import Database, Tx
from console.portfolio import documents, payments, promises
from console.portfolio.models import Account
from console.portfolio.sources import source_for
from console.portfolio.statement import Bill, Statement
from console.portfolio.states import today_in
from console.portfolio.stating import state_accounts
from console.settings import Settings
from integrations.whatsapp.numbers import e164

DEBTS = Path(__file__).parent / "demo_debts.toml"
DEMO = Actor(kind="system", name="Demostración")


class DemoBill(msgspec.Struct, forbid_unknown_fields=True):
    """An invoice; `due` in days from the first day of the demo."""

    number: str
    due: int
    amount: str
    left: str | None = None


class Debt(msgspec.Struct, forbid_unknown_fields=True):
    """One account of one of the simulator's people."""

    persona: str
    id: str
    product: str
    currency: str
    bills: list[DemoBill]
    document: tuple[str, str] | None = None


class Paid(msgspec.Struct, forbid_unknown_fields=True):
    """A payment, `ago` minutes before the demo begins."""

    debt: str
    ago: int
    amount: str
    method: str


class Promised(msgspec.Struct, forbid_unknown_fields=True):
    """A promise made `made` minutes before the demo begins, for a day counted from its first one."""

    debt: str
    by: str
    made: int
    day: int
    amount: str


class Portfolio(msgspec.Struct, forbid_unknown_fields=True):
    """The file demo_debts.toml."""

    debt: list[Debt]
    payment: list[Paid]
    promise: list[Promised]


Deed = Callable[[], Awaitable[None]]


def read() -> Portfolio:
    """The portfolio as it is written."""
    return msgspec.convert(tomllib.loads(DEBTS.read_text(encoding="utf-8")), Portfolio)


async def state(db: Database, settings: Settings, personas: dict[str, dict[str, Any]], begins: datetime) -> None:
    """Let the creditor state every debt, as of the moment the clock stands at."""
    today = today_in(settings.zone, begins)
    statements = [_statement(debt, personas[debt.persona], today) for debt in read().debt]
    async with db.transaction() as tx:
        source = await source_for(tx, settings, named="demostración", by=DEMO, moment=begins)
        await state_accounts(tx, statements, source=source, by=DEMO, moment=begins)


def deeds(db: Database, settings: Settings, viewers: dict[str, Viewer], begins: datetime) -> list[tuple[int, Deed]]:
    """What was paid and promised, each with how many minutes before `begins` it happens."""
    portfolio = read()
    currencies = {debt.id: debt.currency for debt in portfolio.debt}
    today = today_in(settings.zone, begins)

    def pay(paid: Paid) -> Deed:
        async def deed() -> None:
            currency = currencies[paid.debt]
            report = payments.Report(
                source="api",
                external_id=f"demo-{paid.debt}-{paid.ago}",
                amount_minor=money.parse(paid.amount, currency),
                currency=currency,
                paid_at=begins - timedelta(minutes=paid.ago),
                account=paid.debt,
                method=paid.method,
            )
            async with db.transaction() as tx:
                await payments.book(tx, report, by=DEMO, moment=report.paid_at)

        return deed

    def promise(promised: Promised) -> Deed:
        async def deed() -> None:
            async with db.transaction() as tx:
                await promises.make(
                    tx,
                    await _account(tx, promised.debt),
                    by=viewers[promised.by],
                    amount_minor=money.parse(promised.amount, currencies[promised.debt]),
                    due_on=today + timedelta(days=promised.day),
                )

        return deed

    return [
        *((paid.ago, pay(paid)) for paid in portfolio.payment),
        *((promised.made, promise(promised)) for promised in portfolio.promise),
    ]


def _statement(debt: Debt, persona: dict[str, Any], today: date) -> Statement:
    kind, number = debt.document or (None, None)
    return Statement(
        external_id=debt.id,
        name=persona["name"],
        currency=debt.currency,
        bills=tuple(
            Bill(
                bill.number,
                today + timedelta(days=bill.due),
                money.parse(bill.amount, debt.currency),
                money.parse(bill.amount if bill.left is None else bill.left, debt.currency),
            )
            for bill in debt.bills
        ),
        document=documents.read(number, country=persona["country"], kind=kind) if number else None,
        phones=(e164(f"+{persona['wa_id']}", persona["country"]),),
        product=debt.product,
    )


async def _account(tx: Tx, external_id: str) -> int:
    return (await tx.scalars(select(Account.id).where(Account.external_id == external_id))).one()
