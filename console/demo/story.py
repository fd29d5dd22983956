"""The sample portfolio of the demo: who works there, and the day that debtors and agents had before it begins.

Debtors write through the same door as Meta's webhooks, agents act through the same verbs as the screens; only the
clock is set back. Everything here is invented, and says so.
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import select

from console import clock, passwords, users
from console.agents import Agent, Role, Viewer
from console.api_tokens import keeping as token_keeping
from console.audit import Actor
from console.db import Database, Tx
from console.demo import bot, changed_settings, consents, debtors, debts, floor, later, privacy, quality, texts, weeks
from console.inbox import assign, channel_state, deliver, ingest, queries, reply, settle
from console.inbox.channel import Channel
from console.inbox.contacts import Alias
from console.inbox.deliver import Claimed
from console.inbox.models import Conversation
from console.portfolio import right_party
from console.portfolio.states import today_in
from console.roles import keeping as roles
from console.settings import Settings

STORY = Path(__file__).parent / "story.toml"
PASSWORD = "solo-para-probar"  # noqa: S105 printed on the screen; the demo listens on loopback alone
BEFORE_EVERYTHING = timedelta(days=weeks.DAYS + weeks.QUIET + 5)
QUIET = timedelta(minutes=3)
"""How long the bot says nothing at first: what arrives as everything starts is for people."""
FIRST_TEAM, SECOND_TEAM = "Cobranza temprana", "Mora judicial"
RANKS = ("sent", "delivered", "read")
DEMO = Actor(kind="system", name="Demostración")

# A role that the business made, for somebody who looks at numbers and supervises nobody.
ANALYST = ("read_history", "read_reports", "import_portfolio")
# Programs with a key of their own; nobody keeps the keys.
PROGRAMS = (
    ("ERP de facturación", "365", ("accounts:read", "accounts:write", "payments:write")),
    ("Tablero de gerencia", "", ("catalogues:read", "conversations:read", "stream:read")),
)
PEOPLE = {
    "rosa": ("rosa.quispe@andes.example", "Rosa Quispe", Role.AGENT, FIRST_TEAM),
    "diego": ("diego.salas@andes.example", "Diego Salas", Role.AGENT, FIRST_TEAM),
    "victor": ("victor.rojas@andes.example", "Víctor Rojas", Role.SUPERVISOR, FIRST_TEAM),
    "elena": ("elena.paredes@andes.example", "Elena Paredes", Role.ADMIN, FIRST_TEAM),
    "carla": ("carla.nunez@andes.example", "Carla Núñez", Role.AGENT, SECOND_TEAM),
}


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One thing that happened, `ago` minutes before the demo begins."""

    ago: int
    they: str | None = None
    by: str = "rosa"
    say: str | None = None
    note: str | None = None
    do: Literal["claim", "confirm", "release", "resolve", "snooze", "team"] | None = None
    team: str | None = None
    ends: Literal["sent", "delivered", "read"] = "read"
    failed: int | None = None


class Chapter(msgspec.Struct, forbid_unknown_fields=True):
    """One debtor's conversation."""

    persona: str
    lines: list[Line]


class Arrival(msgspec.Struct, forbid_unknown_fields=True):
    """Something a debtor sends just after the start."""

    persona: str
    text: str | None = None
    what: str | None = None
    caption: str | None = None


class Story(msgspec.Struct, forbid_unknown_fields=True):
    """The file story.toml."""

    conversation: list[Chapter]
    arrival: list[Arrival]


def read() -> Story:
    """The story as it is written."""
    return msgspec.convert(tomllib.loads(STORY.read_text(encoding="utf-8")), Story)


async def is_told(db: Database) -> bool:
    """Whether this database has people already."""
    async with db.reading() as tx:
        return await users.any_person(tx)


async def tell(db: Database, settings: Settings, personas: dict[str, dict[str, Any]]) -> None:
    """Make the people, then let the day before happen. `personas` are the simulator's, by id."""
    begins = clock.now()
    try:
        _it_is(begins - BEFORE_EVERYTHING)
        teller = await _prepare(db, settings)
        deeds = sorted(_deeds(teller, personas, begins, settings), key=lambda event: -event[0])
        opening = begins - timedelta(minutes=deeds[0][0] + 1)
        past_weeks = weeks.Weeks(db, settings, teller.viewers, _it_is)
        await past_weeks.tell(teller.first_messages, until=today_in(settings.zone, opening))
        _it_is(opening)
        await debts.state(db, settings, personas, begins)
        for ago, deed in deeds:
            _it_is(begins - timedelta(minutes=ago))
            await deed()
        _it_is(begins)
        await bot.rest(db, by=DEMO, first_team=FIRST_TEAM, until=begins + QUIET)
        _it_is(begins - timedelta(minutes=12))
        await floor.take_breaks(db, teller.viewers)
        await consents.record(db, settings, teller.viewers)
        await privacy.ask(db, settings, teller.viewers)
        await quality.review(db, settings, teller.viewers)
        await later.schedule(db, settings, personas, by=teller.viewers["rosa"], find=teller.conversation)
    finally:
        clock.set_source(None)


def _deeds(
    teller: Teller, personas: dict[str, dict[str, Any]], begins: datetime, settings: Settings
) -> list[tuple[int, debts.Deed]]:
    """What was written, paid, promised and agreed, each with how many minutes before `begins` it happens."""
    lines = [
        (line.ago, partial(teller.tell, personas[chapter.persona], line))
        for chapter in read().conversation
        for line in chapter.lines
    ]
    nights = bot.deeds(teller.db, settings, teller, personas, SECOND_TEAM)
    changed = changed_settings.deeds(teller.db, settings, teller.viewers)
    return [*lines, *teller.debts(begins), *nights, *changed]


def _it_is(moment: datetime) -> None:
    clock.set_source(lambda: moment)


async def _prepare(db: Database, settings: Settings) -> Teller:
    password_hash = await passwords.hashed(PASSWORD)
    viewers: dict[str, Viewer] = {}
    async with db.transaction() as tx:
        first = await users.add_team(tx, FIRST_TEAM)
        channel = await channel_state.ensure(
            tx,
            phone_number_id=settings.whatsapp_phone_number_id,
            business_account_id=settings.whatsapp_business_account_id,
        )
        channel.team_id = first.id
        for nick, (email, name, role, team_name) in PEOPLE.items():
            team = await users.add_team(tx, team_name)
            person: dict[str, Any] = {"email": email, "name": name, "role": role, "password_hash": password_hash}
            agent: Agent = await users.add(tx, **person, teams=[team], by=DEMO)
            viewers[nick] = Viewer(id=agent.id, name=name, role=role, team_ids=frozenset([team.id]), address="demo")
        await texts.write(tx, viewers["elena"], settings.media_dir)
        await roles.create(tx, by=viewers["elena"], name="Analista de cartera", base=Role.AGENT, deeds=ANALYST)
        for program, days, scopes in PROGRAMS:
            await token_keeping.create(tx, by=viewers["elena"], name=program, scopes=scopes, days=days)
        await floor.decide(tx, first.id, by=viewers["victor"])
        await bot.speak(tx, by=DEMO)
    return Teller(db, settings, channel, viewers)


class Teller:
    """Lets one line of the story happen."""

    def __init__(self, db: Database, settings: Settings, channel: Channel, viewers: dict[str, Viewer]) -> None:
        self.db = db
        self._settings = settings
        self._channel = channel
        self.viewers = viewers

    def debts(self, begins: datetime) -> list[tuple[int, debts.Deed]]:
        """What happened to the debts before `begins`."""
        return debts.deeds(self.db, self._settings, self.viewers, begins)

    async def first_messages(self, people: Sequence[debtors.Person]) -> None:
        """All of them write for the first time, at once."""
        none = {"profile_name": None, "username": None}
        said = [{**none, "name": who.name, "wa_id": who.wa_id, "user_id": f"PE.{who.debt}"} for who in people]
        bodies = [self._webhook(who, messages=[_message(who, "Hola, guardé su número")]) for who in said]
        await ingest.store(self.db, bodies)

    async def tell(self, persona: dict[str, Any], line: Line) -> None:
        """It happens now, as the clock stands."""
        if line.they is not None:
            await self.hear(persona, line.they)
            return
        viewer = self.viewers[line.by]
        async with self.db.transaction() as tx:
            conversation = await self.conversation(tx, persona, viewer)
            if line.note is not None:
                await reply.note(tx, conversation, by=viewer, text=line.note, client_key=secrets.token_hex(8))
            elif line.do is not None:
                await _do(tx, conversation, line, viewer)
        if line.say is not None:
            await self._say(persona, line, viewer)

    async def _say(self, persona: dict[str, Any], line: Line, viewer: Viewer) -> None:
        async with self.db.transaction() as tx:
            conversation = await self.conversation(tx, persona, viewer)
            key = secrets.token_hex(8)
            await reply.reply(tx, conversation, by=viewer, text=line.say or "", client_key=key, force=True)
        await self.leave(persona, _climb(line), failed=line.failed)

    async def hear(self, persona: dict[str, Any], *texts: str) -> None:
        """They write."""
        await ingest.store(self.db, [self._webhook(persona, messages=[_message(persona, text) for text in texts])])

    async def leave(self, persona: dict[str, Any], ends: Sequence[str] = RANKS, *, failed: int | None = None) -> None:
        """What is queued for them is sent, and its ticks come; nothing where nothing is."""
        async with self.db.transaction() as tx:
            claims = await deliver.claim(tx, self._channel.id, limit=1, rate=80)
        if not claims.messages:
            return
        (claimed,) = claims.messages
        wamid = _wamid()
        async with self.db.transaction() as tx:
            await deliver.wire(tx, [(claimed.id, claimed.claim)])
            await settle.settle(tx, [(claimed, settle.Accepted(wamid))])
        statuses = [_status(persona, claimed, wamid, status) for status in ends]
        if failed is not None:
            statuses[-1]["errors"] = [{"code": failed, "title": "Message undeliverable"}]
        await ingest.store(self.db, [self._webhook(persona, statuses=statuses)])

    async def conversation(self, tx: Tx, persona: dict[str, Any], viewer: Viewer) -> Conversation:
        """The conversation with them."""
        known = select(Alias.contact_id).where(Alias.value.in_([persona["wa_id"] or "", persona["user_id"]]))
        wanted = select(Conversation.id).where(Conversation.contact_id.in_(known))
        return await queries.open_conversation(tx, viewer, (await tx.scalars(wanted)).one())

    def _webhook(self, persona: dict[str, Any], **news: list[dict[str, Any]]) -> bytes:
        """As Meta sends it (whatsapp.md §7)."""
        profile = {"name": persona["profile_name"] or persona["name"]}
        if persona["username"]:
            profile["username"] = persona["username"]
        phone = {"wa_id": persona["wa_id"]} if persona["wa_id"] else {}
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": self._settings.whatsapp_phone_number_id},
            "contacts": [{"profile": profile, **phone, "user_id": persona["user_id"]}],
            **news,
        }
        entry = {
            "id": self._settings.whatsapp_business_account_id,
            "changes": [{"field": "messages", "value": value}],
        }
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})


async def _do(tx: Tx, conversation: Conversation, line: Line, viewer: Viewer) -> None:
    match line.do:
        case "claim":
            await assign.claim(tx, conversation, by=viewer)
        case "release":
            await assign.release(tx, conversation, by=viewer)
        case "confirm":
            await right_party.confirm(tx, conversation, by=viewer)
        case "resolve":
            await assign.resolve(tx, conversation, by=viewer)
        case "snooze":
            await assign.snooze(tx, conversation, by=viewer, until=clock.now() + timedelta(days=7))
        case "team":
            team = await users.add_team(tx, line.team or FIRST_TEAM)
            await assign.transfer(tx, conversation, by=viewer, team_id=team.id)


def _climb(line: Line) -> Sequence[str]:
    if line.failed is not None:
        return ("failed",)
    return RANKS[: RANKS.index(line.ends) + 1]


def _message(persona: dict[str, Any], text: str) -> dict[str, Any]:
    phone = {"from": persona["wa_id"]} if persona["wa_id"] else {}
    return {
        **phone,
        "from_user_id": persona["user_id"],
        "id": _wamid(),
        "timestamp": _seconds(),
        "type": "text",
        "text": {"body": text},
    }


def _status(persona: dict[str, Any], claimed: Claimed, wamid: str, status: str) -> dict[str, Any]:
    return {
        "id": wamid,
        "status": status,
        "timestamp": _seconds(),
        "recipient_id": persona["wa_id"] or persona["user_id"],
        "biz_opaque_callback_data": claimed.ref,
    }


def _wamid() -> str:
    return f"wamid.{secrets.token_urlsafe(24)}"


def _seconds() -> str:
    return str(int(clock.now().timestamp()))
