"""Only a fresh delivery of the provider's own is believed, whatever a forger writes into its headers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.payments import stamped
from integrations.payments.choosing import NAMES, provider_of
from integrations.payments.mercadopago import MercadoPago
from integrations.payments.signed import Signed
from integrations.payments.stripe import Stripe
from integrations.payments.told import Forged, Provider
from tests.integrations.payments import peers
from tests.integrations.payments.peers import SECRET

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC).timestamp()
BODY = b'{"id": "evt_1", "livemode": true}'
Delivery = tuple[dict[str, str], dict[str, str], bytes]


def a_provider(name: str, *secrets: str) -> Provider:
    keys = {"mercadopago": peers.MP_KEY, "stripe": peers.STRIPE_KEY, "signed": peers.SIGNED_KEY}
    base = "https://pagos.example/pagar" if name == "signed" else None
    return provider_of(httpx.AsyncClient(), name=name, base_url=base, key=keys[name], secrets=secrets or (SECRET,))


def a_delivery(name: str, *, at: float = NOW, secret: str = SECRET) -> Delivery:
    if name == "mercadopago":
        headers, _query, body = peers.mp_notice("123456", at=at, secret=secret)
        return headers, {"data.id": "123456", "type": "payment"}, body
    sign = peers.stripe_headers if name == "stripe" else peers.signed_headers
    return sign(BODY, at=at, secret=secret), {}, BODY


@pytest.mark.parametrize("name", NAMES)
def test_its_own_delivery_is_believed(name: str) -> None:
    headers, query, body = a_delivery(name)

    notice = a_provider(name).verify(headers, query, body, now=NOW)

    assert notice.event_id == ("evt_1" if name != "mercadopago" else f"123456/req-1/{int(NOW * 1000)}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("off", [-301, 301, -86400, 86400])
def test_what_is_five_minutes_off_is_not(name: str, off: float) -> None:
    headers, query, body = a_delivery(name, at=NOW + off)

    with pytest.raises(Forged, match="old"):
        a_provider(name).verify(headers, query, body, now=NOW)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("off", [-299, 299])
def test_what_is_a_little_off_is(name: str, off: float) -> None:
    headers, query, body = a_delivery(name, at=NOW + off)

    a_provider(name).verify(headers, query, body, now=NOW)


@pytest.mark.parametrize("name", NAMES)
def test_another_secret_signs_nothing(name: str) -> None:
    headers, query, body = a_delivery(name, secret="another secret")

    with pytest.raises(Forged):
        a_provider(name).verify(headers, query, body, now=NOW)


@pytest.mark.parametrize("name", NAMES)
def test_while_a_secret_is_rolled_both_are_believed_and_afterwards_only_the_new_one(name: str) -> None:
    headers, query, body = a_delivery(name, secret="the old secret")

    a_provider(name, "the new secret", "the old secret").verify(headers, query, body, now=NOW)
    with pytest.raises(Forged):
        a_provider(name, "the new secret").verify(headers, query, body, now=NOW)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_secret_there_is_no_provider(name: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        provider_of(
            httpx.AsyncClient(), name=name, base_url="https://pagos.example", key=peers.SIGNED_KEY.replace(" ", "-"),
            secrets=("", "  "),
        )  # fmt: skip


@pytest.mark.parametrize("name", ["stripe", "signed"])
def test_one_changed_byte_of_the_body_is_another_body(name: str) -> None:
    headers, query, body = a_delivery(name)

    with pytest.raises(Forged):
        a_provider(name).verify(headers, query, body.replace(b"evt_1", b"evt_2"), now=NOW)


def test_mercado_pago_signs_the_payment_of_the_address() -> None:
    headers, query, body = a_delivery("mercadopago")
    provider = a_provider("mercadopago")

    for changed in ({**query, "data.id": "999999"}, {**query, "data.id": ""}, {}):
        with pytest.raises(Forged):
            provider.verify(headers, changed, body, now=NOW)
    with pytest.raises(Forged):
        provider.verify({**headers, "x-request-id": "req-2"}, query, body, now=NOW)


def test_of_several_signatures_one_is_enough() -> None:
    header = stamped.sign(BODY, SECRET, at=int(NOW))
    stamp, right = header.split(",")
    rolled = ",".join([stamp, "v1=" + "0" * 64, right, "v0=" + "1" * 64])

    a_provider("stripe").verify({"stripe-signature": rolled}, {}, BODY, now=NOW)


@pytest.mark.parametrize(
    "forge",
    [
        lambda _header: None,
        lambda _header: "",
        lambda header: header.replace("v1=", "v0="),
        lambda header: header.replace("v1=", "V1="),
        lambda header: header.upper(),
        lambda header: header + ",t=1",
        lambda header: header.replace("t=", "t=-"),
        lambda _header: "t=" + "9" * 400 + ",v1=" + "0" * 64,
        lambda header: header[:-1],
        lambda header: header[:-2] + "é0",
        lambda header: header.split(",")[1],
    ],
)
def test_a_header_that_is_not_as_it_should_be_is_refused(forge: Callable[[str], Any]) -> None:
    forged = forge(stamped.sign(BODY, SECRET, at=int(NOW)))

    for name, field in (("stripe", "stripe-signature"), ("signed", "aldia-signature"), ("mercadopago", "x-signature")):
        with pytest.raises(Forged):
            a_provider(name).verify({field: forged} if forged is not None else {}, {}, BODY, now=NOW)


@given(st.text(), st.text(), st.binary(max_size=200))
def test_nothing_that_strangers_send_breaks_it(header: str, other: str, body: bytes) -> None:
    for name, field in (("stripe", "stripe-signature"), ("signed", "aldia-signature"), ("mercadopago", "x-signature")):
        with pytest.raises(Forged):
            a_provider(name).verify({field: header, "x-request-id": other}, {"data.id": other}, body, now=NOW)


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "type", "data", "object", "livemode", "live", "payment", "amount", "amount_total"]),
        inner, max_size=4)).map(lambda tree: json.dumps(tree).encode()))  # fmt: skip
def test_a_signed_body_of_any_kind_is_read_without_a_mishap(body: bytes) -> None:
    for provider in (a_provider("stripe"), a_provider("signed"), a_provider("mercadopago")):
        provider.told(body, "123")


def test_a_key_is_never_shown() -> None:
    for provider in (
        MercadoPago(httpx.AsyncClient(), base_url="https://api.mercadopago.com", key=peers.MP_KEY, secrets=[SECRET]),
        Stripe(httpx.AsyncClient(), base_url="https://api.stripe.com", key=peers.STRIPE_KEY, secrets=[SECRET]),
        Signed(base_url="https://pagos.example", key=peers.SIGNED_KEY, secrets=[SECRET]),
    ):
        assert peers.MP_KEY not in repr(provider)
        assert SECRET not in repr(provider)
