"""Where the access token may travel: the configured API, and Meta's own media hosts over https. Nowhere else."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

_META_MEDIA = ("fbsbx.com", "fbcdn.net")


def checked_base(base_url: str) -> str:
    """`base_url` without a trailing slash; ValueError unless it is https, or http to this very machine."""
    address = urlsplit(base_url)
    plain = address.scheme == "http" and _is_loopback(address.hostname)
    if not address.hostname or address.username or address.query or not (address.scheme == "https" or plain):
        raise ValueError("the address of the WhatsApp API is https, or http on loopback")
    if _port(address) is None:
        raise ValueError("the address of the WhatsApp API has no usable port")
    return base_url.rstrip("/")


def is_api(url: str, base_url: str) -> bool:
    """Whether `url` is on the configured API: same scheme and port, same host (all loopback names are one)."""
    given, base = _split(url), urlsplit(base_url)
    if given is None or given.scheme != base.scheme or _port(given) != _port(base):
        return False
    return given.hostname == base.hostname or (_is_loopback(given.hostname) and _is_loopback(base.hostname))


def may_carry_token(url: str, base_url: str) -> bool:
    """Whether the token may go along to fetch media from `url`.

    Names, not addresses, are trusted: over https the certificate answers for them, so an address that a
    resolver invents never sees the token. Private addresses are thereby out, save for the configured API.
    """
    if is_api(url, base_url):
        return True
    given = _split(url)
    if given is None or given.scheme != "https" or _port(given) != 443:
        return False
    host = (given.hostname or "").rstrip(".")
    return any(host == name or host.endswith("." + name) for name in _META_MEDIA)


def _split(url: str) -> SplitResult | None:
    """The parts of `url`; None for what two parsers might read in two ways."""
    if not url.isascii() or "\\" in url or any(character.isspace() or character < " " for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return None if "@" in parts.netloc or not parts.hostname or _port(parts) is None else parts


def _port(address: SplitResult) -> int | None:
    try:
        return address.port or {"https": 443, "http": 80}.get(address.scheme)
    except ValueError:
        return None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
