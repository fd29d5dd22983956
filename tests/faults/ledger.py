"""The oracle: what was sent and answered outside, against what the database and the history say afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from console import audit
from console.db import Database, Tx
from console.inbox.models import Message, Status
from tests.conftest import SECRET_KEY


async def received_once(database_url: str, wamids: Iterable[str]) -> None:
    """I1: every message Meta was told 200 for is there, exactly once, and its history entry with it."""
    async with _opened(database_url) as tx:
        kept = Counter(await tx.scalars(select(Message.wamid).where(Message.direction == "in")))
        recorded = await tx.scalars(
            select(audit.AuditEntry.message_id).where(audit.AuditEntry.action == "message.received"),
        )
        on_record = Counter(recorded)
    assert kept == Counter(wamids)
    assert len(on_record) == len(kept)
    assert set(on_record.values()) <= {1}


async def received_at_least(database_url: str, wamids: Iterable[str]) -> None:
    """Every message Meta was told 200 for is there once; of what it was told 503 for there may be more, once too."""
    async with _opened(database_url) as tx:
        kept = Counter(await tx.scalars(select(Message.wamid).where(Message.direction == "in")))
    assert set(kept) >= set(wamids)
    assert set(kept.values()) <= {1}


async def sent_once_or_in_doubt(database_url: str, accepted: list[dict[str, Any]]) -> dict[str, str]:
    """I3: each of our messages was accepted once at most; one not accepted is queued, failed or shown as in doubt.

    Returns the status of each by its reference.
    """
    taken = Counter(send["opaque"] for send in accepted)
    assert set(taken.values()) <= {1}, "a message left twice"
    async with _opened(database_url) as tx:
        rows = (await tx.execute(select(Message.ref, Message.status).where(Message.direction == "out"))).all()
    status = {str(ref): str(state) for ref, state in rows}
    assert set(taken) <= set(status), "something was sent that nobody wrote"
    for ref, state in status.items():
        if state in {Status.SENT, Status.DELIVERED, Status.READ}:
            assert ref in taken, "shown as sent, and never accepted"
        elif state in {Status.QUEUED, Status.FAILED}:
            assert ref not in taken, "accepted, and not shown"
    return status


async def history_is_whole(database_url: str) -> None:
    """I7: the chain verifies to its sealed head."""
    async with _opened(database_url) as tx:
        verdict = await audit.verify(tx, SECRET_KEY)
    assert verdict.intact, verdict


@asynccontextmanager
async def _opened(database_url: str) -> AsyncIterator[Tx]:
    database = Database(database_url)
    try:
        async with database.reading() as tx:
            yield tx
    finally:
        await database.close()
