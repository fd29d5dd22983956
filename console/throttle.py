"""How often a sign-in may be tried: waits that grow, kept in the database, and never a lock-out.

Each attempt is charged before its password is looked at, so a burst gains nothing, and given back when it was right.
While a key must wait nothing is charged: whoever keeps knocking does not make anybody wait longer.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from litestar.datastructures import Cookie
from sqlalchemy import delete, func, or_, select, update

from console import clock
from console.agents import SignInThrottle
from console.db import Tx, bulk_insert
from console.errors import Refused
from console.languages.words import Words
from console.settings import Settings


class Allowance(NamedTuple):
    """`free` failures cost nothing; then each costs a wait that doubles from `first` to `longest`.

    After `forgotten` without a failure the count starts anew.
    """

    free: int
    first: timedelta
    longest: timedelta
    forgotten: timedelta


_ACCOUNT = Allowance(5, timedelta(seconds=15), timedelta(minutes=15), timedelta(hours=24))
# An office may sit behind one address; a machine behind a thousand accounts is told apart by its failures.
_ADDRESS = Allowance(30, timedelta(seconds=15), timedelta(minutes=15), timedelta(hours=1))
_EVERYBODY = Allowance(200, timedelta(seconds=5), timedelta(minutes=1), timedelta(hours=1))
POLICY = {"email": _ACCOUNT, "device": _ACCOUNT, "address": _ADDRESS, "everybody": _EVERYBODY}
DEVICE_DAYS = 90


def keys_for(settings: Settings, *, email: str, address: str, device: str | None) -> list[str]:
    """What one attempt counts against.

    A browser that this person signed in with before counts for itself and the address, not for the account: so a
    stranger who keeps failing on purpose cannot keep the owner out.
    """
    known = _device_of(settings, email, device)
    account = [f"device:{known}"] if known else [f"email:{_digest(settings, 'email', email)}", "everybody:"]
    return sorted([*account, key_of(address)])


def key_of(address: str) -> str:
    """What every attempt from an address counts against."""
    return f"address:{_network(address)}"


async def charge(tx: Tx, keys: list[str]) -> None:
    """Count one failed attempt against all `keys`, before it is known to be one. Refuses (429) while one must wait."""
    now = clock.now()
    blank = [{"key": key, "failures": 0, "last_failure_at": now, "blocked_until": None} for key in keys]
    await bulk_insert(tx, SignInThrottle, blank, or_ignore=True)
    query = select(SignInThrottle).where(SignInThrottle.key.in_(keys)).order_by(SignInThrottle.key).with_for_update()
    rows = list(await tx.scalars(query))
    until = max((row.blocked_until for row in rows if row.blocked_until is not None), default=now)
    if until > now:
        raise _must_wait(until - now)
    for row in rows:
        allowance = POLICY[row.key.partition(":")[0]]
        earlier = 0 if now - row.last_failure_at > allowance.forgotten else row.failures
        row.failures, row.last_failure_at = earlier + 1, now
        row.blocked_until = now + _wait(allowance, row.failures) if row.failures >= allowance.free else None


async def failures(tx: Tx, keys: Sequence[str]) -> int:
    """How many tries in a row failed on the account that `keys` are of."""
    own = [key for key in keys if key.startswith(("email:", "device:"))]
    return await tx.scalar(select(func.max(SignInThrottle.failures)).where(SignInThrottle.key.in_(own))) or 0


async def give_back(tx: Tx, keys: list[str]) -> None:
    """The attempt was right: the account starts anew, and the others get back what it was charged.

    They keep their earlier failures, or somebody with an account of their own could wipe them out.
    """
    own = [key for key in keys if key.startswith(("email:", "device:"))]
    long_ago = clock.now() - max(allowance.forgotten for allowance in POLICY.values())
    forgotten = or_(SignInThrottle.key.in_(own), SignInThrottle.last_failure_at < long_ago)
    await tx.execute(delete(SignInThrottle).where(forgotten))
    shared = SignInThrottle.key.in_(sorted(set(keys) - set(own)))
    values = {"failures": SignInThrottle.failures - 1, "blocked_until": None}
    await tx.execute(update(SignInThrottle).where(shared, SignInThrottle.failures > 0).values(values))


def _wait(allowance: Allowance, failures: int) -> timedelta:
    doublings = min(failures - allowance.free, 20)
    return min(allowance.first * (1 << doublings), allowance.longest)


def _must_wait(wait: timedelta) -> Refused:
    seconds = max(int(wait.total_seconds() + 0.999), 1)
    return Refused(
        429,
        Words(
            "Por seguridad, espere {seconds}:{seconds_2} para volver a probar. Su cuenta no está bloqueada.",
            seconds=seconds // 60,
            seconds_2=f"{seconds % 60:02d}",
        ),
        code="too_many_attempts",
        details={"retry_after": seconds},
    )


def _network(address: str) -> str:
    """The address, or for IPv6 its /64: one household, one virtual machine."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)


# The mark a browser keeps once somebody signed in with it. It opens nothing.


def device_cookie_name(settings: Settings) -> str:
    """Named like the session's cookie."""
    return "__Host-aldia-device" if settings.is_https else "aldia-device"


def device_cookie(settings: Settings, email: str) -> Cookie:
    """Remember this browser as one that `email` signed in with."""
    nonce = secrets.token_urlsafe(16)
    return Cookie(
        key=device_cookie_name(settings),
        value=f"{nonce}.{_digest(settings, 'device', f'{email} {nonce}')}",
        path="/",
        max_age=DEVICE_DAYS * 86_400,
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def knows(settings: Settings, email: str, cookies: Mapping[str, str]) -> bool:
    """Whether this browser bears the mark of an earlier sign-in of `email`."""
    return _device_of(settings, email, cookies.get(device_cookie_name(settings))) is not None


def _device_of(settings: Settings, email: str, device: str | None) -> str | None:
    nonce, _, mark = (device or "").partition(".")
    expected = _digest(settings, "device", f"{email} {nonce}")
    return _digest(settings, "nonce", nonce) if hmac.compare_digest(mark.encode(), expected.encode()) else None


def _digest(settings: Settings, purpose: str, value: str) -> str:
    mac = hmac.digest(settings.secret_key.encode(), f"sign-in {purpose}\0{value}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac[:24]).decode()
