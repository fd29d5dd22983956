"""Signing what is sent, as Standard Webhooks says (github.com/standard-webhooks, symmetric signatures)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A key that was never used before."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers_of(secret: str, *, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """What a receiver checks: the event's id, when it was sent (seconds), and both signed together with the body.

    `at` is that of this call: a receiver refuses what is older than five minutes, so that a copy is of no use.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
