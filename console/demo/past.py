"""Giving the simulated phones the chats that the console remembers: the simulator itself forgets when it stops."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from console.db import Database
from console.demo.story import Arrival
from console.inbox.contacts import Alias
from console.inbox.models import Conversation, Message

LATEST = 60
# What a phone knows of our ticks.
_RANKS = {"sent": "sent", "delivered": "delivered", "read": "read"}


async def personas_of(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """The simulator's people, by id."""
    answer = await http.get("/simulator/api/personas")
    answer.raise_for_status()
    return {persona["id"]: persona for persona in answer.json()["personas"]}


async def remind(db: Database, http: httpx.AsyncClient) -> None:
    """Put the newest messages of each conversation on the phone of the person it is with."""
    for persona in (await personas_of(http)).values():
        past = await _past(db, [persona["wa_id"] or "", persona["user_id"]])
        if past:
            answer = await http.put(f"/simulator/api/threads/{persona['id']}", json={"messages": past})
            answer.raise_for_status()


async def _past(db: Database, addresses: list[str]) -> list[dict[str, Any]]:
    contacts = select(Alias.contact_id).where(Alias.value.in_(addresses))
    query = (
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.contact_id.in_(contacts), Message.direction.in_(["in", "out"]), Message.wamid.is_not(None))
        .order_by(Message.sequence.desc())
        .limit(LATEST)
    )
    async with db.reading() as tx:
        rows = (await tx.scalars(query)).all()
    return [
        {
            "mine": row.direction == "in",
            "text": row.text or "(archivo)",
            "at": (row.provider_at or row.created_at).timestamp(),
            "id": row.wamid,
            "status": "read" if row.direction == "in" else _RANKS.get(row.status, "sent"),
        }
        for row in reversed(rows)
        if row.kind not in {"reaction", "edit", "revoke"}
    ]


async def arrive(http: httpx.AsyncClient, arrivals: list[Arrival]) -> None:
    """Let the story's last messages be sent from the phones, through the whole way."""
    for arrival in arrivals:
        phone = f"/simulator/api/personas/{arrival.persona}"
        if arrival.what in {None, "location"}:
            body = {"type": arrival.what or "text", **({"text": arrival.text} if arrival.text else {})}
            answer = await http.post(f"{phone}/messages", json=body)
        else:
            answer = await http.post(f"{phone}/{arrival.what}", json={"caption": arrival.caption or ""})
        answer.raise_for_status()
