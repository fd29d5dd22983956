"""Mercado Pago: checkout preferences, notifications that only name a payment, and the payment itself as the truth.

https://www.mercadopago.com/developers/en/docs/checkout-pro and .../your-integrations/notifications/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import msgspec

from integrations.payments import stamped
from integrations.payments.hosts import is_payable
from integrations.payments.stamped import TOLERANCE, digest_of
from integrations.payments.told import (
    Ask,
    Asked,
    Change,
    Declined,
    Forged,
    Made,
    NoAnswer,
    Nothing,
    Notice,
    Odd,
    Paid,
    Told,
)
from integrations.payments.told import WentBack as Back
from integrations.payments.wire import Tree, Wire, amount_of, text_of, tree_of

BASE_URL = "https://api.mercadopago.com"
DOMAINS = tuple(
    f"mercadopago.{ending}" for ending in ("com", "com.ar", "com.br", "com.co", "com.ec", "com.mx", "com.pe", "com.uy",
                                           "com.ve", "cl")
)  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_REQUEST_ID = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,128}", re.ASCII)
_MILLISECONDS = 13
_PAGE = 50
_MOST_PAGES = 200
_NUMBERS = msgspec.json.Encoder(decimal_format="number")

# What a payment's status says about the money: it has come in (and may have gone back since), or has not.
_CAME = frozenset({"approved", "refunded", "charged_back", "in_mediation"})
_CHARGEBACKS = {"settled": "lost", "reimbursed": "won", "in_process": "open"}


class MercadoPago:
    """One seller's application. A key that begins with TEST- sees only payments that are no money."""

    name = "mercadopago"
    title = "Mercado Pago"
    longest_life = 30 * 24 * 3600

    def __init__(self, http: httpx.AsyncClient, *, base_url: str, key: str, secrets: Sequence[str]) -> None:
        self._wire = Wire(http, base_url=base_url, key=key)
        self._secrets = _usable(secrets)
        self._is_live = not key.startswith("TEST-")

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, *, now: float) -> Notice:
        """x-signature is `ts=…,v1=…`, v1 the HMAC of `id:<data.id of the address>;request-id:<…>;ts:<…>;`.

        It doesn't cover the body: only the payment's id is to be believed, and is all that is used.
        """
        del body
        stamp, given = _signature(headers.get("x-signature"))
        subject, request_id = query.get("data.id", ""), headers.get("x-request-id", "")
        if not _ID.fullmatch(subject) or not _REQUEST_ID.fullmatch(request_id):
            raise Forged("nothing signed")
        # Ids with letters are signed in lower case.
        manifest = f"id:{subject.lower()};request-id:{request_id};ts:{stamp};".encode()
        matches = False
        for secret in self._secrets:
            matches |= hmac.compare_digest(hmac.digest(secret.encode(), manifest, hashlib.sha256), given)
        if not matches:
            raise Forged("signature")
        seconds = int(stamp) / 1000 if len(stamp) >= _MILLISECONDS else int(stamp)
        if abs(now - seconds) > TOLERANCE:
            raise Forged("too old")
        return Notice(f"{subject}/{request_id}/{stamp}", subject)

    def told(self, body: bytes, subject: str | None) -> Sequence[Told]:
        """Whatever the body says, the payment is asked for; only other topics are told apart by it."""
        tree = tree_of(body) or {}
        topic = text_of(tree.get("type")) or text_of(tree.get("topic")) or "payment"
        if topic != "payment" or subject is None:
            return [Nothing(f"topic {topic}"[:80])]
        return [Ask(subject)]

    async def look(self, payment_id: str) -> Sequence[Told]:
        """`GET /v1/payments/{id}`, as paid and as gone back as it says it is."""
        if not _ID.fullmatch(payment_id):
            return [Odd("id")]
        return self._read(await self._wire.call("GET", f"/v1/payments/{payment_id}"), payment_id)

    async def create(self, asked: Asked, *, key: str) -> Made:
        """A preference of one item, payable until it expires. `external_reference` comes back in the payment."""
        wanted = {
            "items": [
                {"title": asked.title, "quantity": 1, "unit_price": asked.amount, "currency_id": asked.currency},
            ],
            "external_reference": asked.reference,
            "back_urls": dict.fromkeys(("success", "failure", "pending"), asked.back_url),
            "expires": True,
            "expiration_date_to": asked.expires_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        }
        # They refuse addresses that are not public.
        if asked.notify_url.startswith("https://"):
            wanted["notification_url"] = asked.notify_url
        headers = {"Content-Type": "application/json", "X-Idempotency-Key": key}
        answer = await self._wire.call(
            "POST", "/checkout/preferences", headers=headers, content=_NUMBERS.encode(wanted)
        )
        ref = text_of(answer.get("id"))
        url = answer.get("init_point" if self._is_live else "sandbox_init_point")
        if ref is None or not isinstance(url, str):
            raise NoAnswer("a preference without an address")
        if not is_payable(url, self._wire.base_url, domains=DOMAINS):
            raise Declined("an address that is not Mercado Pago's")
        return Made(ref, url)

    async def changed(self, since: datetime, until: datetime) -> AsyncIterator[Change]:
        """Every payment that changed between two moments, as `look` gives each (`GET /v1/payments/search`)."""
        for page in range(_MOST_PAGES):
            params = {
                "range": "date_last_updated",
                "begin_date": since.astimezone(UTC).isoformat(timespec="milliseconds"),
                "end_date": until.astimezone(UTC).isoformat(timespec="milliseconds"),
                "sort": "date_last_updated",
                "criteria": "asc",
                "limit": str(_PAGE),
                "offset": str(page * _PAGE),
            }
            answer = await self._wire.call("GET", "/v1/payments/search", params=params)
            found = answer.get("results")
            rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            for row in rows:
                payment_id = text_of(row.get("id")) or ""
                body = json.dumps(row, default=str, sort_keys=True).encode()
                # The same payment, changed again, is another event.
                yield f"found/{payment_id}/{stamped.fingerprint(body)[:32]}", body, self._read(row, payment_id)
            if len(rows) < _PAGE:
                return
        raise NoAnswer("the search does not end")

    def _read(self, payment: Tree, payment_id: str) -> Sequence[Told]:
        if text_of(payment.get("id")) != payment_id:
            return [Odd("another payment")]
        if payment.get("live_mode") is not self._is_live:
            return [Odd("test mode")]
        status = text_of(payment.get("status")) or ""
        if status not in _CAME:
            return [Nothing(f"status {status}"[:80])]
        amount, currency = amount_of(payment.get("transaction_amount")), text_of(payment.get("currency_id"), 3)
        paid_at = _moment(payment.get("date_approved"))
        if amount is None or currency is None:
            return [Odd("amount")]
        if paid_at is None:
            # Mediated before it was ever approved nothing has come in; on a day that we cannot read something has.
            never = payment.get("date_approved") is None
            return [Nothing(f"status {status}, never approved") if never else Odd("payment")]
        paid = Paid(
            payment_id=payment_id,
            reference=text_of(payment.get("external_reference")),
            amount=amount,
            currency=currency,
            paid_at=paid_at,
            method=text_of(payment.get("payment_method_id")),
        )
        return [paid, *_gone(payment, paid)]


def _gone(payment: Tree, paid: Paid) -> list[Told]:
    status, detail = payment.get("status"), text_of(payment.get("status_detail")) or ""
    refunded = amount_of(payment.get("transaction_amount_refunded")) or Decimal(0)
    if status == "refunded" and refunded == 0:
        refunded = paid.amount
    told: list[Told] = []
    if refunded > 0:
        told.append(Back(payment_id=paid.payment_id, amount=refunded, currency=paid.currency))
    if status == "charged_back":
        stage = _CHARGEBACKS.get(detail, "open")
        rest = paid.amount - refunded
        told.append(
            Back(
                payment_id=paid.payment_id,
                amount=rest,
                currency=paid.currency,
                reference="chargeback",
                stage=stage,
            ),
        )
    return told


def _signature(header: str | None) -> tuple[str, bytes]:
    pairs = dict(part.strip().partition("=")[::2] for part in (header or "")[:400].split(","))
    stamp, given = pairs.get("ts", "").strip(), digest_of(pairs.get("v1", "").strip())
    if given is None or not stamp.isascii() or not stamp.isdigit() or len(stamp) > _MILLISECONDS + 2:
        raise Forged("no signature")
    return stamp, given


def _moment(value: object) -> datetime | None:
    """An instant with a zone; None for what is none, and for a day that other zones do not have."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _usable(secrets: Sequence[str]) -> tuple[str, ...]:
    usable = tuple(secret for secret in secrets if secret.strip())
    if not usable:
        raise ValueError("a payment provider without a webhook secret would believe anybody")
    return usable
