"""A console with a payment provider, a debtor who has a link, and what the provider reports about it."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import socket
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import msgspec
from sqlalchemy import select

from console import clock
from console.agents import Team
from console.inbox.models import Conversation
from console.portfolio.ledger import Payment, PaymentLink, PaymentNotice
from console.portfolio.models import Account, Invoice
from tests import prompt
from tests.api.house import House, serving
from tests.inbox import meta
from tests.integrations.payments import peers
from tests.portfolio.debts import Debt, a_debtor

LATE = date(2026, 10, 1)
KEYS = {"mercadopago": peers.MP_KEY, "stripe": peers.STRIPE_KEY, "signed": "a-key-that-signs-links"}
_numbers = itertools.count(1)


def provider_settings(name: str, url: str | None = None, **changed: Any) -> dict[str, Any]:
    """The settings of a provider; nobody answers at its address unless `url` is given."""
    return {
        "payments_provider": name,
        "payments_api_url": url or ("http://127.0.0.1:9/pagar" if name == "signed" else "http://127.0.0.1:9"),
        "payments_api_key": KEYS[name],
        "payments_webhook_secret": peers.SECRET,
        **changed,
    }


class Paying(msgspec.Struct):
    """The house, whose debtor María owes S/ 412.50 and has written; and her link for all of it."""

    house: House
    provider: str
    debt: Debt
    conversation_id: int
    token: str

    async def post(self, headers: dict[str, str], body: bytes, query: str = "") -> httpx.Response:
        """A delivery at the door."""
        async with httpx.AsyncClient(base_url=self.house.url, trust_env=False, timeout=30) as http:
            return await http.post(
                f"/webhooks/payments/{self.provider}{'?' + query if query else ''}", headers=headers, content=body
            )

    async def reports(self, kind: str = "payment.paid", **changed: Any) -> httpx.Response:
        """The creditor's own checkout reports, signed."""
        body = self.report(kind, **changed)
        return await self.post(peers.signed_headers(body, at=clock.now().timestamp()), body)

    def report(
        self, kind: str = "payment.paid", *, event_id: str | None = None, live: bool = True, **changed: Any
    ) -> bytes:
        payment = {
            "id": "op-1",
            "reference": self.token,
            "amount": "412.50",
            "currency": "PEN",
            "method": "efectivo",
            "paid_at": clock.now().isoformat(),
            **changed,
        }
        return peers.signed_report(kind, payment, event_id=event_id or f"rep-{next(_numbers)}", live=live)

    async def balances(self) -> list[int]:
        async with self.house.db.reading() as tx:
            wanted = select(Invoice.balance_minor).where(Invoice.account_id == self.debt.account_id)
            return list(await tx.scalars(wanted.order_by(Invoice.number)))

    async def account(self) -> Account:
        async with self.house.db.reading() as tx:
            return await tx.get_one(Account, self.debt.account_id)

    async def payments(self) -> list[Payment]:
        async with self.house.db.reading() as tx:
            return list(await tx.scalars(select(Payment).order_by(Payment.id)))

    async def notices(self) -> list[PaymentNotice]:
        async with self.house.db.reading() as tx:
            return list(await tx.scalars(select(PaymentNotice).order_by(PaymentNotice.id)))


@contextlib.asynccontextmanager
async def paying(
    database_url: str, provider: str = "signed", url: str | None = None, **changed: Any
) -> AsyncIterator[Paying]:
    async with serving(database_url, **provider_settings(provider, url, **changed)) as house:
        yield await someone_who_pays(house, provider)


async def someone_who_pays(house: House, provider: str) -> Paying:
    """María, who wrote, owes S/ 412.50 since October, and has a link for it."""
    await house.writes(meta.MARIA)
    async with house.db.reading() as tx:
        team_id = (await tx.scalars(select(Team.id))).first()
        conversation_id = (await tx.scalars(select(Conversation.id))).one()
    assert team_id is not None
    debt = await a_debtor(house.db, team_id, phone=meta.MARIA, invoices=[("F-1", LATE, 41250)])
    token = await a_link(house, debt, provider, conversation_id=conversation_id)
    return Paying(house, provider, debt, conversation_id, token)


async def a_link(house: House, debt: Debt, provider: str, minor: int = 41250, **changed: Any) -> str:
    """A link that somebody made a moment ago."""
    token = secrets.token_urlsafe(16)
    values: dict[str, Any] = {
        "amount_minor": minor,
        "currency": "PEN",
        "provider": provider,
        "provider_ref": f"ref-{token}",
        "url": "https://pagos.example/pagar",
        "state": "open",
        "made_by_kind": "agent",
        "made_at": clock.now(),
        "expires_at": clock.now() + timedelta(days=3),
        **changed,
    }
    async with house.db.transaction() as tx:
        tx.add(PaymentLink(token=token, account_id=debt.account_id, **values))
    return token


@contextlib.asynccontextmanager
async def peer_on_loopback(peer: peers.Peer) -> AsyncIterator[str]:
    """A simulated provider behind an address of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with prompt.serving(peer, listening, lifespan="off", log_config=None, access_log=False):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
