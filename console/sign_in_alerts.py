"""What owners of accounts, and administrators, should know of sign-ins: from somewhere new, disowned, many that failed.

They are entries of the history. The owner and the administrators are notified of them (console.notifications), see them
on their pages, and get mail (console.sign_in_letters).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from console import audit, clock, throttle
from console.agents import Agent, SignInSession
from console.audit import Actor, AuditEntry
from console.db import Tx
from console.sign_in_letters import keeping as letters
from console.sign_in_letters.keeping import Origin

UNFAMILIAR = "session.unfamiliar"
ATTEMPTS = "session.attempts_failed"
DISOWNED = "session.disowned"
TOLD_AT = frozenset({5, 20, 80, 320})
"""After so many failures in a row administrators are told: the first is when one must begin to wait."""
SHOWN_FOR = timedelta(days=30)
AT_ONCE = 10


class Alert(msgspec.Struct, frozen=True):
    """One thing to know: whose account, from where. `failures` is of those that did not get in."""

    at: datetime
    agent_id: int
    name: str
    origin: str | None
    failures: int | None
    is_new_browser: bool = True


async def note_origin(tx: Tx, agent: Agent, origin: Origin, *, door: Actor, by_mail: bool) -> None:
    """Note a sign-in with a browser that bears no mark of an earlier one, or from a network they never came from.

    Call it before the session begins, with the row of `agent` locked: so of two at once the second knows of the first.
    Who never signed in before has nothing usual. Records "session.unfamiliar"; the owner gets a letter `by_mail`.
    """
    since = clock.now() - timedelta(days=throttle.DEVICE_DAYS)
    earlier = select(SignInSession.address).where(SignInSession.agent_id == agent.id, SignInSession.created_at > since)
    seen = {_network(address) for address in await tx.scalars(earlier.distinct().limit(1000))}
    is_new_network = _network(origin.address) not in seen
    if not seen or not (origin.is_new_browser or is_new_network):
        return
    new = {"browser_known": not origin.is_new_browser, "address_known": not is_new_network}
    audit.record(tx, door, UNFAMILIAR, subject=f"agent:{agent.id}", new=new)
    if by_mail:
        await letters.write(tx, agent, origin)


def _network(address: str) -> str:
    """What stands for the place: a home or an office gets another address of the same network now and then."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


async def note_failure(tx: Tx, agent: Agent | None, keys: Sequence[str], *, door: Actor) -> None:
    """Note that many tries on this account failed, each time there are a good deal more.

    Done for an address without an account too, and nobody is told of that one: how long the answer takes must not say
    which is which. Records "session.attempts_failed", without a subject where there is no account.
    """
    failures = await throttle.failures(tx, keys)
    if failures in TOLD_AT:
        subject = f"agent:{agent.id}" if agent else None
        audit.record(tx, door, ATTEMPTS, subject=subject, new={"failures": failures})


async def recent(tx: Tx, action: str, *, agent_id: int | None = None) -> list[Alert]:
    """The newest of one kind, of one account or of all."""
    since = int((clock.now() - SHOWN_FOR).timestamp() * 1_000_000)
    wanted = select(AuditEntry).where(AuditEntry.action == action, AuditEntry.at_us >= since)
    wanted = wanted.where(AuditEntry.subject.is_not(None))
    if agent_id is not None:
        wanted = wanted.where(AuditEntry.subject == f"agent:{agent_id}")
    found = list(await tx.scalars(wanted.order_by(AuditEntry.id.desc()).limit(AT_ONCE)))
    owners = {entry.id: int((entry.subject or "agent:0").removeprefix("agent:")) for entry in found}
    rows = await tx.execute(select(Agent.id, Agent.name).where(Agent.id.in_(set(owners.values()))))
    names = {row.id: row.name for row in rows}
    return [
        Alert(
            at=entry.at,
            agent_id=owners[entry.id],
            name=names.get(owners[entry.id], ""),
            origin=entry.origin,
            failures=_new(entry).get("failures"),
            is_new_browser=not _new(entry).get("browser_known"),
        )
        for entry in found
    ]


def _new(entry: AuditEntry) -> dict[str, Any]:
    return dict(msgspec.json.decode(entry.new)) if entry.new else {}
