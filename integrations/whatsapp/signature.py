"""Meta's webhook signature: HMAC-SHA256 over the raw request body."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX = "sha256="
_HEX_DIGITS = frozenset("0123456789abcdef")
_DIGEST_LENGTH = 64


def verify(body: bytes, header: bytes | str | None, secrets: Sequence[str]) -> bool:
    """Whether `header` (X-Hub-Signature-256) signs exactly these bytes with one of `secrets`.

    Several secrets serve a rotation; a blank one never verifies. Anything but `sha256=` and 64
    lower-case hexadecimal digits, the only form Meta sends, is refused: upper case, spaces, `sha1=`.
    Never raises, whatever the header holds. Hash what arrived: Meta signs its own escaped JSON, so
    re-serialised JSON never verifies.
    """
    given = _digest(header)
    if given is None:
        return False
    matches = False
    for secret in secrets:
        if secret.strip():
            # no early exit: which secret matched is nobody's business
            matches |= hmac.compare_digest(_hmac(body, secret), given)
    return matches


def sign(body: bytes, secret: str) -> str:
    """The header value Meta would send for `body`; ValueError for a blank secret."""
    if not secret.strip():
        msg = "a blank secret signs nothing"
        raise ValueError(msg)
    return _PREFIX + _hmac(body, secret).hex()


def _digest(header: bytes | str | None) -> bytes | None:
    if header is None:
        return None
    text = header.decode("latin-1") if isinstance(header, bytes) else header
    digits = text.removeprefix(_PREFIX)
    if digits == text or len(digits) != _DIGEST_LENGTH or not _HEX_DIGITS.issuperset(digits):
        return None
    return bytes.fromhex(digits)


def _hmac(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), body, hashlib.sha256)
