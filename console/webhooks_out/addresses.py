"""Where calls may go: to public addresses, and to the very one that was looked at (SSRF, OWASP API7:2023).

A name is resolved once for each call, every address it has must be public, and the call goes to that address: a name
that answers otherwise a moment later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

import msgspec

from console.errors import Refused
from console.languages.words import Words

LONGEST_URL = 500
RESOLVE_SECONDS = 5.0
Ip = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")


class NotPublicError(Exception):
    """A name that leads to where no call may go, or nowhere. `words` say it to people."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.words = words


class Target(msgspec.Struct, frozen=True):
    """Where one call goes: the address as digits, and the name that the server is asked and checked by."""

    url: str
    host: str
    host_header: str


def check_url(url: str, *, loopback: bool) -> str:
    """`url`, if it may be an address of a webhook; Refused(422) naming the field.

    `https` only; `http` and this machine only where `loopback` is allowed (the demo and tests).
    """
    parts = _parts(url)
    if parts is None or not parts.hostname or parts.username or parts.password or parts.fragment:
        raise _refused(Words("Escriba una dirección completa, como https://erp.example/aldia."))
    is_here = loopback and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (is_here and parts.scheme == "http"):
        raise _refused(Words("La dirección debe empezar con https://"))
    try:
        literal = ip_address(parts.hostname)
    except ValueError:
        return url
    if not is_public(literal) and not is_here:
        raise _refused(Words("Esa dirección es de una red privada."))
    return url


def is_public(address: Ip) -> bool:
    """Whether anybody on the internet reaches it: not this machine, a private network, a cloud's metadata, a group."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
        # 64:ff9b::/96 leads to any IPv4 address, private ones included.
        if address in _NAT64:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def target_of(url: str, *, loopback: bool) -> Target:
    """Where a call to `url` goes now. Raises NotPublicError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as unknown:
        raise NotPublicError(Words("El nombre no lleva a ninguna parte")) from unknown
    addresses: list[Ip] = [ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    if not addresses or not all(is_public(one) or (loopback and one.is_loopback) for one in addresses):
        raise NotPublicError(Words("El nombre lleva a una red privada"))
    first = addresses[0]
    netloc = f"[{first}]:{port}" if first.version == 6 else f"{first}:{port}"
    pinned = parts._replace(netloc=netloc).geturl()
    return Target(pinned, host, parts.netloc)


def _parts(url: str) -> SplitResult | None:
    if not url or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _refused(text: str) -> Refused:
    return Refused(422, text, code="invalid", field="url")
