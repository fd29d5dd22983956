"""A long history: how fast all of it is verified with its seals, and how fast a page of it is found.

`python -m bench history --entries 1000000 [--url postgresql+asyncpg://…]`: by itself, as it takes minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text, update

from console import audit, schema
from console.agents import Viewer
from console.audit import AuditEntry, AuditHead
from console.db import Database, bulk_insert
from console.evidence import seals, searching, verifying
from console.evidence.keys import signer_of
from console.evidence.searching import Asked

_SECRET = "a secret of the bench, long enough to be one"
_CHUNK = 20_000
_ACTIONS = ("message.received", "message.queued", "message.sent", "message.delivered", "message.read")
_LIMA = ZoneInfo("America/Lima")
_EVERYWHERE = Viewer(id=1, name="", role="admin", team_ids=frozenset())
_ASKED = {
    "everything": Asked(),
    "one conversation": Asked(conversation="4242"),
    "an action": Asked(action="promise.made"),
    "an action that never was": Asked(action="never.was"),
    "a group": Asked(group="sessions"),
    "a kind of actor": Asked(actor="agent"),
    "a week two months ago": Asked(
        since=f"{datetime.now(UTC) - timedelta(days=60):%Y-%m-%d}",
        until=f"{datetime.now(UTC) - timedelta(days=53):%Y-%m-%d}",
    ),
}
_RARE = ("conversation.assigned", "conversation.tagged", "media.viewed", "session.started", "promise.made")


def main(arguments: list[str]) -> None:
    """Fill an empty database with a chained history, seal it, verify it."""
    parser = argparse.ArgumentParser(prog="python -m bench history", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--url", help="an empty database; without it an SQLite file of our own")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite+aiosqlite:///{Path(folder) / 'aldia.db'}"
        asyncio.run(_run(url, options.entries))


async def _run(url: str, count: int) -> None:
    await schema.migrate(url)
    db = Database(url, seal=audit.sealer(_SECRET))
    try:
        with _timed(f"{count:,} entries written"):
            await fill(db, count, _SECRET)
        signer = signer_of(_SECRET)
        with _timed("sealed"):
            await seals.seal_up(db, signer, datetime.now(UTC))
        with _timed("verified"):
            async with db.reading() as tx:
                verdict = await verifying.check(tx, _SECRET, keys=[signer.public], now=datetime.now(UTC))
        print(f"{verdict.entries:,} entries, {verdict.seals} seals, intact: {verdict.intact}")
        for what, asked in _ASKED.items():
            await _look(db, what, asked)
    finally:
        await db.close()


async def _look(db: Database, what: str, asked: Asked) -> None:
    """A page as an administrator opens it, the best of three."""
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        async with db.reading() as tx:
            found = await searching.find(tx, _EVERYWHERE, asked, _LIMA)
        taken.append(time.perf_counter() - begun)
    cut = ", looked for a quarter of a second" if found.is_partial else ""
    print(f"page of {what}: {min(taken) * 1000:.0f} ms, {len(found.entries)} entries{cut}", flush=True)


class _timed:  # noqa: N801 read as a word
    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        print(f"{self.what}: {time.perf_counter() - self.begun:.2f} s", flush=True)


async def fill(db: Database, count: int, secret_key: str) -> None:
    """Write `count` entries after those there are, chained and their head sealed under `secret_key`."""
    async with db.reading() as tx:
        [(number, previous)] = (await tx.execute(text("SELECT entry_id, hash FROM audit_head"))).all()
    rows = _rows(number, previous, count)
    while chunk := list(itertools.islice(rows, _CHUNK)):
        async with db.transaction() as tx:
            await bulk_insert(tx, AuditEntry, chunk)
            newest = chunk[-1]
            mac = audit._mac(audit._key(secret_key), newest["id"], newest["hash"])  # noqa: SLF001
            await tx.execute(
                update(AuditHead).where(AuditHead.id == 1).values(entry_id=newest["id"], hash=newest["hash"], mac=mac)
            )
    async with db.writer.begin() as connection:
        await connection.execute(text("ANALYZE"))


def _rows(number: int, previous: str, count: int) -> Iterator[dict[str, Any]]:
    """As a day of the product looks: mostly messages and their statuses, over ten thousand conversations."""
    begin = datetime.now(UTC) - timedelta(days=90)
    step = timedelta(days=90) / count
    for at in range(count):
        number += 1
        row: dict[str, Any] = dict.fromkeys(audit.HASHED)
        is_rare = at % 20 == 19
        row |= {
            "id": number,
            "at_us": int((begin + at * step).timestamp() * 1_000_000),
            "actor_kind": "agent" if is_rare else "contact" if at % 5 == 0 else "system",
            "actor_id": at % 40 + 1 if is_rare else None,
            "actor_name": f"Agente {at % 40 + 1}" if is_rare else None,
            "action": _RARE[at // 20 % 5] if is_rare else _ACTIONS[at % 5],
            "conversation_id": at * 7919 % 10_000 + 1,
            "message_id": at // 5 + 1,
            "account_id": at % 5_000 + 1 if is_rare else None,
            "new": '{"digest":"4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5","kind":"text"}',
            "origin": "whatsapp",
        }
        previous = row["hash"] = audit.digest(previous, row)
        yield row
