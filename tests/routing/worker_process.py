"""A process that gives out the queue of a team, or takes the next one for its people, again and again."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from zoneinfo import ZoneInfo

from console import audit, clock
from console.agents import Role, Viewer
from console.db import Database
from console.errors import Refused
from console.inbox import assign
from console.inbox.models import Conversation
from console.routing import serve

CAPACITY, WAITING = 15, 40
ROUNDS = 20
LIMA = ZoneInfo("America/Lima")


async def work(number: int, people: dict[str, Any]) -> None:
    """Even processes give out, odd ones take; all stop after as many rounds as could ever be needed."""
    database = Database(people["url"], seal=audit.sealer(people["key"]))
    done = {"given": 0, "taken": 0}
    try:
        for turn in range(ROUNDS):
            if number % 2 == 0:
                async with database.transaction() as tx:
                    done["given"] += await serve.drain(tx, people["team"], moment=clock.now(), zone=LIMA, limit=3)
            else:
                taker = people["takers"][turn % len(people["takers"])]
                done["taken"] += await take(database, taker, people["team"])
    finally:
        await database.close()
    sys.stdout.write(json.dumps(done))


async def claim_all(people: dict[str, Any], number: int) -> None:
    """As person `number`: tries to take each conversation, in everybody's order, and says which became theirs."""
    viewer = Viewer(
        id=people["claimers"][number], name=f"Agente {number}", role=Role.AGENT, team_ids=frozenset({people["team"]})
    )
    database = Database(people["url"], seal=audit.sealer(people["key"]))
    told: dict[str, list[int]] = {"mine": [], "theirs": []}
    try:
        for conversation_id in people["conversations"]:
            try:
                async with database.transaction() as tx:
                    await assign.claim(tx, await tx.get_one(Conversation, conversation_id), by=viewer)
                told["mine"].append(conversation_id)
            except Refused as refused:
                if refused.code != "already_held":
                    raise
                told["theirs"].append(conversation_id)
    finally:
        await database.close()
    sys.stdout.write(json.dumps(told))


async def take(database: Database, agent_id: int, team_id: int) -> int:
    viewer = Viewer(id=agent_id, name=f"Agente {agent_id}", role=Role.AGENT, team_ids=frozenset({team_id}))
    try:
        async with database.transaction() as tx:
            await serve.take_next(tx, viewer, moment=clock.now(), zone=LIMA)
    except Refused as refused:
        if refused.code not in {"at_capacity", "queue_empty"}:
            raise
        return 0
    return 1


def main(arguments: list[str]) -> None:
    """The process: its number, and whom it works for."""
    number, people = int(arguments[0]), json.loads(arguments[1])
    asyncio.run(claim_all(people, number) if "claimers" in people else work(number, people))
