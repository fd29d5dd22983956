"""What the owner of an account, and administrators, should know of sign-ins: a new browser, and many that failed.

They are entries of the history. The owner and the administrators are notified of them (console.notifications), and see
them on their pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select

from console import audit, clock, throttle
from console.agents import Agent, SignInSession
from console.audit import Actor, AuditEntry
from console.db import Tx

UNFAMILIAR = "session.unfamiliar"
ATTEMPTS = "session.attempts_failed"
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


async def note_browser(tx: Tx, agent: Agent, *, is_known: bool, door: Actor) -> None:
    """Note a sign-in with a browser that bears no mark of an earlier one of theirs; call it before the session begins.

    Who never signed in before has no usual browser. Records "session.unfamiliar".
    """
    if is_known:
        return
    since = clock.now() - timedelta(days=throttle.DEVICE_DAYS)
    earlier = select(SignInSession.address).where(SignInSession.agent_id == agent.id, SignInSession.created_at > since)
    addresses = set(await tx.scalars(earlier.distinct().limit(1000)))
    if addresses:
        new = {"address_known": door.origin in addresses}
        audit.record(tx, door, UNFAMILIAR, subject=f"agent:{agent.id}", new=new)


async def note_failure(tx: Tx, agent: Agent | None, keys: Sequence[str], *, door: Actor) -> None:
    """Note that many tries on this account failed, each time there are a good deal more.

    Asked for an address without an account too: how long the answer takes must not say which is which.
    Records "session.attempts_failed".
    """
    failures = await throttle.failures(tx, keys)
    if failures in TOLD_AT and agent is not None:
        audit.record(tx, door, ATTEMPTS, subject=f"agent:{agent.id}", new={"failures": failures})


async def recent(tx: Tx, action: str, *, agent_id: int | None = None) -> list[Alert]:
    """The newest of one kind, of one account or of all."""
    since = int((clock.now() - SHOWN_FOR).timestamp() * 1_000_000)
    wanted = select(AuditEntry).where(AuditEntry.action == action, AuditEntry.at_us >= since)
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
            failures=(msgspec.json.decode(entry.new) if entry.new else {}).get("failures"),
        )
        for entry in found
    ]
