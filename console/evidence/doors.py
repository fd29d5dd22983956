"""What strangers need to check a seal: the public keys, and nothing about anybody."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType

from console.evidence.keys import KEYS_PATH, trusted_keys
from console.settings import Settings


class Keys(msgspec.Struct):
    """The present key first, then those of former secret keys."""

    algorithm: str
    keys: tuple[str, ...]


@get(KEYS_PATH, opt={"public": True})
async def seal_keys(settings: NamedDependency[Settings]) -> Response[bytes]:
    """The keys that our seals are signed with, for anybody."""
    body = msgspec.json.encode(Keys("Ed25519", trusted_keys(settings)))
    return Response(body, media_type=MediaType.JSON)


routes = [seal_keys]
