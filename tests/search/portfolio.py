"""Many people in two teams and what they said, written straight into the tables and into the index."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

from sqlalchemy import insert, text

from console import clock
from console.db import Database, table_of
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.search.models import SearchMessage, SearchPerson
from tests.inbox.people import Inbox

FIRST, LAST = ("maria", "mario", "juan", "julia"), ("quispe", "mamani", "garcia")
FIRST_ID = 1000


async def a_portfolio(database: Database, inbox: Inbox, many: int = 240) -> list[dict[str, Any]]:
    """So many people of few names, in two teams and every status, spoken with in no order; their conversations."""
    chance, now, other = random.Random(7), clock.now(), next(iter(inbox.stranger.team_ids))
    usual = {"channel_id": inbox.channel_id, "created_at": now, "updated_at": now, "last_sequence": 0}
    usual |= {"inbound_count": 0, "pair_refusals": 0, "receipt_due": False, "version": 1}
    people, conversations, words = [], [], []
    names = list(product(FIRST, LAST)) * many
    for number, (first, last) in zip(range(FIRST_ID, FIRST_ID + many), names, strict=False):
        people.append({"id": number, "wa_id": f"5194{number:07}", "name": f"{first} {last}", "created_at": now})
        words.append({"contact_id": number, "folded": f"{first} {last} 5194{number:07}", "names": f"{first} {last}"})
        team = inbox.team_id if chance.random() < 0.5 else other
        status = chance.choice(["open", "snoozed", "resolved", "merged"])
        holder = inbox.ana.id if chance.random() < 0.2 else None
        last_at = now - timedelta(minutes=chance.randrange(10_000))
        own = {"id": number, "contact_id": number, "team_id": team, "holder_id": holder, "status": status}
        conversations.append({**own, "last_at": last_at, **usual})
    async with database.transaction() as tx:
        await tx.execute(insert(table_of(Contact)), [{**one, "version": 1} for one in people])
        await tx.execute(insert(table_of(Conversation)), conversations)
        await tx.execute(insert(table_of(SearchPerson)), words)
    return conversations


async def they_said(
    database: Database, inbox: Inbox, many: int, what: Callable[[int], str], *, apart: int = 1
) -> list[tuple[int, int, str]]:
    """So many messages of a portfolio, each conversation in its turn: what is said in one, by its number.

    The number of each, its conversation and its words. Their numbers lie `apart`, for an index that looks by numbers.
    """
    said = [(apart * number, FIRST_ID + number % 240, what(FIRST_ID + number % 240)) for number in range(1, many + 1)]
    now = clock.now()
    usual = {"channel_id": inbox.channel_id, "direction": "in", "author_kind": "contact", "kind": "text"}
    usual |= {"status": "received", "salt": b"0" * 16, "created_at": now, "provider_at": now}
    usual |= {"attempts": 0, "late": False, "forwarded": False, "version": 1}
    rows = [
        {"id": number, "conversation_id": conversation, "sequence": number, "text": words, **usual}
        for number, conversation, words in said
    ]
    async with database.transaction() as tx:
        await tx.execute(insert(table_of(Message)), rows)
        indexed = [{"message_id": row[0], "conversation_id": row[1], "folded": row[2]} for row in said]
        await tx.execute(insert(table_of(SearchMessage)), indexed)
        await tx.execute(text("ANALYZE"))
    return said
