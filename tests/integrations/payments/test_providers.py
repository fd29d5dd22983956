"""Each provider by its real protocol: the link it makes, and what its word says about money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations.payments.hosts import checked_base, is_payable
from integrations.payments.mercadopago import MercadoPago
from integrations.payments.signed import Signed, signature
from integrations.payments.stripe import Stripe
from integrations.payments.told import Ask, Asked, Declined, NoAnswer, Nothing, Odd, Paid, Told, WentBack
from tests.integrations.payments import peers
from tests.integrations.payments.peers import MercadoPagoPeer, StripePeer, a_session, stripe_event

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


def asked(amount: str = "412.50", currency: str = "PEN") -> Asked:
    return Asked(
        reference="tok123",
        amount=Decimal(amount),
        currency=currency,
        title="Financiera Andes",
        back_url="https://cobranza.example/p/tok123",
        notify_url="https://cobranza.example/webhooks/payments/x",
        expires_at=NOW + timedelta(hours=20),
    )


# Mercado Pago


def mercadopago(peer: MercadoPagoPeer) -> MercadoPago:
    return MercadoPago(peer.client(), base_url=peer.base_url, key=peers.MP_KEY, secrets=[peers.SECRET])


async def test_mercado_pago_makes_a_preference_once_for_a_key() -> None:
    peer = MercadoPagoPeer()

    made = await mercadopago(peer).create(asked(), key="link-1")
    again = await mercadopago(peer).create(asked(), key="link-1")

    assert made == again
    assert made.url == "https://www.mercadopago.com.pe/checkout/v1/redirect?pref_id=1"
    (preference,) = peer.preferences
    assert preference["items"] == [
        {"title": "Financiera Andes", "quantity": 1, "unit_price": 412.5, "currency_id": "PEN"}
    ]
    assert preference["external_reference"] == "tok123"
    assert preference["expiration_date_to"] == "2026-11-21T11:00:00.000+00:00"
    assert preference["notification_url"] == "https://cobranza.example/webhooks/payments/x"
    assert b'"unit_price":412.50' in peer.asked[0].content, "a number, with its cents as they are"


async def test_a_link_that_leads_elsewhere_is_no_link() -> None:
    peer = MercadoPagoPeer()
    peer._by_key["k"] = {"id": "1", "init_point": "https://mercadopago.com.evil.example/pay"}

    with pytest.raises(Declined):
        await mercadopago(peer).create(asked(), key="k")


def test_a_notification_only_names_the_payment() -> None:
    told = mercadopago(MercadoPagoPeer()).told(b'{"type": "payment", "action": "payment.updated"}', "123")

    assert told == [Ask("123")]
    assert mercadopago(MercadoPagoPeer()).told(b'{"type": "merchant_order"}', "123") == [
        Nothing("topic merchant_order")
    ]


async def look(peer: MercadoPagoPeer, payment_id: str = "123") -> Sequence[Told]:
    return await mercadopago(peer).look(payment_id)


async def test_the_payment_itself_says_whether_it_is_paid() -> None:
    peer = MercadoPagoPeer()
    peer.pays("123", 412.5, "tok123")

    assert await look(peer) == [
        Paid(
            payment_id="123",
            reference="tok123",
            amount=Decimal("412.5"),
            currency="PEN",
            paid_at=datetime(2026, 11, 20, 14, 59, 30, tzinfo=UTC),
            method="visa",
        )
    ]


@pytest.mark.parametrize("status", ["pending", "in_process", "rejected", "cancelled", "authorized", "new one"])
async def test_what_has_not_come_in_is_nothing(status: str) -> None:
    peer = MercadoPagoPeer()
    peer.pays("123", 412.5, "tok123", status=status)

    assert await look(peer) == [Nothing(f"status {status}")]


@pytest.mark.parametrize(
    ("changed", "amount", "reference", "stage"),
    [
        ({"transaction_amount_refunded": 100.1, "status_detail": "partially_refunded"}, "100.1", "refunds", "refunded"),
        ({"status": "refunded", "transaction_amount_refunded": 412.5}, "412.5", "refunds", "refunded"),
        ({"status": "refunded"}, "412.5", "refunds", "refunded"),
        ({"status": "charged_back", "status_detail": "in_process"}, "412.5", "chargeback", "open"),
        ({"status": "charged_back", "status_detail": "settled"}, "412.5", "chargeback", "lost"),
        ({"status": "charged_back", "status_detail": "reimbursed"}, "412.5", "chargeback", "won"),
    ],
)
async def test_what_went_back_is_told_beside_what_was_paid(
    changed: dict[str, Any], amount: str, reference: str, stage: str
) -> None:
    peer = MercadoPagoPeer()
    peer.pays("123", 412.5, "tok123", **changed)

    paid, back = await look(peer)

    assert isinstance(paid, Paid)
    assert back == WentBack(payment_id="123", amount=Decimal(amount), currency="PEN", reference=reference, stage=stage)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"live_mode": False}, "test mode"),
        ({"live_mode": None}, "test mode"),
        ({"id": 999}, "another payment"),
        ({"transaction_amount": "412.50"}, "amount"),
        ({"transaction_amount": None}, "amount"),
        ({"currency_id": 604}, None),
        ({"date_approved": "9999-12-31T23:59:59-05:00"}, "payment"),
    ],
)
async def test_what_is_odd_is_for_a_person(changed: dict[str, Any], why: str | None) -> None:
    peer = MercadoPagoPeer()
    peer.pays("123", 412.5, "tok123")
    peer.payments["123"] |= changed

    told = await look(peer)

    assert told == [Odd(why)] if why else not isinstance(told[0], Nothing)


@pytest.mark.parametrize("failure", [500, 502, 429, 302, httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
async def test_no_answer_is_worth_asking_again(failure: int | Exception) -> None:
    peer = MercadoPagoPeer()
    peer.fails_with = failure

    with pytest.raises(NoAnswer):
        await look(peer)


@pytest.mark.parametrize("failure", [400, 401, 403, 404])
async def test_a_no_is_a_no(failure: int) -> None:
    peer = MercadoPagoPeer()
    peer.fails_with = failure

    with pytest.raises(Declined, match=str(failure)):
        await look(peer)


async def test_what_changed_is_found_page_by_page() -> None:
    peer = MercadoPagoPeer()
    for number in range(120):
        peer.pays(str(1000 + number), 10, None)

    found = [change async for change in mercadopago(peer).changed(NOW - timedelta(days=1), NOW)]

    assert len(found) == 120
    assert len(peer.asked) == 3


# Stripe


def stripe(peer: StripePeer | None = None) -> Stripe:
    peer = peer or StripePeer()
    return Stripe(peer.client(), base_url=peer.base_url, key=peers.STRIPE_KEY, secrets=[peers.SECRET])


async def test_stripe_makes_a_session_once_for_a_key() -> None:
    peer = StripePeer()

    made = await stripe(peer).create(asked(), key="link-1")
    again = await stripe(peer).create(asked(), key="link-1")

    assert made == again
    assert made.url == "https://checkout.stripe.com/c/pay/cs_live_1"
    (session,) = peer.sessions
    assert session["mode"] == "payment"
    assert session["line_items[0][price_data][unit_amount]"] == "41250"
    assert session["line_items[0][price_data][currency]"] == "pen"
    assert session["client_reference_id"] == "tok123"


@pytest.mark.parametrize(("amount", "currency", "units"), [("15000", "CLP", "15000"), ("1.50", "MXN", "150"),
                                                          ("1.500", "KWD", "1500")])  # fmt: skip
async def test_stripe_counts_in_units_of_its_own(amount: str, currency: str, units: str) -> None:
    peer = StripePeer()

    await stripe(peer).create(asked(amount, currency), key="k")

    assert peer.sessions[0]["line_items[0][price_data][unit_amount]"] == units


def told(kind: str, thing: dict[str, Any], **changed: Any) -> Sequence[Told]:
    return stripe().told(stripe_event(kind, thing, at=NOW, **changed), None)


def test_a_paid_session_is_money() -> None:
    assert told("checkout.session.completed", a_session("tok123", 41250)) == [
        Paid(
            payment_id="pi_1",
            reference="tok123",
            amount=Decimal("412.50"),
            currency="PEN",
            paid_at=NOW,
            method="tarjeta",
        )
    ]


def test_a_session_that_waits_for_the_bank_is_not_yet() -> None:
    waiting = a_session("tok123", 41250, payment_status="unpaid")

    assert told("checkout.session.completed", waiting) == [Nothing("not paid yet")]
    assert isinstance(told("checkout.session.async_payment_failed", waiting)[0], Nothing)
    assert isinstance(told("checkout.session.expired", waiting)[0], Nothing)
    (paid,) = told("checkout.session.async_payment_succeeded", a_session("tok123", 41250))
    assert isinstance(paid, Paid)


def test_pesos_of_chile_have_no_cents() -> None:
    (paid,) = told("checkout.session.completed", a_session("tok123", 15000, currency="clp"))

    assert isinstance(paid, Paid)
    assert (paid.amount, paid.currency) == (Decimal(15000), "CLP")


def test_a_refund_is_the_sum_of_all_refunds() -> None:
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount": 41250, "amount_refunded": 10000, "currency": "pen"}

    assert told("charge.refunded", charge) == [WentBack(payment_id="pi_1", amount=Decimal("100.00"), currency="PEN")]


@pytest.mark.parametrize(
    ("status", "stage"), [("needs_response", "open"), ("under_review", "open"), ("lost", "lost"), ("won", "won")]
)
def test_a_dispute_takes_the_money_until_it_is_won(status: str, stage: str) -> None:
    dispute = {
        "id": "dp_1", "payment_intent": "pi_1", "charge": "ch_1", "amount": 41250, "currency": "pen", "status": status,
    }  # fmt: skip

    (back,) = told("charge.dispute.updated", dispute)

    assert back == WentBack(payment_id="pi_1", amount=Decimal("412.50"), currency="PEN", reference="dp_1", stage=stage)


def test_an_inquiry_takes_no_money_but_a_person_should_know() -> None:
    dispute = {"id": "dp_1", "payment_intent": "pi_1", "amount": 1, "currency": "pen", "status": "warning_under_review"}

    assert told("charge.dispute.created", dispute) == [Odd("dispute warning_under_review")]


def test_a_test_mode_event_is_no_money() -> None:
    assert told("checkout.session.completed", a_session("tok123", 41250), livemode=False) == [Odd("test mode")]
    assert told("checkout.session.completed", a_session("tok123", 41250), livemode="true") == [Odd("test mode")]


@pytest.mark.parametrize("changed", [{"amount_total": 412.5}, {"amount_total": "41250"}, {"amount_total": True},
                                     {"currency": None}])  # fmt: skip
def test_an_amount_that_is_no_whole_number_is_for_a_person(changed: dict[str, Any]) -> None:
    assert told("checkout.session.completed", a_session("tok123", 41250, **changed)) == [Odd("amount")]


async def test_all_events_are_found_page_by_page() -> None:
    peer = StripePeer()
    peer.events = [
        json.loads(stripe_event("charge.refunded", {}, event_id=f"evt_{n}", at=NOW + timedelta(seconds=n)))
        for n in range(5)
    ]

    found = [event_id async for event_id, _body, _told in stripe(peer).changed(NOW, NOW + timedelta(days=1))]

    assert found == ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]


# Signed


def signed() -> Signed:
    return Signed(base_url="https://pagos.example/pagar", key=peers.SIGNED_KEY, secrets=[peers.SECRET])


async def test_a_signed_link_says_what_to_charge_and_cannot_be_changed() -> None:
    made = await signed().create(asked(), key="k")

    values = {name: found[0] for name, found in parse_qs(urlsplit(made.url).query).items()}
    given = values.pop("signature")
    assert values == {
        "reference": "tok123",
        "amount": "412.50",
        "currency": "PEN",
        "expires": str(int((NOW + timedelta(hours=20)).timestamp())),
        "back": "https://cobranza.example/p/tok123",
    }
    assert given == signature(peers.SIGNED_KEY, values)
    assert given != signature(peers.SIGNED_KEY, {**values, "amount": "412.51"})
    assert made == await signed().create(asked(), key="other")


def report(kind: str, live: bool = True, **changed: Any) -> Sequence[Told]:
    payment = {
        "id": "op-1", "reference": "tok123", "amount": "412.50", "currency": "PEN", "method": "efectivo",
        "paid_at": "2026-11-20T10:00:00-05:00", **changed,
    }  # fmt: skip
    return signed().told(peers.signed_report(kind, payment, live=live), None)


def test_a_report_of_ones_own_checkout() -> None:
    assert report("payment.paid") == [
        Paid(
            payment_id="op-1",
            reference="tok123",
            amount=Decimal("412.50"),
            currency="PEN",
            paid_at=NOW,
            method="efectivo",
        )
    ]
    assert report("payment.refunded", refunded="100.00") == [
        WentBack(payment_id="op-1", amount=Decimal("100.00"), currency="PEN")
    ]
    assert report("payment.charged_back", chargeback="cb-1", stage="won") == [
        WentBack(payment_id="op-1", amount=Decimal("412.50"), currency="PEN", reference="cb-1", stage="won")
    ]


@pytest.mark.parametrize(
    "changed",
    [{"amount": 412.5}, {"amount": "NaN"}, {"amount": "Infinity"}, {"amount": "1e999999"}, {"currency": "SOLES"},
     {"paid_at": "2026-11-20T10:00:00"}, {"paid_at": "ayer"}, {"id": ""}, {"id": None}],
)  # fmt: skip
def test_a_report_that_is_not_clear_is_for_a_person(changed: dict[str, Any]) -> None:
    assert report("payment.paid", **changed) == [Odd("payment")]


def test_a_rehearsal_is_no_money() -> None:
    assert report("payment.paid", live=False) == [Odd("test mode")]


# Where keys and payers may go


@pytest.mark.parametrize(
    "url", ["http://api.example", "ftp://api.example", "https://u:p@api.example", "https://api.example?x=1", "//x", ""]
)
def test_an_unsafe_address_of_a_provider_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        checked_base(url)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://checkout.stripe.com/c", True),
        ("https://pagos.andes.example/c", True),
        ("http://checkout.stripe.com/c", False),
        ("https://10.0.0.1/c", False),
        ("https://[::1]/c", False),
        ("javascript:alert(1)", False),
        ("https://a@checkout.stripe.com/", False),
        ("https://checkout.stripe.com\\@evil.example/", False),
    ],
)
def test_a_payer_is_sent_only_where_it_is_safe(url: str, fine: bool) -> None:
    assert is_payable(url, "https://api.stripe.com") is fine
