"""A signature with its time: `t=1700000000,v1=<hex>` over `<t>.<body>`, as Stripe signs and as our own protocol does.

https://docs.stripe.com/webhooks#verify-manually
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from integrations.payments.told import Forged

TOLERANCE = 300
"""Seconds a delivery may be old, or ahead of our clock."""
_LONGEST = 2000
_DIGEST = 64
_HEX = frozenset("0123456789abcdef")


def verify(header: str | None, body: bytes, secrets: Sequence[str], *, now: float) -> None:
    """Raise Forged unless one of the header's v1 signatures is of exactly these bytes, by one of `secrets`, and fresh.

    Several v1 come while a secret is being rolled. Other schemes (v0) are ignored, as Stripe asks.
    """
    stamp, given = _read(header)
    signed = f"{stamp}.".encode() + body
    matches = False
    for secret in filter(str.strip, secrets):
        right = hmac.digest(secret.encode(), signed, hashlib.sha256)
        for each in given:
            # No early exit: which one matched is nobody's business.
            matches |= hmac.compare_digest(right, each)
    if not matches:
        raise Forged("signature")
    if abs(now - stamp) > TOLERANCE:
        raise Forged("too old")


def sign(body: bytes, secret: str, *, at: int) -> str:
    """The header for `body`; ValueError for a blank secret."""
    if not secret.strip():
        raise ValueError("a blank secret signs nothing")
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def digest_of(text: str | None) -> bytes | None:
    """The bytes of a lower-case SHA-256 digest in hexadecimal, or None for anything else."""
    return bytes.fromhex(text) if text and len(text) == _DIGEST and _HEX.issuperset(text) else None


def _read(header: str | None) -> tuple[int, list[bytes]]:
    if not header or len(header) > _LONGEST:
        raise Forged("no signature")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    given = [digest for name, _, value in pairs if name == "v1" and (digest := digest_of(value))]
    if len(stamps) != 1 or not stamps[0].isascii() or not stamps[0].isdigit() or len(stamps[0]) > 12 or not given:
        raise Forged("malformed signature")
    return int(stamps[0]), given


def fingerprint(body: bytes) -> str:
    """Names a body that has no readable id of its own."""
    return hashlib.sha256(body).hexdigest()
