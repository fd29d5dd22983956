"""Where a key may travel and where a payer may be sent: the configured API, and addresses over https."""

from __future__ import annotations

import ipaddress

import httpx


def checked_base(base_url: str) -> str:
    """`base_url` without a trailing slash; ValueError unless it is https, or http to this very machine."""
    url = _parsed(base_url)
    if url is None or url.query or not _is_safe(url):
        raise ValueError("the address of a payment provider is https, or http on loopback")
    return base_url.rstrip("/")


def is_payable(url: str, base_url: str, *, domains: tuple[str, ...] = ()) -> bool:
    """Whether a payer may be sent to `url`: https on one of `domains` (any, when none is named), or the API's host."""
    given, base = _parsed(url), _parsed(base_url)
    if given is None or base is None or not _is_safe(given):
        return False
    if (given.scheme, given.host, given.port) == (base.scheme, base.host, base.port):
        return True
    if given.scheme != "https" or _is_address(given.host):
        return False
    return not domains or any(given.host == name or given.host.endswith(f".{name}") for name in domains)


def _parsed(url: str) -> httpx.URL | None:
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return None
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    return parsed if parsed.host and parsed.scheme in {"http", "https"} and not parsed.userinfo else None


def _is_safe(url: httpx.URL) -> bool:
    return url.scheme == "https" or _is_loopback(url.host)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
