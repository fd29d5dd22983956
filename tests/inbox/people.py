"""Who is in a test of the inbox: a number, a team, its agents, a debtor who wrote, and what was recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from console import audit, clock
from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.audit import AuditEntry
from console.db import Database, Tx
from console.inbox import counts, thread
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status

HELLO = "Buenos días, quiero pagar mi cuota"


class Inbox(msgspec.Struct):
    """One number with a team of two agents and a supervisor, and an agent of another team."""

    channel_id: int
    team_id: int
    ana: Viewer
    luz: Viewer
    supervisor: Viewer
    admin: Viewer
    stranger: Viewer


async def an_inbox(database: Database) -> Inbox:
    async with database.transaction() as tx:
        now = clock.now()
        team, other = Team(name="Cobranza", created_at=now), Team(name="Otra", created_at=now)
        tx.add_all([team, other])
        await tx.flush()
        channel = Channel(phone_number_id="106540352242922", business_account_id="102290129340398", team_id=team.id)
        channel.created_at = now
        tx.add(channel)
        await tx.flush()
        return Inbox(
            channel_id=channel.id,
            team_id=team.id,
            ana=await _an_agent(tx, "Ana Ríos", Role.AGENT, team.id),
            luz=await _an_agent(tx, "Luz Paredes", Role.AGENT, team.id),
            supervisor=await _an_agent(tx, "Rosa Vega", Role.SUPERVISOR, team.id),
            admin=await _an_agent(tx, "Iván Soto", Role.ADMIN, None),
            stranger=await _an_agent(tx, "Beto Lara", Role.AGENT, other.id),
        )


async def _an_agent(tx: Tx, name: str, role: Role, team_id: int | None) -> Viewer:
    email = f"{name.partition(' ')[0].lower()}@example.test"
    agent = Agent(name=name, role=role, email=email, created_at=clock.now())
    tx.add(agent)
    await tx.flush()
    if team_id is not None:
        tx.add(AgentTeam(agent_id=agent.id, team_id=team_id))
    teams = frozenset({team_id} if team_id else ())
    return Viewer(id=agent.id, name=name, role=role, team_ids=teams, address="192.0.2.7")


async def a_conversation(
    database: Database,
    inbox: Inbox,
    *,
    wa_id: str = "51944218305",
    holder: Viewer | None = None,
    window: bool = True,
    status: str = "open",
) -> Conversation:
    """A debtor of this number who wrote once; the service window has just opened, or never has."""
    async with database.transaction() as tx:
        now = clock.now()
        contact = Contact(wa_id=wa_id, profile_name="Rosa Q.", created_at=now)
        tx.add(contact)
        await tx.flush()
        conversation = Conversation(
            channel_id=inbox.channel_id,
            contact_id=contact.id,
            team_id=inbox.team_id,
            holder_id=holder.id if holder else None,
            status=status,
            last_at=now,
            window_opened_at=now if window else None,
            window_closes_at=now + timedelta(hours=24) if window else None,
            waiting_since=now,
            created_at=now,
            updated_at=now,
        )
        tx.add(conversation)
        await tx.flush()
        await counts.apply(tx, {counts.slot_of(conversation): 1})
        await they_wrote(tx, conversation, HELLO)
        return conversation


async def they_wrote(tx: Tx, conversation: Conversation, text: str) -> Message:
    """The debtor writes, as far as the answering side can tell."""
    conversation = await thread.lock(tx, conversation)
    author = audit.Actor(kind="contact", id=conversation.contact_id)
    row = await thread.append(
        tx, conversation, direction="in", author=author, kind="text", status=Status.RECEIVED, text=text
    )
    row.wamid = f"wamid.in.{row.id}"
    conversation.inbound_count += 1
    conversation.last_inbound_wamid = row.wamid
    return row


async def a_template(database: Database, inbox: Inbox, **columns: object) -> MessageTemplate:
    """An approved reminder with two blanks in its body and one in a link."""
    values: dict[str, Any] = {
        "name": "recordatorio_pago",
        "language": "es",
        "category": "UTILITY",
        "status": "APPROVED",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Recordatorio"},
            {
                "type": "BODY",
                "text": "Hola {{1}}, su cuota de {{2}} vence mañana.",
                "example": {"body_text": [["Rosa", "S/ 120.00"]]},
            },
            {"type": "FOOTER", "text": "Responda BAJA para no recibir más"},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Pagar", "url": "https://pagos.example/{{1}}"}]},
        ],
        **columns,
    }
    async with database.transaction() as tx:
        template = MessageTemplate(channel_id=inbox.channel_id, updated_at=clock.now(), **values)
        tx.add(template)
        await tx.flush()
        return template


async def history(database: Database, **of: int) -> list[AuditEntry]:
    """The history, oldest first; `conversation_id=` or `message_id=` narrow it."""
    async with database.reading() as tx:
        entries = select(AuditEntry).filter_by(**of).order_by(AuditEntry.id)
        return list(await tx.scalars(entries))


async def actions(database: Database, **of: int) -> list[str]:
    """What happened, in order."""
    return [entry.action for entry in await history(database, **of)]


async def messages(database: Database, conversation: Conversation) -> list[Message]:
    """The thread, in order."""
    async with database.reading() as tx:
        rows = select(Message).where(Message.conversation_id == conversation.id).order_by(Message.sequence)
        return list(await tx.scalars(rows))


async def fresh(database: Database, conversation: Conversation) -> Conversation:
    """The conversation as it is now."""
    async with database.reading() as tx:
        return await tx.get_one(Conversation, conversation.id)
