"""What the people of the demo owe, paid and promised, written by the verbs that real ones go through.

Everything here is invented, and says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from console import money
from console.agents import Viewer
from console.audit import Actor
from console.db import Database, Tx
from console.inbox.models import Conversation, Message
from console.portfolio import disputes, documents, payments, plans, promises
from console.portfolio.instalments import Terms
from console.portfolio.models import Account, ContactPoint, Invoice
from console.portfolio.sources import source_for
from console.portfolio.statement import Bill, Statement
from console.portfolio.states import today_in
from console.portfolio.stating import state_accounts
from console.settings import Settings
from integrations.whatsapp.numbers import e164

DEBTS = Path(__file__).parent / "debts.toml"
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
    birth_year: int | None = None


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


class Agreed(msgspec.Struct, forbid_unknown_fields=True):
    """A plan for all that is owed, accepted `made` minutes before the demo begins; `first` in days, as `due`."""

    debt: str
    by: str
    made: int
    count: int
    first: int


class Contested(msgspec.Struct, forbid_unknown_fields=True):
    """An invoice that is disputed since `made` minutes before the demo begins."""

    debt: str
    invoice: str
    by: str
    made: int
    category: str
    words: str


class Portfolio(msgspec.Struct, forbid_unknown_fields=True):
    """The file debts.toml."""

    debt: list[Debt]
    payment: list[Paid]
    promise: list[Promised]
    plan: list[Agreed]
    dispute: list[Contested]


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


class Teller:
    """Lets what is written in the file happen, each deed in a transaction of its own."""

    def __init__(self, db: Database, viewers: dict[str, Viewer], today: date, begins: datetime) -> None:
        self._db = db
        self._viewers = viewers
        self._today = today
        self._begins = begins
        self._currencies = {debt.id: debt.currency for debt in read().debt}

    async def pay(self, paid: Paid) -> None:
        """Money comes in."""
        currency = self._currencies[paid.debt]
        report = payments.Report(
            source="api",
            external_id=f"demo-{paid.debt}-{paid.ago}",
            amount_minor=money.parse(paid.amount, currency),
            currency=currency,
            paid_at=self._begins - timedelta(minutes=paid.ago),
            account=paid.debt,
            method=paid.method,
        )
        async with self._db.transaction() as tx:
            await payments.book(tx, report, by=DEMO, moment=report.paid_at)

    async def promise(self, promised: Promised) -> None:
        """Somebody says when they will pay."""
        async with self._db.transaction() as tx:
            await promises.make(
                tx,
                (await _account(tx, promised.debt)).id,
                by=self._viewers[promised.by],
                amount_minor=money.parse(promised.amount, self._currencies[promised.debt]),
                due_on=self._today + timedelta(days=promised.day),
            )

    async def agree(self, agreed: Agreed) -> None:
        """Somebody accepts a plan."""
        async with self._db.transaction() as tx:
            account = await _account(tx, agreed.debt)
            terms = Terms(
                total_minor=account.balance_minor,
                count=agreed.count,
                first_on=self._today + timedelta(days=agreed.first),
            )
            plan = await plans.propose(tx, account.id, by=self._viewers[agreed.by], terms=terms)
            yes = await _last_words(tx, account)
            await plans.accept(tx, plan.id, by=self._viewers[agreed.by], message_id=yes)

    async def contest(self, contested: Contested) -> None:
        """Somebody does not owe what is asked."""
        async with self._db.transaction() as tx:
            account = await _account(tx, contested.debt)
            wanted = select(Invoice.id).where(Invoice.account_id == account.id, Invoice.number == contested.invoice)
            await disputes.open_dispute(
                tx,
                account.id,
                by=self._viewers[contested.by],
                category=contested.category,
                invoice_id=(await tx.scalars(wanted)).one(),
                words=contested.words,
            )


def deeds(db: Database, settings: Settings, viewers: dict[str, Viewer], begins: datetime) -> list[tuple[int, Deed]]:
    """What was paid, promised, agreed and contested, each with how many minutes before `begins` it happens."""
    portfolio = read()
    teller = Teller(db, viewers, today_in(settings.zone, begins), begins)
    return [
        *((paid.ago, partial(teller.pay, paid)) for paid in portfolio.payment),
        *((promised.made, partial(teller.promise, promised)) for promised in portfolio.promise),
        *((agreed.made, partial(teller.agree, agreed)) for agreed in portfolio.plan),
        *((contested.made, partial(teller.contest, contested)) for contested in portfolio.dispute),
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
        birth_year=debt.birth_year,
    )


async def _account(tx: Tx, external_id: str) -> Account:
    return (await tx.scalars(select(Account).where(Account.external_id == external_id))).one()


async def _last_words(tx: Tx, account: Account) -> int:
    """What the debtor wrote last."""
    theirs = (
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(ContactPoint, ContactPoint.contact_id == Conversation.contact_id)
        .where(ContactPoint.debtor_id == account.debtor_id, Message.direction == "in")
        .order_by(Message.id.desc())
        .limit(1)
    )
    return (await tx.scalars(theirs)).one()
