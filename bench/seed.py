"""A database to measure on: agents in teams of three, signed in, and the debtors whose conversations they watch."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update

from bench.bodies import wamid
from bench.scene import Debtor, Scene, Seat
from console import audit, clock, engines, sessions
from console.agents import Agent, AgentTeam, Role, SignInSession, Team
from console.audit import SYSTEM
from console.db import Database, Tx, bulk_insert, next_ids
from console.inbox import channel_state, counts
from console.inbox.contacts import Alias, Contact
from console.inbox.models import Conversation, Message
from console.settings import Settings
from integrations.whatsapp.numbers import match_key

WATCHERS = 3
TEAMS = 33
CONVERSATIONS = 2_000
OUTGOING = 20_000
# Numbers of messages of ours, far from those of the debtors' messages.
OURS = 900_000_000
_NAMES = (
    "Rosa Quispe",
    "Luis Ñahui",
    "Carmen Flores",
    "Jorge Ibáñez",
    "Milagros Ríos",
    "Édgar Huamán",
    "Ana Lucía Paz",
)


class Shape(msgspec.Struct, frozen=True):
    """How many of what."""

    conversations: int = CONVERSATIONS
    outgoing: int = OUTGOING


async def seed(settings: Settings, shape: Shape) -> Scene:
    """Fill a migrated, empty database and describe who is in it. The first team gets what nobody knows."""
    # One statement fills a whole table.
    engines.POSTGRES_OPTIONS["command_timeout"] = 600
    db = Database(settings.database_url, seal=audit.sealer(settings.secret_key))
    try:
        async with db.transaction() as tx:
            channel = await channel_state.ensure(
                tx,
                phone_number_id=settings.whatsapp_phone_number_id,
                business_account_id=settings.whatsapp_business_account_id,
            )
            teams = await _teams(tx)
            debtors = await _debtors(tx, channel.id, teams, shape.conversations)
            outgoing = await _outgoing(tx, channel.id, debtors, shape.outgoing)
            seats = await _seats(tx, teams, debtors, settings)
        async with db.reading() as tx:
            head = await audit.head_of(tx)
    finally:
        await db.close()
    path = settings.database_url.removeprefix("sqlite+aiosqlite:///") if settings.is_sqlite else ""
    port = int(settings.base_url.rpartition(":")[2])
    return Scene(
        host="127.0.0.1",
        ports=[port],
        origin=settings.base_url,
        secret=settings.whatsapp_app_secret,
        phone_number_id=settings.whatsapp_phone_number_id,
        account_id=settings.whatsapp_business_account_id,
        head=head,
        places=WATCHERS,
        debtors=debtors,
        seats=seats,
        outgoing=outgoing,
        database=path,
    )


async def _teams(tx: Tx) -> list[Team]:
    teams = [Team(name=f"Equipo {number + 1:02}", created_at=clock.now()) for number in range(TEAMS)]
    tx.add_all(teams)
    await tx.flush()
    return teams


async def _debtors(tx: Tx, channel_id: int, teams: list[Team], count: int) -> list[Debtor]:
    moment = clock.now()
    debtors: list[Debtor] = []
    ids = zip(await next_ids(tx, Conversation, count), await next_ids(tx, Contact, count), strict=True)
    for number, (conversation_id, contact_id) in enumerate(ids):
        phone = f"519{number:08}"
        name = f"{_NAMES[number % len(_NAMES)]} {number}"
        debtors.append(Debtor(conversation_id, contact_id, phone, f"PE.{number:018}", name, number % len(teams)))
    await bulk_insert(tx, Contact, [_contact(debtor) for debtor in debtors])
    aliases = [(d, kind, value) for d in debtors for kind, value in (("phone", d.phone), ("bsuid", d.user_id))]
    await bulk_insert(
        tx,
        Alias,
        [
            {
                "channel_id": channel_id,
                "kind": kind,
                "value": value,
                "match_key": match_key(value) if kind == "phone" else None,
                "contact_id": debtor.contact_id,
                "created_at": moment,
            }
            for debtor, kind, value in aliases
        ],
    )
    await bulk_insert(tx, Conversation, [_conversation(d, channel_id, teams[d.team].id) for d in debtors])
    await counts.apply(tx, Counter((teams[debtor.team].id, 0, "open", "") for debtor in debtors))
    for debtor in debtors:
        audit.record(tx, SYSTEM, "conversation.created", conversation_id=debtor.conversation_id)
    return debtors


def _contact(debtor: Debtor) -> dict[str, Any]:
    return {
        "id": debtor.contact_id,
        "profile_name": debtor.name,
        "wa_id": debtor.phone,
        "user_id": debtor.user_id,
        "created_at": clock.now(),
        "version": 1,
    }


def _conversation(debtor: Debtor, channel_id: int, team_id: int) -> dict[str, Any]:
    moment = clock.now()
    return {
        "id": debtor.conversation_id,
        "channel_id": channel_id,
        "contact_id": debtor.contact_id,
        "team_id": team_id,
        "status": "open",
        "last_sequence": 1_000,
        "inbound_count": 0,
        "last_at": moment,
        "pair_refusals": 0,
        "receipt_due": False,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }


async def _outgoing(tx: Tx, channel_id: int, debtors: list[Debtor], count: int) -> list[tuple[str, str]]:
    """Messages of ours that just left, for statuses to speak of."""
    moment = clock.now()
    rows = [
        {
            "id": number,
            "conversation_id": debtors[at % len(debtors)].conversation_id,
            "channel_id": channel_id,
            "sequence": 1 + at // len(debtors),
            "direction": "out",
            "author_kind": "system",
            "kind": "text",
            "text": "Le recordamos su cuota.",
            "wamid": wamid(OURS + at),
            "status": "sent",
            "created_at": moment,
            "attempts": 1,
            "wired_at": moment,
            "late": False,
            "forwarded": False,
            "version": 1,
        }
        for at, number in enumerate(await next_ids(tx, Message, count))
    ]
    await bulk_insert(tx, Message, rows)
    return [(wamid(OURS + at), debtors[at % len(debtors)].phone) for at in range(count)]


async def _seats(tx: Tx, teams: list[Team], debtors: list[Debtor], settings: Settings) -> list[Seat]:
    """Three agents a team, each with another conversation of it open, and an administrator who sees everything."""
    open_ones = {team: [d.conversation_id for d in debtors if d.team == team] for team in range(len(teams))}
    seats = []
    for number, team in enumerate(teams):
        for place in range(WATCHERS):
            cookie = await _signed_in(tx, f"agente-{number}-{place}", Role.AGENT, team, settings)
            open_id = open_ones[number][place] if place < len(open_ones[number]) else None
            seats.append(Seat(cookie, number, place, "unassigned", open_id))
    cookie = await _signed_in(tx, "administradora", Role.ADMIN, teams[0], settings)
    return [*seats, Seat(cookie, -1, -1, "all", None)]


async def _signed_in(tx: Tx, name: str, role: str, team: Team, settings: Settings) -> str:
    agent = Agent(email=f"{name}@bench.example", name=f"Agente {name}", role=role, created_at=clock.now())
    tx.add(agent)
    await tx.flush()
    tx.add(AgentTeam(agent_id=agent.id, team_id=team.id))
    token = await sessions.start(tx, agent, address="127.0.0.1", user_agent="bench")
    return f"{sessions.cookie_name(settings)}={token}"


async def renew_sessions(settings: Settings) -> None:
    """Let the sessions of a kept database hold again."""
    db = Database(settings.database_url)
    moment = clock.now()
    try:
        async with db.transaction() as tx:
            await tx.execute(update(SignInSession).values(seen_at=moment, expires_at=moment + timedelta(days=1)))
    finally:
        await db.close()


async def head_of(settings: Settings) -> int:
    """The newest entry, for pages that open now."""
    db = Database(settings.database_url)
    try:
        async with db.reading() as tx:
            return await audit.head_of(tx)
    finally:
        await db.close()


async def stored(settings: Settings, first: int, count: int) -> int:
    """How many of these messages are in the database."""
    db = Database(settings.database_url)
    try:
        async with db.reading() as tx:
            wanted = [wamid(number) for number in range(first, first + count)]
            found = 0
            for at in range(0, count, 5000):
                ids = (await tx.scalars(select(Message.id).where(Message.wamid.in_(wanted[at : at + 5000])))).all()
                found += len(ids)
            return found
    finally:
        await db.close()
