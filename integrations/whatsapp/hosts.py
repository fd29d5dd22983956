"""Where the access token may travel: the configured API, and Meta's own media hosts over https. Nowhere else."""

from __future__ import annotations

import ipaddress

import httpx

_META_MEDIA = ("fbsbx.com", "fbcdn.net")
_PORTS = {"https": 443, "http": 80}
_HIGHEST_PORT = 65535


def checked_base(base_url: str) -> str:
    """`base_url` without a trailing slash; ValueError unless it is https, or http to this very machine."""
    url = _parsed(base_url)
    if url is None or url.query or not (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host))):
        raise ValueError("the address of the WhatsApp API is https, or http on loopback")
    return base_url.rstrip("/")


def is_api(url: str, base_url: str) -> bool:
    """Whether `url` is on the configured API: same scheme and port, same host (all loopback names are one)."""
    given, base = _parsed(url), _parsed(base_url)
    if given is None or base is None or given.scheme != base.scheme or _port(given) != _port(base):
        return False
    return given.host == base.host or (_is_loopback(given.host) and _is_loopback(base.host))


def may_carry_token(url: str, base_url: str) -> bool:
    """Whether the token may go along to fetch media from `url`.

    Names, not addresses, are trusted: over https the certificate answers for them, so an address that a
    resolver invents never sees the token. Private addresses are thereby out, save for the configured API.
    """
    if is_api(url, base_url):
        return True
    given = _parsed(url)
    if given is None or given.scheme != "https" or _port(given) != _PORTS["https"]:
        return False
    return any(given.host == name or given.host.endswith("." + name) for name in _META_MEDIA)


def _parsed(url: str) -> httpx.URL | None:
    """The parts of `url` as the one who will connect reads them; None for what is malformed or carries a login."""
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return None
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    usable = parsed.host and parsed.scheme in _PORTS and 0 <= (parsed.port or 0) <= _HIGHEST_PORT
    return parsed if usable and not parsed.userinfo else None


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS[url.scheme]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
