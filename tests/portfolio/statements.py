"""What creditors state in a test."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from console import clock
from console.audit import Actor
from console.db import Database
from console.portfolio.documents import Document
from console.portfolio.statement import Bill, Source, Statement
from console.portfolio.stating import Stated, state_accounts
from tests.portfolio.debts import _the_creditor

BILLING = Actor(kind="token", id=1, name="facturación")
DNI = Document("DNI", "44552716")
MARIA = "+51944218305"


def a_statement(*bills: Bill, **changed: Any) -> Statement:
    given: dict[str, Any] = {
        "external_id": "PR-00412",
        "name": "María Fernanda Ccori",
        "document": DNI,
        "phones": (MARIA,),
        "currency": "PEN",
        "bills": bills,
    }
    return Statement(**{**given, **changed})


def a_bill(number: str = "F-1", due: str = "2026-10-05", amount: int = 41250, balance: int | None = None) -> Bill:
    return Bill(number, date.fromisoformat(due), amount, amount if balance is None else balance)


async def a_source(database: Database, team_id: int) -> Source:
    async with database.transaction() as tx:
        creditor_id = await _the_creditor(tx)
    return Source(creditor_id=creditor_id, team_id=team_id, country="PE", timezone="America/Lima", named="prueba")


async def state(
    database: Database, source: Source, *statements: Statement, moment: datetime | None = None
) -> list[Stated]:
    async with database.transaction() as tx:
        return await state_accounts(tx, statements, source=source, by=BILLING, moment=moment or clock.now())
