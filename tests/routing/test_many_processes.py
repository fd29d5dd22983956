"""Eight processes give out and take at once: no two people on one, nobody over what they carry, nobody passed over."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from console import audit, clock
from console.agents import Agent, AgentTeam, Role
from console.audit import AuditEntry
from console.db import Database
from tests import brood
from tests.conftest import SECRET_KEY
from tests.routing.floor import a_floor, comes, holders, waits
from tests.routing.worker_process import CAPACITY, WAITING

PROCESSES, CLAIMED = 8, 30


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


async def test_eight_people_in_eight_processes_claim_the_same_ones(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    inbox = await a_floor(database, serving="off")
    waiting = [(await waits(database, inbox, number)).id for number in range(CLAIMED)]
    claimers = await colleagues(database, inbox.team_id)
    people = {"team": inbox.team_id, "claimers": claimers, "conversations": waiting}
    people |= {"url": database_url, "key": SECRET_KEY}

    reports = await asyncio.gather(*(one_process(number, people, tmp_path) for number in range(PROCESSES)))

    held = await holders(database)
    assert sorted(one for report in reports for one in report["mine"]) == waiting, "each was one person's, and no more"
    assert all(held[one] == claimers[number] for number, report in enumerate(reports) for one in report["mine"])
    assert all(sorted(report["mine"] + report["theirs"]) == waiting for report in reports), "nobody was left waiting"
    async with database.reading() as tx:
        assigned = select(AuditEntry.conversation_id).where(AuditEntry.action == "conversation.assigned")
        assert list(await tx.scalars(assigned.order_by(AuditEntry.conversation_id))) == waiting
        assert (await audit.verify(tx, SECRET_KEY)).intact


async def colleagues(database: Database, team_id: int) -> list[int]:
    async with database.transaction() as tx:
        agents = [Agent(name=f"Agente {n}", role=Role.AGENT, created_at=clock.now()) for n in range(PROCESSES)]
        tx.add_all(agents)
        await tx.flush()
        tx.add_all(AgentTeam(agent_id=agent.id, team_id=team_id) for agent in agents)
        return [agent.id for agent in agents]


async def one_process(number: int, people: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A process of its own, with its own connections, at it for more rounds than could ever be needed."""
    told = folder / f"{number}.json"
    with told.open("wb") as out, (folder / f"{number}.log").open("wb") as errors:
        its = {"stdout": out, "stderr": errors, "cwd": brood.ROOT}
        child = brood.start("tests.routing.worker_process:main", [number, json.dumps(people)], **its)
        assert await asyncio.to_thread(child.wait, 50) == 0
    report: dict[str, Any] = json.loads(told.read_text())
    return report
