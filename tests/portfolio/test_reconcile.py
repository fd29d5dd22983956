"""P20: what the provider knows and we do not is found once, however often we look."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from console import clock
from console.portfolio.reconcile import Found, reconcile
from integrations.payments.mercadopago import MercadoPago
from integrations.payments.stripe import Stripe
from integrations.payments.told import NoAnswer, Provider
from tests.inbox.people import actions
from tests.integrations.payments import peers
from tests.integrations.payments.peers import MercadoPagoPeer, StripePeer, a_session, stripe_event
from tests.portfolio.paying import Paying, a_link, paying


@pytest.fixture
async def by_stripe(database_url: str) -> AsyncIterator[Paying]:
    async with paying(database_url, "stripe") as maria:
        yield maria


@pytest.fixture
async def by_mercado_pago(sqlite_database_url: str) -> AsyncIterator[Paying]:
    async with paying(sqlite_database_url, "mercadopago") as maria:
        yield maria


async def look(maria: Paying, provider: Provider) -> Found:
    now = clock.now()
    return await reconcile(maria.house.db, provider, since=now - timedelta(days=1), until=now + timedelta(hours=1))


def event(kind: str, thing: dict[str, Any], event_id: str) -> dict[str, Any]:
    """One after the other, by the number in their names."""
    at = clock.now() + timedelta(seconds=int(event_id.removeprefix("evt_")))
    told: dict[str, Any] = json.loads(stripe_event(kind, thing, event_id=event_id, at=at))
    return told


async def test_gaps_are_found_once_and_what_arrived_is_no_gap(by_stripe: Paying) -> None:
    maria, peer = by_stripe, StripePeer()
    provider = Stripe(peer.client(), base_url=peer.base_url, key=peers.STRIPE_KEY, secrets=[peers.SECRET])
    second = await a_link(maria.house, maria.debt, "stripe", 10000)
    came = event("checkout.session.completed", a_session(second, 10000, payment_intent="pi_2"), "evt_2")
    body = json.dumps(came).encode()
    await maria.post(peers.stripe_headers(body, at=clock.now().timestamp()), body)
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 41250, "currency": "pen"}
    peer.events = [
        event("checkout.session.completed", a_session(maria.token, 41250), "evt_1"),
        came,
        event("charge.refunded", charge, "evt_3"),
        event("checkout.session.expired", a_session(None, 1), "evt_4"),
    ]

    first, again = await look(maria, provider), await look(maria, provider)

    assert (first.seen, again.seen) == (4, 4)
    # The refund was told before its payment, which met it: one gap.
    assert (first.gaps, again.gaps) == (1, 0)
    assert sorted((p.external_id, p.state) for p in await maria.payments()) == [
        ("pi_1", "reversed"),
        ("pi_2", "applied"),
    ]
    assert await maria.balances() == [31250]


async def test_a_payment_of_mercado_pago_that_nobody_told_us_of(by_mercado_pago: Paying) -> None:
    maria, peer = by_mercado_pago, MercadoPagoPeer()
    provider = MercadoPago(peer.client(), base_url=peer.base_url, key=peers.MP_KEY, secrets=[peers.SECRET])
    peer.pays("123", 412.5, maria.token)
    peer.pays("124", 9.9, None, status="rejected")

    assert (await look(maria, provider)).gaps == 1
    assert (await look(maria, provider)).gaps == 0
    assert (await actions(maria.house.db)).count("payment.applied") == 1
    assert await maria.balances() == [0]

    peer.pays("123", 412.5, maria.token, transaction_amount_refunded=12.5, status_detail="partially_refunded")
    assert (await look(maria, provider)).gaps == 1
    assert await maria.balances() == [1250]


async def test_a_provider_that_is_down_is_said(by_stripe: Paying) -> None:
    peer = StripePeer()
    peer.fails_with = 500
    provider = Stripe(peer.client(), base_url=peer.base_url, key=peers.STRIPE_KEY, secrets=[peers.SECRET])

    with pytest.raises(NoAnswer):
        await look(by_stripe, provider)
