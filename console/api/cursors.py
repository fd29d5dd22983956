"""Places in a listing: opaque to callers, signed, and good only for the listing and the filters they came from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from console.api.problems import invalid

_MAC_BYTES = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encoder = msgspec.msgpack.Encoder()

Place = tuple[int | str, ...]
"""The sort values of the last row given: the next page begins right after them."""


class Cursors:
    """Writes and reads cursors. They carry positions only, so the key need not be a secret of anybody else's."""

    def __init__(self, secret_key: str) -> None:
        self._key = hashlib.sha256(b"aldia api cursors\0" + secret_key.encode()).digest()

    def write(self, listing: str, filters: object, place: Place) -> str:
        """The cursor of `place` in `listing` as narrowed by `filters`."""
        said = _encoder.encode(place)
        return base64.urlsafe_b64encode(said + self._mac(listing, filters, said)).rstrip(b"=").decode()

    def read(self, listing: str, filters: object, cursor: str, kinds: Sequence[type]) -> Place:
        """The place `cursor` was written for; `kinds` are the types of its values.

        Refuses (400 "invalid_cursor") what we did not write, or wrote for another listing or other filters.
        """
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            raise _not_ours() from None
        said, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not said or not hmac.compare_digest(mac, self._mac(listing, filters, said)):
            raise _not_ours()
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor:
            raise _not_ours()  # the spare bits of the last letter: another spelling of the same place
        place = tuple(msgspec.msgpack.decode(said))
        if [type(value) for value in place] != list(kinds):
            raise _not_ours()
        return place

    def _mac(self, listing: str, filters: object, said: bytes) -> bytes:
        # json: two equal sets of filters must give the same bytes, whatever they are made of.
        bound = msgspec.json.encode([listing, filters], order="sorted")
        return hmac.digest(self._key, hashlib.sha256(bound).digest() + said, "sha256")[:_MAC_BYTES]


def microseconds(moment: datetime) -> int:
    """An instant as a cursor keeps it: exactly, unlike a float."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(microseconds: int) -> datetime:
    """The instant again."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _not_ours() -> Any:  # noqa: ANN401
    return invalid("cursor", "El cursor no es válido para esta lista.", status=400, code="invalid_cursor")
