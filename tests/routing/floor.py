"""A team whose queue is given out: people with a screen open, debtors who wait, and giving out once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from console import clock
from console.agents import Agent, SignInSession, Viewer
from console.db import Database
from console.inbox.models import Conversation
from console.routing import availability, serve
from console.routing.models import RoutingRule
from console.routing.rules import USUAL
from tests.inbox.people import Inbox, a_conversation, an_inbox

LIMA = ZoneInfo("America/Lima")


async def a_floor(database: Database, **rule: Any) -> Inbox:
    """Ana and Luz are here and available. The queue is given out by turn; what else is not said is as usual."""
    inbox = await an_inbox(database)
    await decide(database, inbox.team_id, **{"serving": "round_robin", **rule})
    for viewer in (inbox.ana, inbox.luz):
        await comes(database, viewer)
    return inbox


async def decide(database: Database, team_id: int, **rule: Any) -> None:
    async with database.transaction() as tx:
        values = {"version": 1, "updated_at": clock.now(), "keeps_hours": False, **rule}
        await tx.merge(RoutingRule(**{**USUAL, "team_id": team_id, **values}))


async def comes(database: Database, viewer: Viewer) -> None:
    """Signs in and opens the inbox."""
    async with database.transaction() as tx:
        now = clock.now()
        times = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(hours=24)}
        hashed = {"token_hash": f"{viewer.id}-{now.timestamp()}"}
        tx.add(SignInSession(agent_id=viewer.id, address="192.0.2.7", user_agent="a browser", **times, **hashed))
        await availability.reached(tx, {viewer.id}, moment=now)


async def waits(database: Database, inbox: Inbox, number: int, **columns: Any) -> Conversation:
    """A debtor who waits in the queue; `columns` are further columns of the conversation."""
    conversation = await a_conversation(database, inbox, wa_id=f"5190000{number:04}")
    if columns:
        async with database.transaction() as tx:
            await tx.execute(update(Conversation).where(Conversation.id == conversation.id).values(**columns))
    return conversation


async def give_out(database: Database, inbox: Inbox, moment: datetime | None = None) -> int:
    async with database.transaction() as tx:
        return await serve.drain(tx, inbox.team_id, moment=moment or clock.now(), zone=LIMA)


async def holders(database: Database) -> dict[int, int | None]:
    """Who holds each conversation."""
    async with database.reading() as tx:
        rows = await tx.execute(select(Conversation.id, Conversation.holder_id).order_by(Conversation.id))
        return {row.id: row.holder_id for row in rows}


async def is_disabled(database: Database, viewer: Viewer) -> None:
    async with database.transaction() as tx:
        await tx.execute(update(Agent).where(Agent.id == viewer.id).values(disabled_at=clock.now()))
