"""How long the numbers take over 90 days of a million messages: `python -m bench.reports [URL]`.

The facts are those that such a history leaves: 300,000 hours of talk, 300,000 answers, 60,000 matters, 100,000
templates; thirty-two agents in four teams. Asked of the facts once, then with the days kept three times, as an
administrator and as a supervisor of one of four teams; the slowest counts. "At work" is processor time of this process
(with PostgreSQL without the server's).
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from console import schema
from console.agents import Team, Viewer
from console.db import Base, Database, Tx, bulk_insert
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.reports import collecting, containing, costs, follow, operation
from console.reports.asked import Asked
from console.reports.models import Answer, MessageFate, Spell, Talk, TemplateSent

CONVERSATIONS, TALK, ANSWERS, SPELLS, TEMPLATES = 50_000, 300_000, 300_000, 60_000, 100_000
LAST = date(2026, 11, 28)
CHUNK = 10_000
LIMA = ZoneInfo("America/Lima")
VIEWS = {
    "operation": operation.report,
    "collections": collecting.report,
    "bot": containing.report,
    "templates": costs.report,
}


async def main(url: str) -> None:
    await schema.migrate(url)
    db = Database(url)
    begun = time.perf_counter()
    await _fill(db)
    print(f"filled in {time.perf_counter() - begun:.0f} s")
    await _look(db, "of facts", times=1)
    begun, days = time.perf_counter(), 0
    while kept := await follow.keep_days(db, LIMA):
        days += kept
    print(f"kept {days} days in {time.perf_counter() - begun:.1f} s")
    await _look(db, "kept")
    await db.close()


async def _look(db: Database, how: str, *, times: int = 3) -> None:
    admin = Viewer(id=1, name="-", role="admin", team_ids=frozenset())
    leader = Viewer(id=2, name="-", role="supervisor", team_ids=frozenset({1}))
    since = LAST - timedelta(days=89)
    for name, read in VIEWS.items():
        for who in (admin, leader):
            asked = Asked(view=name, since=since, until=LAST, zone=LIMA, currency="PEN")
            took, worked = [], []
            for _ in range(times):
                async with db.reading() as tx:
                    begun, worked_before = time.perf_counter(), time.process_time()
                    await read(tx, who, asked)
                    took.append(time.perf_counter() - begun)
                    worked.append(time.process_time() - worked_before)
            slowest, work = max(took) * 1000, max(worked) * 1000
            print(
                f"{how:9} {name:12} {who.role:10} slowest {slowest:6.0f} ms, of it at work {work:6.0f} ms", flush=True
            )


async def _fill(db: Database) -> None:
    chance = random.Random(7)
    now = datetime(2026, 11, 28, 15, tzinfo=UTC)

    def day() -> date:
        return LAST - timedelta(days=chance.randrange(90))

    def wait() -> int:
        return int(chance.expovariate(1 / 300))

    def agent(conversation: int) -> int:
        """One of the eight of the conversation's team."""
        return 1 + conversation % 4 + 4 * chance.randrange(8)

    async with db.transaction() as tx:
        tx.add_all([Team(name=f"Equipo {n}", created_at=now) for n in range(4)])
        await tx.flush()
        tx.add(Channel(phone_number_id="1", business_account_id="1", team_id=1, created_at=now))
        await tx.flush()
        contacts = [
            {"id": n, "wa_id": f"519{n:08}", "created_at": now, "version": 1} for n in range(1, CONVERSATIONS + 1)
        ]
        await _write(tx, Contact, contacts)
        usual = {"channel_id": 1, "status": "resolved", "last_sequence": 9, "inbound_count": 1, "last_at": now}
        usual |= {"pair_refusals": 0, "receipt_due": False, "version": 1, "created_at": now, "updated_at": now}
        each = [{"id": n, "contact_id": n, "team_id": 1 + n % 4, **usual} for n in range(1, CONVERSATIONS + 1)]
        await _write(tx, Conversation, each)
    places = {
        (day(), c, chance.randrange(8, 19), author, agent(c))
        for _ in range(TALK)
        for c, author in [(chance.randrange(1, CONVERSATIONS), chance.choice(("in", "agent")))]
    }
    talk = [
        {"day": d, "conversation_id": c, "hour": h, "author": a, "agent_id": g if a == "agent" else 0, "n": 3}
        for d, c, h, a, g in places
    ]
    common: list[dict[str, Any]] = [
        {
            "message_id": n,
            "day": day(),
            "hour": chance.randrange(8, 19),
            "conversation_id": chance.randrange(1, CONVERSATIONS),
        }
        for n in range(1, ANSWERS + 1)
    ]
    async with db.transaction() as tx:
        await _write(tx, Talk, talk)
        await _write(
            tx,
            Answer,
            [
                {
                    **row,
                    "agent_id": agent(row["conversation_id"]),
                    "is_first": chance.random() < 0.3,
                    "asked_at": now,
                    "answered_at": now,
                    "calendar_s": wait(),
                    "business_s": wait(),
                }
                for row in common
            ],
        )
        await _write(
            tx,
            Spell,
            [
                {
                    **row,
                    "sequence": 9,
                    "agent_id": 3,
                    "opened_at": now,
                    "closed_at": now,
                    "calendar_s": wait(),
                    "business_s": wait(),
                    "by_bot": chance.random() < 0.5,
                    "by_person": chance.random() < 0.5,
                }
                for row in common[:SPELLS]
            ],
        )
        sent = [
            {
                **row,
                "agent_id": 0,
                "template": f"recordatorio_{row['message_id'] % 6}",
                "sent_at": now,
                "replied": False,
            }
            for row in common[:TEMPLATES]
        ]
        await _write(tx, TemplateSent, sent)
        kept = ("message_id", "day", "conversation_id", "agent_id")
        fates = [
            {name: row[name] for name in kept} | {"status": "read", "error_code": None, "charged": "utility"}
            for row in sent
        ]
        await _write(tx, MessageFate, fates)
    async with db.transaction() as tx:
        await tx.execute(text("ANALYZE"))


async def _write(tx: Tx, model: type[Base], rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), CHUNK):
        await bulk_insert(tx, model, rows[at : at + CHUNK], or_ignore=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite+aiosqlite:///{Path(folder) / 'reports.db'}"))
