"""A night with the bot: a console at its front door, a debtor who writes, and the bot's turns taken one by one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
import msgspec
from sqlalchemy import select

from console import clock, render
from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.app import Console, create_console, running
from console.audit import AuditEntry
from console.bots.models import BotAlert, BotSession, BotStep
from console.bots.runner import Bot
from console.db import Database
from console.inbox import webhook
from console.inbox.contacts import Contact
from console.inbox.ingest import Ingest
from console.inbox.models import Conversation, Message
from integrations.whatsapp.signature import sign
from tests.conftest import Moment
from tests.front import APP_SECRET, settings_for
from tests.inbox import meta
from tests.portfolio.debts import Bill, Debt, a_debtor
from tests.portfolio.paying import provider_settings

LIMA = ZoneInfo("America/Lima")
EVENING = datetime(2026, 11, 20, 20, 14, tzinfo=LIMA)
DOCUMENT = ("DNI", "45127304")
BORN = 1991
RIGHT = "7304 1991"
LATE: list[Bill] = [("F-1", date(2026, 11, 1), 41250)]


class Night(msgspec.Struct):
    """The scene: the webhook's own door without the pages behind it, and the bot."""

    console: Console
    door: httpx.AsyncClient
    bot: Bot
    moment: Moment
    team_id: int

    @property
    def db(self) -> Database:
        return self.console.db

    async def delivers(self, body: bytes) -> None:
        """A delivery, signed as Meta signs it; 200 says that it is durable."""
        headers = {"content-type": "application/json", "x-hub-signature-256": sign(body, APP_SECRET)}
        answer = await self.door.post("/webhooks/whatsapp", content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def owes(self, phone: str = meta.MARIA, **changed: Any) -> Debt:
        """María owes S/ 412.50 since the first of the month, unless something else is said."""
        told: dict[str, Any] = {
            "name": "María Fernanda Ccori", "document": DOCUMENT, "birth_year": BORN, "invoices": LATE, **changed,
        }  # fmt: skip
        return await a_debtor(self.db, self.team_id, phone=phone, **told)

    async def writes(self, *texts: str, sender: str = meta.MARIA, answered: bool = True) -> list[str]:
        """She writes these bubbles; what the bot answers to them, text by text."""
        return await self.sends(*(meta.text(text, sender=sender) for text in texts), sender=sender, answered=answered)

    async def sends(self, *messages: dict[str, Any], sender: str = meta.MARIA, answered: bool = True) -> list[str]:
        """Messages of any kind, through the signed webhook."""
        before = await self.last_sequence(sender)
        await self.delivers(meta.body(*messages))
        if answered:
            await self.turn()
        return [row.text or "" for row in await self.said(sender) if row.sequence > before]

    async def turn(self) -> None:
        """Let the bot hear, wait for further bubbles, and answer."""
        await self.bot.listen()
        self.moment.passes(seconds=4)
        while await self.bot.answer_due():
            pass

    async def conversation(self, phone: str = meta.MARIA) -> Conversation | None:
        async with self.db.reading() as tx:
            wanted = select(Conversation).join(Contact, Contact.id == Conversation.contact_id)
            return (await tx.scalars(wanted.where(Contact.wa_id == phone))).one_or_none()

    async def last_sequence(self, phone: str = meta.MARIA) -> int:
        found = await self.conversation(phone)
        return found.last_sequence if found else 0

    async def said(self, phone: str = meta.MARIA) -> list[Message]:
        """All that left for her, or will."""
        found = await self.conversation(phone)
        async with self.db.reading() as tx:
            wanted = select(Message).where(Message.conversation_id == (found.id if found else 0))
            return list(await tx.scalars(wanted.where(Message.direction == "out").order_by(Message.sequence)))

    async def steps(self) -> list[BotStep]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(BotStep).order_by(BotStep.id)))

    async def sessions(self) -> list[BotSession]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(BotSession).order_by(BotSession.id)))

    async def alerts(self) -> list[BotAlert]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(BotAlert).order_by(BotAlert.id)))

    async def entries(self, action: str) -> list[dict[str, Any]]:
        """What the history says of `action`, oldest first."""
        async with self.db.reading() as tx:
            rows = await tx.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
            return [msgspec.json.decode(row.new) if row.new else {} for row in rows]


@contextlib.asynccontextmanager
async def a_night(
    database_url: str, tmp_path: Path, moment: Moment, *, at: datetime = EVENING, **changed: Any
) -> AsyncIterator[Night]:
    """A console whose bot takes its turns when the test says so, at `at` in Lima."""
    moment.is_(at)
    told = {**provider_settings("signed"), "base_url": "http://127.0.0.1", **changed}
    settings = settings_for(database_url, tmp_path, **told)
    render.configure(zone=settings.zone, company=settings.company, country=settings.country, base_url=settings.base_url)
    console = create_console(settings)
    ingest = Ingest(console.db)
    transport = httpx.ASGITransport(cast("Any", webhook.Lane(_nobody, settings, ingest)))
    async with (
        running(console),
        httpx.AsyncClient(transport=transport, base_url=settings.base_url) as door,
    ):
        ingest.start()
        bot = Bot(console.db, settings, console.payments, None)
        await bot.listen()
        async with console.db.reading() as tx:
            team_id = (await tx.scalars(select(Team.id).order_by(Team.id))).first()
        assert team_id is not None
        try:
            yield Night(console, door, bot, moment, team_id)
        finally:
            await ingest.stop()


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("only deliveries come to this door")


async def ana_of(night: Night) -> Viewer:
    """Ana, of the team that conversations go to."""
    async with night.db.transaction() as tx:
        ana = Agent(name="Ana Ríos", role=Role.AGENT, email="ana@andes.example", created_at=clock.now())
        tx.add(ana)
        await tx.flush()
        tx.add(AgentTeam(agent_id=ana.id, team_id=night.team_id))
        return Viewer(id=ana.id, name=ana.name, role=ana.role, team_ids=frozenset({night.team_id}))
