"""What a setting may be: each check returns the value as it is used, or says in one line which variable to mend."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from console import money
from integrations import clamd
from integrations.whatsapp.hosts import checked_base

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OURS = ("ALDIA_", "WHATSAPP_", "PAYMENTS_", "ODOO_", "BOT_")
"""How the names of our variables begin."""
_REDIS = frozenset({"redis", "rediss", "unix"})
_LONGEST_NUMBER = 6


class UnsafeSettings(Exception):  # noqa: N818 read aloud by the command line
    """The configuration would not be safe to run; the text says which variable and how to mend it."""


def text(name: str, given: str) -> None:
    """Raise UnsafeSettings for bytes that are no text: they would only be found out about where they are shown."""
    if name.startswith(OURS) and not given.isascii():
        try:
            given.encode()
        except UnicodeEncodeError as odd:
            raise UnsafeSettings(f"{name} no es texto UTF-8: vuelva a escribirla") from odd


def base_url(given: str) -> str:
    """The public address: a scheme and a host, and nothing behind them that links and origins would not have."""
    url = given.rstrip("/")
    parts = parts_of(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UnsafeSettings("ALDIA_BASE_URL debe ser una dirección completa, por ejemplo https://cobranza.example")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise UnsafeSettings("ALDIA_BASE_URL debe empezar con https:// fuera de esta máquina")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise UnsafeSettings("ALDIA_BASE_URL lleva solo https:// y el servidor, por ejemplo https://cobranza.example")
    return url


def database(given: str) -> str:
    """The database with the one driver we use for it. In memory, everything would be gone with the process."""
    scheme, sign, rest = given.strip().partition("://")
    ours = "postgresql+asyncpg" if scheme in {"postgresql", "postgresql+psycopg"} else scheme
    url = f"{ours}{sign}{rest}"
    if not url.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
        raise UnsafeSettings("ALDIA_DATABASE_URL debe empezar con sqlite+aiosqlite:// o postgresql+asyncpg://")
    try:
        named = make_url(url).database
    except (ArgumentError, ValueError) as malformed:
        raise UnsafeSettings("ALDIA_DATABASE_URL no es una dirección de base de datos: revise el puerto") from malformed
    if scheme.startswith("sqlite") and named in {None, "", ":memory:"}:
        raise UnsafeSettings("ALDIA_DATABASE_URL debe nombrar un archivo: sqlite+aiosqlite:///var/aldia.db")
    return url


def redis(given: str) -> str:
    """Where Redis or Valkey listens."""
    parts = parts_of(given)
    if parts is None or parts.scheme not in _REDIS or not (parts.hostname or parts.path):
        raise UnsafeSettings("ALDIA_REDIS_URL debe ser una dirección como redis://redis.internal:6379/0")
    return given


def scanner(given: str) -> str:
    """Where a malware scanner listens that speaks clamd's protocol."""
    try:
        clamd.place_of(given)
    except ValueError as wrong:
        raise UnsafeSettings("ALDIA_SCANNER debe ser tcp://servidor:3310, o unix:/run/clamav/clamd.ctl") from wrong
    return given


def country(given: str) -> str:
    """A country by its two letters (ISO 3166): numbers, holidays and the way amounts are written follow from it."""
    code = given.strip().upper()
    if code not in get_global("territory_currencies") or not re.fullmatch(r"[A-Z]{2}", code):
        raise UnsafeSettings("ALDIA_COUNTRY debe ser un país con sus dos letras, como PE o MX")
    return code


def currency(given: str) -> str:
    """A currency by its three letters (ISO 4217)."""
    code = given.strip().upper()
    if not money.is_currency(code):
        raise UnsafeSettings("ALDIA_CURRENCY debe ser una moneda con sus tres letras, como PEN o MXN")
    return code


def zone(given: str) -> str:
    """A time zone by its name in the tz database; one that is only the beginning of a name is none."""
    name = given.strip()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise UnsafeSettings(f"ALDIA_TIMEZONE no es una zona conocida: {name[:60]}") from unknown
    return name


def api_url(given: str) -> str:
    """The Cloud API, to which the access token goes: over https, or on this very machine."""
    try:
        return checked_base(given.strip())
    except ValueError as unsafe:
        raise UnsafeSettings(
            "WHATSAPP_API_URL debe ser una dirección https (o de esta máquina), como https://graph.facebook.com"
        ) from unsafe


def api_version(given: str) -> str:
    """A version of the Graph API."""
    version = given.strip()
    if not re.fullmatch(r"v\d{1,3}\.\d{1,3}", version, re.ASCII):
        raise UnsafeSettings("WHATSAPP_API_VERSION se escribe como v23.0")
    return version


def meta_id(name: str, given: str) -> str:
    """An id of Meta's, which becomes part of an address; a telephone number is none."""
    if not re.fullmatch(r"[\w-]{1,64}", given, re.ASCII):
        raise UnsafeSettings(f"{name} debe ser el identificador que muestra Meta (no es el número de teléfono)")
    return given


def access_token(given: str) -> str:
    """A token that fits into a header."""
    if not given.isascii() or not given.isprintable() or " " in given:
        raise UnsafeSettings("WHATSAPP_ACCESS_TOKEN lleva espacios o letras que no son suyas: cópielo de nuevo")
    return given


def whole_number(name: str, given: str) -> int:
    """A number of things or minutes, from one on."""
    digits = given.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST_NUMBER or int(digits) < 1:
        raise UnsafeSettings(f"{name} debe ser un número entero mayor que cero")
    return int(digits)


def parts_of(url: str) -> SplitResult | None:
    """An address in its parts; None for what is malformed, its port included."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts
