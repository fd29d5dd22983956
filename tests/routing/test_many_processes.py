"""Eight processes give out and take at once: no two people on one, nobody over what they carry, nobody passed over."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from console import audit
from console.audit import AuditEntry
from console.db import Database
from tests import brood
from tests.conftest import SECRET_KEY
from tests.routing.floor import a_floor, comes, holders, waits
from tests.routing.worker_process import CAPACITY, WAITING

PROCESSES = 8


async def test_eight_processes_give_out_one_queue(database: Database, database_url: str, tmp_path: Path) -> None:
    inbox = await a_floor(database, capacity=CAPACITY)
    await comes(database, inbox.supervisor)
    for number in range(WAITING):
        await waits(database, inbox, number)
    people = {"team": inbox.team_id, "takers": [inbox.ana.id, inbox.luz.id], "url": database_url, "key": SECRET_KEY}

    reports = await asyncio.gather(*(one_process(number, people, tmp_path) for number in range(PROCESSES)))

    held = await holders(database)
    carried = Counter(holder for holder in held.values() if holder is not None)
    assert carried == {inbox.ana.id: CAPACITY, inbox.luz.id: CAPACITY}, "full, and not one more"
    assert list(held.values()).index(None) == 2 * CAPACITY, "those who waited longest, and nobody passed over"
    async with database.reading() as tx:
        given = list(
            await tx.scalars(select(AuditEntry.conversation_id).where(AuditEntry.action == "conversation.assigned"))
        )
        assert (await audit.verify(tx, SECRET_KEY)).intact
    assert len(given) == len(set(given)) == 2 * CAPACITY, "each was given once"
    assert sum(report["given"] + report["taken"] for report in reports) == 2 * CAPACITY


async def one_process(number: int, people: dict[str, Any], folder: Path) -> dict[str, int]:
    """A process of its own, with its own connections, at it for more rounds than could ever be needed."""
    told = folder / f"{number}.json"
    with told.open("wb") as out, (folder / f"{number}.log").open("wb") as errors:
        its = {"stdout": out, "stderr": errors, "cwd": brood.ROOT}
        child = brood.start("tests.routing.worker_process:main", [number, json.dumps(people)], **its)
        assert await asyncio.to_thread(child.wait, 50) == 0
    report: dict[str, int] = json.loads(told.read_text())
    return report
