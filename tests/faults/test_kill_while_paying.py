"""kill -9 between a payment notice and its receipt: booked once, thanked once (P12), whoever repeats the notice."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from console import audit, clock
from console.agents import Team
from console.db import Database
from console.inbox.models import Conversation, Message
from console.portfolio.ledger import Payment, PaymentLink
from console.portfolio.models import Account
from tests.conftest import SECRET_KEY
from tests.faults import ledger
from tests.faults.product import Product, a_product
from tests.integrations.payments import peers
from tests.patience import eventually
from tests.portfolio.debts import a_debtor
from tests.portfolio.paying import LATE

pytestmark = pytest.mark.timeout(240)
MARIA, PHONE = "maria-fernanda-ccori", "51944218305"
PROVIDER = {
    "PAYMENTS_PROVIDER": "signed",
    "PAYMENTS_API_URL": "http://127.0.0.1:9/pagar",
    "PAYMENTS_API_KEY": "a-key-that-signs-links",
    "PAYMENTS_WEBHOOK_SECRET": peers.SECRET,
}


@pytest.mark.parametrize("place", ["payments.kept", "payments.booked"])
async def test_killed_while_a_payment_is_booked(sqlite_database_url: str, tmp_path: Path, place: str) -> None:
    with a_product(tmp_path, sqlite_database_url, **PROVIDER) as product:
        product.start_simulator()
        product.start(f"{place}=kill:1")
        product.simulated("POST", f"/personas/{MARIA}/messages", json={"type": "text", "text": "ya voy a pagar"})
        token = await eventually(lambda: _link(sqlite_database_url), within=20)
        assert isinstance(token, str)
        body = peers.signed_report(
            "payment.paid",
            {"id": "op-1", "reference": token, "amount": "412.50", "currency": "PEN",
             "paid_at": clock.now().isoformat()},
        )  # fmt: skip

        with contextlib.suppress(httpx.HTTPError):
            _knock(product, body)
        await eventually(lambda: product.died, within=20)
        product.start()
        # The provider was never answered: it tells again.
        assert _knock(product, body) == 200

        await eventually(lambda: _receipts(product) == 1, within=90)

    facts = await _facts(sqlite_database_url)
    assert facts == {"payments": 1, "receipts": 1, "balance": 0}
    await ledger.history_is_whole(sqlite_database_url)


def _knock(product: Product, body: bytes) -> int:
    headers = peers.signed_headers(body, at=clock.now().timestamp())
    address = f"{product.address}/webhooks/payments/signed"
    return httpx.post(address, content=body, headers=headers, timeout=10).status_code


def _receipts(product: Product) -> int:
    chat: list[dict[str, Any]] = product.simulated("GET", f"/threads/{MARIA}")["messages"]
    return sum("Recibimos su pago" in (it.get("text") or "") for it in chat if not it["mine"])


async def _link(database_url: str) -> str | None:
    """María's link, once she has a conversation."""
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.reading() as tx:
            team_id = (await tx.scalars(select(Team.id))).first()
            if team_id is None or await tx.scalar(select(Conversation.id)) is None:
                return None
        debt = await a_debtor(database, team_id, phone=PHONE, invoices=[("F-1", LATE, 41250)])
        async with database.transaction() as tx:
            link = PaymentLink(token="x" * 22, account_id=debt.account_id, amount_minor=41250, currency="PEN")
            link.provider, link.state, link.made_by_kind = "signed", "open", "agent"
            link.made_at, link.expires_at = clock.now(), None
            tx.add(link)
        return link.token
    finally:
        await database.close()


async def _facts(database_url: str) -> dict[str, int]:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.reading() as tx:
            sent = select(func.count()).where(Message.client_key.like("payment:%"))
            return {
                "payments": await tx.scalar(select(func.count(Payment.id))) or 0,
                "receipts": await tx.scalar(sent) or 0,
                "balance": (await tx.scalars(select(Account.balance_minor))).one(),
            }
    finally:
        await database.close()
