"""Web push: a few words to a browser that is closed, encrypted for it alone (RFC 8030, 8188, 8291 and 8292)."""

from __future__ import annotations

import base64
import time
from typing import Literal
from urllib.parse import urlsplit

import http_ece
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct
from py_vapid import Vapid02

Outcome = Literal["sent", "gone", "refused", "unreached"]
MOST = 3993
"""Octets of a message that every push service takes (RFC 8291 §4)."""
TOTAL_SECONDS = 10.0
_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_TOKEN_SECONDS = 6 * 3600
_POINT, _SECRET = 65, 16


class Subscription(Struct, frozen=True):
    """A browser that wants to be told: where, and the keys only it can open a message with (base64url)."""

    endpoint: str
    p256dh: str
    auth: str


class Key:
    """Who we are to push services: a key of ours, made from a secret that outlives restarts; never shown."""

    def __init__(self, secret: str, *, subject: str) -> None:
        derived = HKDF(hashes.SHA256(), 48, salt=None, info=b"web push identity").derive(secret.encode())
        number = int.from_bytes(derived) % (_ORDER_OF_P256 - 1) + 1
        self._private = ec.derive_private_key(number, ec.SECP256R1())
        self._subject = subject

    @property
    def public(self) -> str:
        """What a browser subscribes with."""
        return unpadded(self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def headers(self, endpoint: str) -> dict[str, str]:
        """The proof for the service behind `endpoint`, good for six hours."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + _TOKEN_SECONDS,
            "sub": self._subject,
        }
        return dict(Vapid02(self._private).sign(claims))


def is_well_formed(subscription: Subscription) -> bool:
    """Whether its keys are a point of the curve and a secret."""
    try:
        point, secret = padded(subscription.p256dh), padded(subscription.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return len(point) == _POINT and len(secret) == _SECRET


async def push(
    http: httpx.AsyncClient, key: Key, to: Subscription, message: bytes, *, ttl: int, topic: str, urgency: str = "high"
) -> Outcome:
    """Hand `message` to the browser's push service, for `ttl` seconds at most; a newer one of `topic` replaces it.

    "gone": the browser wants no more, ever. Follows no redirect, and reads nothing of the answer.
    """
    if len(message) > MOST:
        raise ValueError("too long for a push")
    sealed = http_ece.encrypt(
        message,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=padded(to.p256dh),
        auth_secret=padded(to.auth),
        version="aes128gcm",
    )
    headers = {
        **key.headers(to.endpoint),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(ttl),
        "topic": topic,
        "urgency": urgency,
    }
    try:
        async with http.stream(
            "POST", to.endpoint, content=sealed, headers=headers, timeout=TOTAL_SECONDS, follow_redirects=False
        ) as answer:
            status = answer.status_code
    except httpx.HTTPError:
        return "unreached"
    if status in {404, 410}:
        return "gone"
    return "sent" if 200 <= status < 300 else "unreached" if status == 429 or status >= 500 else "refused"


def unpadded(octets: bytes) -> str:
    """base64url as the web writes it."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def padded(text: str) -> bytes:
    """What base64url says, padded or not. Raises ValueError."""
    if not text.isascii():
        raise ValueError("is no base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
