"""A few days of a small collections team, through the front door, for the numbers to be checked against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from console import clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Database
from console.portfolio import payments
from console.portfolio.payments import Report as Paid
from console.reports import collecting, containing, costs, follow, operation
from console.reports.asked import Asked, read_asked
from console.reports.figures import Figure, Table
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for
from tests.inbox import meta

LIMA = ZoneInfo("America/Lima")
BILLING = Actor(kind="token", id=1, name="facturación")
ADMIN = Viewer(id=0, name="Iván", role="admin", team_ids=frozenset())
VIEWS = {
    "operation": operation.report,
    "collections": collecting.report,
    "bot": containing.report,
    "templates": costs.report,
}


def lima(day: str, clock_time: str = "10:00") -> datetime:
    """A moment in Lima: `lima("2026-11-20", "09:05")`."""
    return datetime.fromisoformat(f"{day}T{clock_time}").replace(tzinfo=LIMA).astimezone(UTC)


@asynccontextmanager
async def a_quiet_console(database_url: str, tmp_path: Path, **more: Any) -> AsyncIterator[Front]:
    """A console in which nothing happens by itself: a test reads the history when it says so."""
    async with a_console(settings_for(database_url, tmp_path, **more)) as front:
        front.app.state["work"].cancel()
        yield front


async def they_write(front: Front, text: str, *, sender: str = meta.MARIA) -> None:
    assert (await front.webhook(meta.body(meta.text(text, sender=sender)))).status_code == 200


async def they_pay(database: Database, account: str, minor: int, *, number: str, at: datetime | None = None) -> None:
    report = Paid(
        source="api", external_id=number, amount_minor=minor, currency="PEN", paid_at=at or clock.now(), account=account
    )
    async with database.transaction() as tx:
        await payments.book(tx, report, by=BILLING, moment=clock.now())


def asked(since: str, until: str, **more: str) -> Asked:
    query = {"since": since, "until": until, **more}
    return read_asked(query, zone=LIMA, currency="PEN", moment=clock.now())


async def figures_of(database: Database, what: Asked, viewer: Viewer = ADMIN) -> dict[str, Figure]:
    """Every figure of every view."""
    async with database.reading() as tx:
        return {each.key: each for read in VIEWS.values() for each in (await read(tx, viewer, what)).figures}


async def table_of(database: Database, what: Asked, key: str, viewer: Viewer = ADMIN) -> Table:
    async with database.reading() as tx:
        every = [each for read in VIEWS.values() for each in (await read(tx, viewer, what)).tables]
    return next(each for each in every if each.key == key)


async def a_day_of_work(front: Front, moment: Moment) -> dict[str, Any]:
    """Friday 20 November: María asks and is answered twice, asks again after it was resolved; Beto's debtor waits.

    María owes S/ 412.50 since 5 November, promises S/ 100 and pays S/ 150 with her word kept.
    """
    from tests.portfolio.debts import a_debtor  # noqa: PLC0415 its imports need a database first

    database = front.console.db
    moment.is_(lima("2026-11-20", "09:00"))
    people = {
        "ana": await front.agent("Ana"),
        "sara": await front.agent("Sara", role="supervisor"),
        "tito": await front.agent("Tito", role="supervisor", team="Mora judicial"),
        "iván": await front.agent("Iván", role="admin", team="Mora judicial"),
    }
    await they_write(front, "¿cuánto debo?")
    debt = await a_debtor(
        database, 1, phone=meta.MARIA, invoices=[("C-1", moment.now.date().replace(day=5), 41250)], external_id="PR-1"
    )
    moment.is_(lima("2026-11-20", "09:04"))
    await they_write(front, "¿hola?")
    moment.is_(lima("2026-11-20", "09:05"))
    await people["ana"].reply(1, "Buenos días, S/ 412.50")
    moment.is_(lima("2026-11-20", "09:20"))
    await they_write(front, "pago 100 hoy")
    moment.is_(lima("2026-11-20", "09:21"))
    await people["ana"].reply(1, "Gracias")
    promised = await people["ana"].do(
        "/inbox/1/promises", account=str(debt.account_id), amount="100", due_on="2026-11-20", evidence="", message_id=""
    )
    moment.is_(lima("2026-11-20", "11:00"))
    await they_pay(database, "PR-1", 15000, number="P-1")
    await people["ana"].do("/inbox/1/resolution", disposition="CD-PCOM", version="")
    moment.is_(lima("2026-11-20", "16:00"))
    await they_write(front, "¿me llegó el recibo?")
    moment.is_(lima("2026-11-20", "16:10"))
    await people["ana"].reply(1, "Sí")
    await they_write(front, "necesito un plan", sender="51955301776")
    await follow.catch_up(database, LIMA)
    return {"people": people, "debt": debt, "promised": promised}
