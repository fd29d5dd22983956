"""A portfolio worked out by hand: two closes, the roll matrix between them, the cure and the promises that were kept.

| account | 31 Aug           | what happens in September           | 30 Sep           |
| ------- | ---------------- | ----------------------------------- | ---------------- |
| A       | 1-30, S/ 100.00  | paid in full on the 10th             | current          |
| B       | 1-30, S/ 300.00  | nothing                             | 31-60            |
| C       | 1-30, S/ 200.00  | S/ 50.00 paid on the 12th, too little | 31-60          |
| D       | 31-60, S/ 400.00 | nothing                             | +60              |
| E       | 31-60, S/ 600.00 | the oldest is paid on the 20th      | 1-30             |
| F       | current, S/ 500.00 | due on the 15th, not paid         | 1-30             |
| G       | current, S/ 250.00 | due in October                    | current          |
| H       | 1-30, S/ 400.00  | the creditor no longer claims it     | current, unpaid  |
| J       | in dollars       | left out                            |                  |

Promises that fell due in September: A's of S/ 100 (paid: kept), C's of S/ 80 (S/ 50 came: partial), D's of S/ 120
(nothing came: broken). Kept: 1 of 3 = 33.3 %; in money 150 of 300 = 50 %. Late at 31 Aug: S/ 2,000.00, of which A's
S/ 100.00 was cured: 5 %. H is current, and nobody paid: no cure.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import update

from console import clock
from console.audit import SYSTEM
from console.db import Database
from console.portfolio import midnight, promises, settling
from console.portfolio.models import Invoice
from console.portfolio.standing import recompute
from console.reports import follow
from tests.conftest import Moment
from tests.inbox.people import Inbox, an_inbox
from tests.portfolio.debts import a_debtor
from tests.reports.world import LIMA, asked, figures_of, lima, table_of, they_pay

ACCOUNTS: dict[str, list[tuple[str, date, int]]] = {
    "A": [("A-1", date(2026, 8, 20), 10000)],
    "B": [("B-1", date(2026, 8, 16), 30000)],
    "C": [("C-1", date(2026, 8, 16), 20000)],
    "D": [("D-1", date(2026, 7, 20), 40000)],
    "E": [("E-1", date(2026, 7, 20), 20000), ("E-2", date(2026, 9, 10), 40000)],
    "F": [("F-1", date(2026, 9, 15), 50000)],
    "G": [("G-1", date(2026, 10, 20), 25000)],
    "H": [("H-1", date(2026, 8, 25), 40000)],
}


async def the_days_go_by(database: Database, moment: Moment, until: str) -> None:
    """Midnight after midnight, with what midnight does."""
    end = lima(until, "12:00")
    while moment.now < end:
        moment.is_(min(end, moment.now + timedelta(days=1)))
        while await midnight.is_due(database):
            async with database.transaction() as tx:
                await midnight.turn(tx, clock.now())
        async with database.transaction() as tx:
            await settling.turn(tx, clock.now())


async def a_portfolio(database: Database, moment: Moment) -> tuple[Inbox, dict[str, int]]:
    moment.is_(lima("2026-08-28", "12:00"))
    inbox = await an_inbox(database)
    found: dict[str, int] = {}
    for at, (name, bills) in enumerate(ACCOUNTS.items()):
        debt = await a_debtor(
            database, inbox, phone=f"5194421830{at}", name=f"Deudor {name}", invoices=bills, external_id=name
        )
        found[name] = debt.account_id
    dollars = [("J-1", date(2026, 8, 1), 99900)]
    await a_debtor(database, inbox, phone="51944218399", name="J", invoices=dollars, currency="USD", external_id="J")
    return inbox, found


async def a_september(database: Database, moment: Moment, inbox: Inbox, accounts: dict[str, int]) -> None:
    await the_days_go_by(database, moment, "2026-09-05")
    for name, minor in (("A", 10000), ("C", 8000), ("D", 12000)):
        async with database.transaction() as tx:
            due_on = date(2026, 9, 15)
            await promises.make(tx, accounts[name], by=inbox.ana, amount_minor=minor, due_on=due_on)
    await the_days_go_by(database, moment, "2026-09-10")
    await they_pay(database, "A", 10000, number="1")
    await the_days_go_by(database, moment, "2026-09-12")
    await they_pay(database, "C", 5000, number="2")
    await the_days_go_by(database, moment, "2026-09-20")
    await they_pay(database, "E", 20000, number="3")
    async with database.transaction() as tx:
        await tx.execute(update(Invoice).where(Invoice.number == "H-1").values(balance_minor=0))
        await recompute(tx, [accounts["H"]], by=SYSTEM, moment=clock.now())
    await the_days_go_by(database, moment, "2026-10-03")


async def test_the_roll_matrix_the_cure_and_the_kept_rate_are_those_worked_out_by_hand(
    database: Database, moment: Moment
) -> None:
    inbox, accounts = await a_portfolio(database, moment)
    await a_september(database, moment, inbox, accounts)
    await follow.catch_up(database, LIMA)

    september = asked("2026-09-01", "2026-09-30", month="2026-09")
    told = await figures_of(database, september)
    rolls = await table_of(database, september, "rolls")
    by_count = await table_of(database, september, "rolls_by_count")
    cure = await table_of(database, september, "cure_by_state")

    assert told["recovered"].value == 35000
    assert told["kept_count"].value is not None
    assert round(told["kept_count"].value, 1) == 33.3
    assert told["kept_amount"].value == 50
    assert told["broken_rate"].value is not None
    assert round(told["broken_rate"].value, 1) == 33.3
    assert told["days_to_pay"].value == 5
    assert told["cure_rate"].value == 5
    head = ("Al día", "Vencido 1-30", "Vencido 31-60", "Vencido +60", "En plan de pago", "Disputa", "Cerrada")
    assert tuple(column.title for column in rolls.columns[2:]) == head
    assert [tuple(row) for row in rolls.rows[:4]] == [
        ("Al día", 75000, 100 * 250 / 750, 100 * 500 / 750, 0, 0, 0, 0, 0),
        ("Vencido 1-30", 100000, 50, 0, 50, 0, 0, 0, 0),
        ("Vencido 31-60", 100000, 0, 60, 0, 40, 0, 0, 0),
        ("Vencido +60", 0, None, None, None, None, None, None, None),
    ]
    assert tuple(by_count.rows[1]) == ("Vencido 1-30", 4, 50, 0, 50, 0, 0, 0, 0)
    assert tuple(cure.rows[0]) == ("Vencido 1-30", 100000, 10000, 10)
    for row in [*rolls.rows, *by_count.rows]:
        if row[1]:
            assert round(sum(share for share in row[2:] if isinstance(share, int | float)), 6) == 100


async def test_a_month_that_goes_on_is_compared_as_it_stands(database: Database, moment: Moment) -> None:
    await a_portfolio(database, moment)
    await the_days_go_by(database, moment, "2026-09-08")
    await they_pay(database, "A", 10000, number="1")
    await follow.catch_up(database, LIMA)

    rolls = await table_of(database, asked("2026-09-01", "2026-09-08", month="2026-09"), "rolls")

    assert tuple(rolls.rows[1])[:4] == ("Vencido 1-30", 100000, 10, 90)


async def test_money_that_goes_back_was_never_recovered(database: Database, moment: Moment) -> None:
    from console.portfolio.ledger import Payment, PaymentState  # noqa: PLC0415 only here

    await a_portfolio(database, moment)
    await they_pay(database, "A", 10000, number="1")
    await they_pay(database, "B", 20000, number="2")
    await follow.catch_up(database, LIMA)
    async with database.transaction() as tx:
        gone = {"state": PaymentState.REVERSED, "reversed_minor": 10000}
        await tx.execute(update(Payment).where(Payment.external_id == "1").values(**gone))
        await tx.execute(update(Payment).where(Payment.external_id == "2").values(reversed_minor=5000))

    told = await figures_of(database, asked("2026-08-28", "2026-08-28"))

    assert (told["recovered"].value, told["payments"].value) == (15000, 1)
