"""Stripe: Checkout Sessions to pay with, and signed events that carry what they speak of.

https://docs.stripe.com/api/checkout/sessions, https://docs.stripe.com/webhooks, https://docs.stripe.com/currencies
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from integrations.payments import stamped
from integrations.payments.hosts import is_payable
from integrations.payments.told import (
    Asked,
    Change,
    Declined,
    Made,
    NoAnswer,
    Nothing,
    Notice,
    Odd,
    Paid,
    Told,
    WentBack,
)
from integrations.payments.wire import Tree, Wire, part, text_of, tree_of

BASE_URL = "https://api.stripe.com"
_ZERO_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"],
)
_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_PAYING = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    },
)
_DISPUTES = "charge.dispute."
# An inquiry withdraws no money; it may become a dispute later.
_INQUIRIES = frozenset({"warning_needs_response", "warning_under_review", "warning_closed", "prevented"})
EVENTS = (*sorted(_PAYING), "charge.refunded", *(f"{_DISPUTES}{what}" for what in (
    "created", "updated", "funds_withdrawn", "funds_reinstated", "closed")))  # fmt: skip
"""The events to subscribe to."""
_PAGE = 100
_MOST_PAGES = 200


class Stripe:
    """One Stripe account. Keys say whether they are of money or of the test mode (sk_test_, rk_test_)."""

    name = "stripe"
    title = "Stripe"
    # A session lives for 24 hours at most; a little less, so that both clocks agree.
    longest_life = 24 * 3600 - 300

    def __init__(self, http: httpx.AsyncClient, *, base_url: str, key: str, secrets: Sequence[str]) -> None:
        self._wire = Wire(http, base_url=base_url, key=key)
        self._secrets = tuple(secret for secret in secrets if secret.strip())
        if not self._secrets:
            raise ValueError("a payment provider without a webhook secret would believe anybody")
        self._is_live = "_test_" not in key[:9]

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, *, now: float) -> Notice:
        """Stripe-Signature over the raw body, at most five minutes old. The event's id names it for ever."""
        del query
        stamped.verify(headers.get("stripe-signature"), body, self._secrets, now=now)
        event_id = text_of((tree_of(body) or {}).get("id"))
        return Notice(event_id or f"unreadable:{stamped.fingerprint(body)}")

    def told(self, body: bytes, subject: str | None) -> Sequence[Told]:
        """What an event says."""
        del subject
        tree = tree_of(body)
        return [Odd("unreadable")] if tree is None else self._read(tree)

    async def look(self, payment_id: str) -> Sequence[Told]:
        """Events carry what they speak of: there is nothing to ask."""
        return [Nothing(f"nothing to ask about {payment_id}"[:80])]

    async def create(self, asked: Asked, *, key: str) -> Made:
        """A Checkout Session of one payment. `client_reference_id` comes back in its events."""
        form = {
            "mode": "payment",
            "client_reference_id": asked.reference,
            "success_url": asked.back_url,
            "cancel_url": asked.back_url,
            "expires_at": str(int(asked.expires_at.timestamp())),
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": asked.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(_in_units(asked.amount, asked.currency)),
            "line_items[0][price_data][product_data][name]": asked.title,
            "metadata[reference]": asked.reference,
            "payment_intent_data[metadata][reference]": asked.reference,
        }
        answer = await self._wire.call("POST", "/v1/checkout/sessions", headers={"Idempotency-Key": key}, form=form)
        ref, url = text_of(answer.get("id")), answer.get("url")
        if ref is None or not isinstance(url, str):
            raise NoAnswer("a session without an address")
        # Sessions may be shown on a domain of the account's own.
        if not is_payable(url, self._wire.base_url):
            raise Declined("an address that is not https")
        return Made(ref, url)

    async def changed(self, since: datetime, until: datetime) -> AsyncIterator[Change]:
        """Every event of the kinds we follow, the newest first (`GET /v1/events`; Stripe keeps them for 30 days)."""
        params = {"created[gte]": str(int(since.timestamp())), "created[lte]": str(int(until.timestamp()))}
        params["limit"] = str(_PAGE)
        params |= {f"types[{number}]": name for number, name in enumerate(EVENTS)}
        for _page in range(_MOST_PAGES):
            answer = await self._wire.call("GET", "/v1/events", params=params)
            found = answer.get("data")
            rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            for row in rows:
                if event_id := text_of(row.get("id")):
                    yield event_id, json.dumps(row, default=str).encode(), self._read(row)
            if not rows or answer.get("has_more") is not True:
                return
            params["starting_after"] = text_of(rows[-1].get("id")) or ""
        raise NoAnswer("the list of events does not end")

    def _read(self, event: Tree) -> Sequence[Told]:
        kind, thing = text_of(event.get("type")) or "", part(part(event, "data"), "object")
        if event.get("livemode") is not self._is_live:
            return [Odd("test mode")]
        if kind in _PAYING:
            return [_session(kind, thing, _instant(event.get("created")))]
        if kind == "charge.refunded":
            return [_back(thing, "amount_refunded", reference="refunds", stage="refunded")]
        if kind.startswith(_DISPUTES):
            return [_dispute(thing)]
        return [Nothing(f"event {kind}"[:80])]


def _session(kind: str, session: Tree, at: datetime | None) -> Told:
    if kind.endswith(("failed", "expired")):
        return Nothing(kind)
    if session.get("payment_status") != "paid":
        return Nothing("not paid yet")
    amount, currency = _amount(session, "amount_total")
    payment_id = text_of(session.get("payment_intent")) or text_of(session.get("id"))
    if amount is None or currency is None or payment_id is None or at is None:
        return Odd("amount")
    return Paid(
        payment_id=payment_id,
        reference=text_of(session.get("client_reference_id")),
        amount=amount,
        currency=currency,
        paid_at=at,
        method="tarjeta" if session.get("payment_method_types") == ["card"] else None,
    )


def _dispute(dispute: Tree) -> Told:
    status, reference = text_of(dispute.get("status")) or "", text_of(dispute.get("id"))
    if status in _INQUIRIES:
        return Odd(f"dispute {status}")
    if reference is None:
        return Odd("dispute")
    return _back(dispute, "amount", reference=reference, stage=status if status in {"won", "lost"} else "open")


def _back(thing: Tree, field: str, *, reference: str, stage: str) -> Told:
    amount, currency = _amount(thing, field)
    payment_id = text_of(thing.get("payment_intent")) or text_of(thing.get("charge")) or text_of(thing.get("id"))
    if amount is None or currency is None or payment_id is None:
        return Odd("amount")
    return WentBack(payment_id=payment_id, amount=amount, currency=currency, reference=reference, stage=stage)


def _amount(thing: Tree, field: str) -> tuple[Decimal | None, str | None]:
    """Stripe counts in whole units of its own: hundredths, but for the currencies it lists."""
    units, currency = thing.get(field), text_of(thing.get("currency"), 3)
    if isinstance(units, bool) or not isinstance(units, int) or abs(units) >= 10**15 or currency is None:
        return None, None
    return Decimal(units).scaleb(-_decimals(currency.upper())), currency.upper()


def _in_units(amount: Decimal, currency: str) -> int:
    scaled = amount.scaleb(_decimals(currency))
    if scaled != int(scaled):
        raise Declined("an amount with more decimals than Stripe knows")
    return int(scaled)


def _decimals(currency: str) -> int:
    return 0 if currency in _ZERO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2


def _instant(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 10**11:
        return None
    return datetime.fromtimestamp(seconds, UTC)
