"""Signed links, for whoever has neither provider: their own checkout is told what to charge, and reports back, signed.

The link: `<checkout>?reference=…&amount=412.50&currency=PEN&expires=<unix>&back=…&signature=<hex>`, the signature the
HMAC-SHA256 under the link key of these five values, one a line, after a first line `aldia-link-v1`. The report: a POST
of JSON with `Aldia-Signature: t=<unix>,v1=<hex>`, the HMAC-SHA256 under the webhook secret of `<t>.<body>`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from integrations.payments import stamped
from integrations.payments.hosts import checked_base
from integrations.payments.told import Asked, Change, Made, Nothing, Notice, Odd, Paid, Told, WentBack
from integrations.payments.wire import Tree, part, text_of, tree_of

HEADER = "aldia-signature"
_SHORTEST_KEY = 16
_STAGES = frozenset({"open", "won", "lost"})


class Signed:
    """The creditor's own checkout at `base_url`. `key` signs links, `secrets` are what its reports are signed with."""

    name = "signed"
    title = "Enlace firmado"
    longest_life = 30 * 24 * 3600

    def __init__(self, *, base_url: str, key: str, secrets: Sequence[str]) -> None:
        self._checkout = checked_base(base_url)
        self._secrets = tuple(secret for secret in secrets if secret.strip())
        if not self._secrets:
            raise ValueError("a payment provider without a webhook secret would believe anybody")
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"the key that signs links has at least {_SHORTEST_KEY} characters")
        self._key = key

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, *, now: float) -> Notice:
        """The report, if it is signed and at most five minutes old; a repeated one has the same id."""
        del query
        stamped.verify(headers.get(HEADER), body, self._secrets, now=now)
        event_id = text_of((tree_of(body) or {}).get("id"))
        return Notice(event_id or f"unreadable:{stamped.fingerprint(body)}")

    def told(self, body: bytes, subject: str | None) -> Sequence[Told]:
        """What a report says: payment.paid, payment.refunded (the sum of all refunds), payment.charged_back."""
        del subject
        tree = tree_of(body)
        if tree is None:
            return [Odd("unreadable")]
        return [_read(tree) if tree.get("live") is True else Odd("test mode")]

    async def look(self, payment_id: str) -> Sequence[Told]:
        """Reports carry what they speak of: there is nobody to ask."""
        return [Nothing(f"nobody to ask about {payment_id}"[:80])]

    async def changed(self, since: datetime, until: datetime) -> AsyncIterator[Change]:
        """Nothing: there is nobody to ask."""
        del since, until
        nothing: list[Change] = []
        for change in nothing:
            yield change

    async def create(self, asked: Asked, *, key: str) -> Made:
        """The link; nobody needs to be called. The same request gives the same link."""
        del key
        values = {
            "reference": asked.reference,
            "amount": f"{asked.amount:f}",
            "currency": asked.currency,
            "expires": str(int(asked.expires_at.timestamp())),
            "back": asked.back_url,
        }
        query = urlencode({**values, "signature": signature(self._key, values)})
        return Made(asked.reference, f"{self._checkout}?{query}")


def signature(key: str, values: Mapping[str, str]) -> str:
    """Of a link: over its five values in this order, one a line."""
    lines = ["aldia-link-v1", *(values[name] for name in ("reference", "amount", "currency", "expires", "back"))]
    return hmac.new(key.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def _read(report: Tree) -> Told:
    payment = part(report, "payment")
    match text_of(report.get("type")):
        case "payment.paid":
            return _paid(payment)
        case "payment.refunded":
            return _back(payment, "refunded", reference="refunds", stage="refunded")
        case "payment.charged_back":
            stage, reference = text_of(payment.get("stage")) or "", text_of(payment.get("chargeback"))
            if stage not in _STAGES or reference is None:
                return Odd("chargeback")
            return _back(payment, "amount", reference=reference, stage=stage)
        case kind:
            return Nothing(f"type {kind}"[:80])


def _paid(payment: Tree) -> Told:
    payment_id, amount, currency = text_of(payment.get("id")), _amount(payment, "amount"), _currency(payment)
    paid_at = _moment(payment.get("paid_at"))
    if payment_id is None or amount is None or currency is None or paid_at is None:
        return Odd("payment")
    return Paid(
        payment_id=payment_id,
        reference=text_of(payment.get("reference")),
        amount=amount,
        currency=currency,
        paid_at=paid_at,
        method=text_of(payment.get("method")),
    )


def _back(payment: Tree, field: str, *, reference: str, stage: str) -> Told:
    payment_id, amount, currency = text_of(payment.get("id")), _amount(payment, field), _currency(payment)
    if payment_id is None or amount is None or currency is None:
        return Odd("payment")
    return WentBack(payment_id=payment_id, amount=amount, currency=currency, reference=reference, stage=stage)


def _amount(payment: Tree, field: str) -> Decimal | None:
    """`"412.50"`: a text, as numbers of JSON lose cents in some programs."""
    text = payment.get(field)
    if not isinstance(text, str) or len(text) > 24 or not text.isascii():
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < 10**15 else None


def _currency(payment: Tree) -> str | None:
    return text_of(payment.get("currency"), 3)


def _moment(value: object) -> datetime | None:
    """An instant with a zone; None for what is none, and for a day that other zones do not have."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
