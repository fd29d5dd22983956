"""What the billing system reports over the API: 201 the first time, 200 after that, 409 for another one."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console.agents import Team
from console.portfolio.ledger import Payment
from console.portfolio.models import Account
from tests.api.house import House, Program
from tests.portfolio.debts import Debt, a_debtor

LATE = date(2026, 10, 1)


@pytest.fixture
async def debt(house: House) -> Debt:
    await house.writes("51944218305")
    async with house.db.reading() as tx:
        team_id = (await tx.scalars(select(Team.id))).first()
    assert team_id is not None
    return await a_debtor(house.db, team_id, invoices=[("F001-1", LATE, 41250)], external_id="PR-88213")


def a_body(**changed: Any) -> dict[str, Any]:
    body = {
        "external_id": "pago-1",
        "account": "PR-88213",
        "amount": {"amount": "412.50", "currency": "PEN"},
        "paid_at": "2026-11-05T12:00:00-05:00",
        "method": "transferencia",
        "invoice": "F001-1",
        **changed,
    }
    return {name: value for name, value in body.items() if value is not ...}


async def test_a_payment_is_made_once_and_repeated_for_ever(house: House, program: Program, debt: Debt) -> None:
    first = await program.http.post("/payments", json=a_body())
    again = await program.http.post("/payments", json=a_body())
    other = await program.http.post("/payments", json=a_body(amount={"amount": "412.51", "currency": "PEN"}))

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json()
    assert other.json()["code"] == "external_id_reused"
    told = first.json()
    assert told["status"] == "applied"
    assert told["applied"] == [{"invoice": "F001-1", "amount": {"amount": "412.50", "currency": "PEN"}}]
    assert told["unapplied"] == {"amount": "0.00", "currency": "PEN"}
    async with house.db.reading() as tx:
        assert (await tx.get_one(Account, debt.account_id)).balance_minor == 0


async def test_the_same_moment_written_otherwise_is_the_same_payment(program: Program, debt: Debt) -> None:
    await program.http.post("/payments", json=a_body())

    again = await program.http.post("/payments", json=a_body(paid_at="2026-11-05T17:00:00Z"))

    assert again.status_code == 200


async def test_fifty_at_once_are_one_payment(house: House, program: Program, debt: Debt) -> None:
    answers = await asyncio.gather(*(program.http.post("/payments", json=a_body()) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    async with house.db.reading() as tx:
        assert len((await tx.scalars(select(Payment))).all()) == 1


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"account": "PR-0"}, "unknown_account", "account"),
        ({"invoice": "F001-9"}, "unknown_invoice", "invoice"),
        ({"amount": {"amount": "412.50", "currency": "USD"}}, "currency_mismatch", "amount.currency"),
        ({"amount": {"amount": "0.00", "currency": "PEN"}}, "invalid_amount", "amount.amount"),
        ({"amount": {"amount": "-412.50", "currency": "PEN"}}, "invalid_amount", "amount.amount"),
    ],
)
async def test_what_cannot_be_booked_is_refused_clearly_and_kept(
    program: Program, debt: Debt, changed: dict[str, Any], code: str, field: str
) -> None:
    answer = await program.http.post("/payments", json=a_body(**changed))
    again = await program.http.post("/payments", json=a_body(**changed))

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert again.json()["details"] == answer.json()["details"]
    kept = await program.get(f"/payments/{answer.json()['details']['payment']}")
    assert (kept["status"], kept["applied"]) == ("parked", [])
    async with program.house.db.reading() as tx:
        assert (await tx.get_one(Account, debt.account_id)).balance_minor == 41250


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"amount": {"amount": 412.5, "currency": "PEN"}}, 400, "amount.amount"),
        ({"amount": {"amount": "412.505", "currency": "PEN"}}, 422, "amount.amount"),
        ({"amount": {"amount": "412,50", "currency": "PEN"}}, 422, "amount.amount"),
        ({"amount": {"amount": "1e3", "currency": "PEN"}}, 422, "amount.amount"),
        ({"amount": {"amount": "9" * 16, "currency": "PEN"}}, 422, "amount.amount"),
        ({"amount": {"amount": "1.00", "currency": "pen"}}, 422, "amount.currency"),
        ({"amount": {"amount": "1.00", "currency": "PEN", "tax": "0"}}, 422, "amount.tax"),
        ({"paid_at": "2026-11-05T12:00:00"}, 400, "paid_at"),
        ({"paid_at": "2999-01-01T00:00:00Z"}, 422, "paid_at"),
        ({"paid_at": ...}, 422, "paid_at"),
        ({"note": "x"}, 422, "note"),
        ({"external_id": ""}, 400, "external_id"),
        ({"external_id": "x" * 201}, 400, "external_id"),
        ({"method": "a\0b"}, 400, "method"),
    ],
)
async def test_what_is_no_payment_is_refused_by_name_and_nothing_is_kept(
    program: Program, debt: Debt, changed: dict[str, Any], status: int, field: str
) -> None:
    answer = await program.http.post("/payments", json=a_body(**changed))

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    async with program.house.db.reading() as tx:
        assert (await tx.scalars(select(Payment))).all() == []


async def test_payments_are_listed_by_account_and_by_what_became_of_them(program: Program, debt: Debt) -> None:
    await program.http.post("/payments", json=a_body())
    await program.http.post("/payments", json=a_body(external_id="pago-2", account="PR-0"))

    assert [p["external_id"] for p in await program.walk("/payments", account="PR-88213")] == ["pago-1"]
    assert [p["external_id"] for p in await program.walk("/payments", status="parked")] == ["pago-2"]
    assert [p["external_id"] for p in await program.walk("/payments", limit=1)] == ["pago-1", "pago-2"]


async def test_reporting_needs_its_scope(house: House) -> None:
    async with house.program("payments:read") as reader:
        answer = await reader.http.post("/payments", json=a_body())

    assert (answer.status_code, answer.json()["details"]) == (403, {"scope": "payments:write"})


def a_statement(balance: str) -> dict[str, Any]:
    return {
        "holder": {"name": "María Fernanda Ccori", "phones": ["+51944218305"]},
        "currency": "PEN",
        "invoices": [{"number": "F-1", "due_date": "2026-10-01", "amount": "100.00", "balance": balance}],
    }


async def test_payments_and_statements_of_one_account_at_once_all_count(house: House, program: Program) -> None:
    """Billing states the same debt again and again while payments come: repeating itself is no news."""
    await house.writes("51944218305")
    path = "/accounts/PR-1"
    assert (await program.http.put(path, json=a_statement("100.00"))).status_code in {200, 201}

    async def pays(number: int) -> int:
        body = a_body(external_id=f"pago-{number}", account="PR-1", amount={"amount": "2.00", "currency": "PEN"})
        return (await program.http.post("/payments", json={**body, "invoice": "F-1"})).status_code

    async def states(_number: int) -> int:
        return (await program.http.put(path, json=a_statement("100.00"))).status_code

    program.http.timeout = httpx.Timeout(40)
    async with asyncio.timeout(50):
        answers = await asyncio.gather(*(deed(n) for n in range(6) for deed in (pays, states)))

    assert sorted(answers) == [200] * 6 + [201] * 6
    async with house.db.reading() as tx:
        account = (await tx.scalars(select(Account).where(Account.external_id == "PR-1"))).one()
        assert account.balance_minor == 10000 - 6 * 200


async def test_a_statement_that_differs_replaces_what_payments_had_left(house: House, program: Program) -> None:
    path = "/accounts/PR-1"
    await program.http.put(path, json=a_statement("100.00"))
    await program.http.post("/payments", json=a_body(account="PR-1", invoice="F-1", amount=TEN))

    await program.http.put(path, json=a_statement("90.00"))

    async with house.db.reading() as tx:
        account = (await tx.scalars(select(Account).where(Account.external_id == "PR-1"))).one()
        assert account.balance_minor == 9000


TEN = {"amount": "10.00", "currency": "PEN"}
