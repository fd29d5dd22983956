"""The simulated checkout: it believes signed links only, and reports what was paid and given back."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from litestar.testing import TestClient

from integrations.payments import stamped
from integrations.payments.signed import Signed, signature
from integrations.payments.told import Paid, Told, WentBack
from integrations.simulator.app import create_simulator
from integrations.simulator.settings import SimulatorSettings

KEY, SECRET = "a-key-that-signs-links", "a secret that signs reports"


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """What the console was told; it answers 200."""
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200)

    class Client(httpx.AsyncClient):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "transport": httpx.MockTransport(answer)})

    monkeypatch.setattr("integrations.simulator.checkout.httpx.AsyncClient", Client)
    return heard


def visit(client: TestClient[Any], **changed: str) -> httpx.Response:
    values = {
        "reference": "tok123",
        "amount": "412.50",
        "currency": "PEN",
        "expires": str(int(time.time()) + 600),
        "back": "http://127.0.0.1:8000/p/tok123?volver=1",
    }
    signed = {**values, "signature": signature(KEY, values), **changed}
    page: httpx.Response = client.get(f"/simulator/checkout?{urlencode(signed)}", headers={"host": "127.0.0.1"})
    return page


def press(client: TestClient[Any], page: httpx.Response, deed: str) -> httpx.Response:
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    fields = {name: value.replace("&amp;", "&") for name, value in fields.items() if name != "deed"}
    answer: httpx.Response = client.post(
        "/simulator/checkout", data={**fields, "deed": deed}, headers={"host": "127.0.0.1"}
    )
    return answer


def a_client() -> TestClient[Any]:
    settings = SimulatorSettings(payments_key=KEY, payments_secret=SECRET, verify_on_start=False)
    return TestClient(create_simulator(settings))


def test_what_is_paid_and_given_back_is_reported_as_our_own_provider_reads_it(reports: list[httpx.Request]) -> None:
    with a_client() as client:
        paid = press(client, visit(client), "pay")
        assert "Pago recibido" in paid.text
        assert 'href="http://127.0.0.1:8000/p/tok123?volver=1"' in paid.text
        assert "Pago devuelto" in press(client, paid, "refund").text

    provider = Signed(base_url="http://127.0.0.1:8001", key=KEY, secrets=[SECRET])
    told: list[Told] = []
    for report in reports:
        assert str(report.url) == "http://127.0.0.1:8000/webhooks/payments/signed"
        stamped.verify(report.headers["aldia-signature"], report.content, [SECRET], now=time.time())
        told += provider.told(report.content, None)
    first, second = told
    assert isinstance(first, Paid)
    assert isinstance(second, WentBack)
    assert (first.reference, str(first.amount), second.payment_id) == ("tok123", "412.50", first.payment_id)


@pytest.mark.parametrize("changed", [{"amount": "1.00"}, {"back": "https://evil.example"}, {"signature": "é"}])
def test_a_link_that_was_changed_is_not_paid(reports: list[httpx.Request], changed: dict[str, str]) -> None:
    with a_client() as client:
        page = visit(client, **changed)
        assert "no es válido" in page.text
        assert "evil.example" not in page.text
        press(client, page, "pay")

    assert reports == []


def test_a_link_that_is_over_is_not_paid(reports: list[httpx.Request]) -> None:
    values = {
        "reference": "t",
        "amount": "1.00",
        "currency": "PEN",
        "expires": "1000",
        "back": "http://127.0.0.1:8000/",
    }
    with a_client() as client:
        query = urlencode({**values, "signature": signature(KEY, values)})
        assert parse_qs(query)["expires"] == ["1000"]
        page = client.get(f"/simulator/checkout?{query}", headers={"host": "127.0.0.1"})
        assert "venció" in page.text

    assert reports == []
