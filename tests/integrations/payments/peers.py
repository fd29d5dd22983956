"""Payment providers for tests: small servers that speak their protocols, and sign as they do."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import httpx

from integrations.payments import stamped

MP_KEY = "APP_USR-1234567890-selling"
STRIPE_KEY = "sk_live_a_key_of_the_tests"
SECRET = "a webhook secret of the tests"
SIGNED_KEY = "a key that signs links"


class Peer:
    """A server behind `httpx.MockTransport`: what was asked is kept, and it can be made to fail."""

    base_url = ""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.fails_with: int | Exception | None = None
        self._by_key: dict[str, Any] = {}

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The same server, over a socket."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        url = f"http://peer{scope['path']}?{scope['query_string'].decode()}"
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        answer = self._answer(httpx.Request(scope["method"], url, headers=headers, content=body))
        start = {"type": "http.response.start", "status": answer.status_code}
        await send({**start, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": answer.content})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.fails_with, Exception):
            raise self.fails_with
        if self.fails_with is not None:
            return httpx.Response(self.fails_with, json={"message": "no"})
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        raise NotImplementedError


class MercadoPagoPeer(Peer):
    """Preferences, payments by id, and the search; notifications are signed with `notify`."""

    base_url = "https://api.mercadopago.com"

    def __init__(self) -> None:
        super().__init__()
        self.payments: dict[str, dict[str, Any]] = {}
        self.preferences: list[dict[str, Any]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {MP_KEY}":
            return httpx.Response(401, json={"message": "invalid token"})
        path = request.url.path
        if request.method == "POST" and path == "/checkout/preferences":
            return self._prefer(request)
        if path == "/v1/payments/search":
            offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
            found = sorted(self.payments.values(), key=lambda each: str(each["id"]))
            return httpx.Response(200, json={"results": found[offset : offset + limit]})
        payment = self.payments.get(path.rpartition("/")[2])
        return httpx.Response(200, json=payment) if payment else httpx.Response(404, json={"error": "not_found"})

    def _prefer(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["x-idempotency-key"]
        if key not in self._by_key:
            preference = json.loads(request.content)
            self.preferences.append(preference)
            number = len(self.preferences)
            self._by_key[key] = {
                "id": f"202809963-{number}",
                "init_point": f"https://www.mercadopago.com.pe/checkout/v1/redirect?pref_id={number}",
                "sandbox_init_point": f"https://sandbox.mercadopago.com.pe/checkout?pref_id={number}",
            }
        return httpx.Response(201, json=self._by_key[key])

    def pays(self, payment_id: str, amount: float, reference: str | None, **changed: Any) -> None:
        """A payment as `GET /v1/payments/{id}` shows it."""
        self.payments[payment_id] = {
            "id": int(payment_id),
            "status": "approved",
            "status_detail": "accredited",
            "live_mode": True,
            "transaction_amount": amount,
            "transaction_amount_refunded": 0,
            "currency_id": "PEN",
            "date_approved": "2026-11-20T10:59:30.000-04:00",
            "external_reference": reference,
            "payment_method_id": "visa",
            **changed,
        }


def mp_notice(
    payment_id: str, *, at: float, secret: str = SECRET, request_id: str = "req-1", **changed: Any
) -> tuple[dict[str, str], str, bytes]:
    """Headers, query and body of a notification about a payment."""
    stamp = str(int(at * 1000))
    manifest = f"id:{payment_id.lower()};request-id:{request_id};ts:{stamp};"
    digest = hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
    body = {
        "id": 112233445566,
        "live_mode": True,
        "type": "payment",
        "date_created": "2026-11-20T10:59:31.000-04:00",
        "user_id": 44444,
        "api_version": "v1",
        "action": "payment.updated",
        "data": {"id": payment_id},
        **changed,
    }
    headers = {"x-signature": f"ts={stamp},v1={digest}", "x-request-id": request_id}
    return headers, f"data.id={payment_id}&type=payment", json.dumps(body).encode()


class StripePeer(Peer):
    """Checkout Sessions with Stripe's rule for keys, and the list of events."""

    base_url = "https://api.stripe.com"

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {STRIPE_KEY}":
            return httpx.Response(401, json={"error": {"type": "invalid_request_error"}})
        if request.method == "POST" and request.url.path == "/v1/checkout/sessions":
            return self._session(request)
        if request.url.path == "/v1/events":
            newest = sorted(self.events, key=lambda event: event["created"], reverse=True)
            ids = [event["id"] for event in newest]
            begin = ids.index(request.url.params["starting_after"]) + 1 if "starting_after" in request.url.params else 0
            page = newest[begin : begin + 2]
            return httpx.Response(200, json={"data": page, "has_more": begin + 2 < len(newest)})
        return httpx.Response(404, json={"error": {"type": "invalid_request_error"}})

    def _session(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        key = request.headers["idempotency-key"]
        if key in self._by_key:
            known, answer = self._by_key[key]
            return answer if known == form else httpx.Response(400, json={"error": {"type": "idempotency_error"}})
        self.sessions.append(form)
        number = len(self.sessions)
        answer = httpx.Response(
            200, json={"id": f"cs_live_{number}", "url": f"https://checkout.stripe.com/c/pay/cs_live_{number}"}
        )
        self._by_key[key] = (form, answer)
        return answer


def stripe_event(kind: str, thing: dict[str, Any], *, event_id: str = "evt_1", at: datetime, **changed: Any) -> bytes:
    event = {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": int(at.timestamp()),
        "livemode": True,
        "data": {"object": thing},
        **changed,
    }
    return json.dumps(event).encode()


def a_session(reference: str | None, units: int, **changed: Any) -> dict[str, Any]:
    """A Checkout Session as its events carry it."""
    return {
        "id": "cs_live_1",
        "object": "checkout.session",
        "payment_status": "paid",
        "amount_total": units,
        "currency": "pen",
        "payment_intent": "pi_1",
        "client_reference_id": reference,
        "payment_method_types": ["card"],
        **changed,
    }


def stripe_headers(body: bytes, *, at: float, secret: str = SECRET) -> dict[str, str]:
    return {"stripe-signature": stamped.sign(body, secret, at=int(at))}


def signed_report(kind: str, payment: dict[str, Any], *, event_id: str = "rep-1", live: bool = True) -> bytes:
    """A report of the creditor's own checkout."""
    return json.dumps({"id": event_id, "type": kind, "live": live, "payment": payment}).encode()


def signed_headers(body: bytes, *, at: float, secret: str = SECRET) -> dict[str, str]:
    return {"aldia-signature": stamped.sign(body, secret, at=int(at))}
