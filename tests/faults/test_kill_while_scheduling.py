"""kill -9 as a scheduled message leaves, and two workers at once: it leaves once, and its history is whole."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console import audit
from console.audit import AuditEntry
from console.db import Database
from console.inbox.models import Message
from console.scheduling import later
from console.scheduling.filling import House, Said
from console.scheduling.later import Terms
from console.scheduling.models import ScheduledMessage
from tests import brood
from tests.conftest import SECRET_KEY, Moment
from tests.inbox.people import Inbox, a_conversation, a_template, an_inbox
from tests.scheduling.floor import LIMA

PROGRAM = "tests.scheduling.worker_process:main"
HOUSE = House(company="Financiera Andes", base_url="https://cobros.example", zone=LIMA, country="PE")
WAITING, WORKERS = 6, 2


@pytest.mark.parametrize("place", ["schedule.decided", "schedule.left"])
async def test_killed_as_it_leaves(
    database: Database, database_url: str, tmp_path: Path, moment: Moment, place: str
) -> None:
    await _scheduled(database, await an_inbox(database), 2, at=moment.now + timedelta(hours=2))
    then = moment.now + timedelta(hours=2)

    killed = _worker(database_url, then, tmp_path, ALDIA_FAILPOINTS=f"{place}=kill:1")
    assert await asyncio.to_thread(killed.wait, 50) == -signal.SIGKILL
    assert await asyncio.to_thread(_worker(database_url, then, tmp_path).wait, 50) == 0

    await _left_once(database, 2)


async def test_two_workers_at_once(database: Database, database_url: str, tmp_path: Path, moment: Moment) -> None:
    await _scheduled(database, await an_inbox(database), WAITING, at=moment.now + timedelta(hours=2))
    then = moment.now + timedelta(hours=2)

    workers = [_worker(database_url, then, tmp_path) for _ in range(WORKERS)]
    assert [await asyncio.to_thread(worker.wait, 50) for worker in workers] == [0] * WORKERS
    # One that was passed over while another held its conversation is the next round's.
    assert await asyncio.to_thread(_worker(database_url, then, tmp_path).wait, 50) == 0

    await _left_once(database, WAITING)


async def _scheduled(database: Database, inbox: Inbox, number: int, *, at: datetime) -> None:
    """As many conversations, each with a template that waits."""
    template = await a_template(database, inbox)
    said = Said(template_id=template.id, variables={"1": "{nombre|cliente}", "2": "su cuota", "button.0": "a1"})
    for one in range(number):
        conversation = await a_conversation(database, inbox, wa_id=f"5194421830{one}")
        async with database.transaction() as tx:
            key, terms = str(uuid.uuid4()), Terms(at=at)
            await later.schedule(tx, conversation, by=inbox.ana, said=said, terms=terms, client_key=key, house=HOUSE)


def _worker(url: str, moment: datetime, folder: Path, **environment: str) -> Any:
    with (folder / "worker.log").open("ab") as log:
        its = {"stdout": log, "stderr": log, "cwd": brood.ROOT, "env": {**os.environ, **environment}}
        return brood.start(PROGRAM, [url, moment.isoformat()], **its)


async def _left_once(database: Database, number: int) -> None:
    async with database.reading() as tx:
        out = select(func.count()).select_from(Message).where(Message.direction == "out")
        assert await tx.scalar(out) == number
        assert set(await tx.scalars(select(ScheduledMessage.state))) == {"sent"}
        for action in ("message.queued", "message.schedule_sent"):
            said = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == action)
            assert await tx.scalar(said) == number, action
        assert (await audit.verify(tx, SECRET_KEY)).intact
