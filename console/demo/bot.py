"""The demo's bot: the night it has had, the dialogues it is in, and how it goes on.

The dialogues are held by the bot itself, with the clock set back: only what the debtors write is made up. It does not
answer the story's last messages, which arrive as everything starts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
from sqlalchemy import select

from console import audit, clock
from console.agents import Team, Viewer
from console.audit import Actor
from console.bots import conduct, handing, sessions
from console.bots.models import BotCursor
from console.bots.runner import Bot
from console.db import Database, Tx
from console.inbox import assign, thread
from console.inbox.models import Conversation
from console.settings import Settings
from integrations.payments.signed import Signed

NIGHT = Path(__file__).parent / "bot.toml"
PAYS_BY = "Yape, Plin o transferencia a la cuenta recaudadora de Financiera Andes; y el enlace de pago, con tarjeta."
PRICE = 250
"""What one answer costs, in hundredths of a céntimo."""
A_MOMENT = timedelta(seconds=4)

Deed = Callable[[], Awaitable[None]]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody writes to the bot, `ago` minutes before the demo begins; the bubbles come together."""

    ago: int
    they: list[str]


class Dialogue(msgspec.Struct, forbid_unknown_fields=True):
    """One debtor's. `moves` is when it goes to the second team, `morning` when people take over: minutes ago."""

    persona: str
    lines: list[Said]
    moves: int | None = None
    morning: int | None = None


class _Night(msgspec.Struct, forbid_unknown_fields=True):
    dialogue: list[Dialogue]


class Phones(Protocol):
    """The debtors' phones, and the way of our answers to them."""

    viewers: dict[str, Viewer]

    async def hear(self, persona: dict[str, Any], *texts: str) -> None:
        """They write."""

    async def leave(self, persona: dict[str, Any]) -> None:
        """What is queued for them is sent, delivered and read."""

    async def conversation(self, tx: Tx, persona: dict[str, Any], viewer: Viewer) -> Conversation:
        """The conversation with them."""


def read() -> list[Dialogue]:
    """The dialogues as they are written."""
    return msgspec.convert(tomllib.loads(NIGHT.read_text(encoding="utf-8")), _Night).dialogue


async def speak(tx: Tx, *, by: Actor) -> None:
    """Every team's bot knows how one can pay, and answers whoever is not held by a person."""
    for team_id in (await tx.scalars(select(Team.id).order_by(Team.id))).all():
        await conduct.change(tx, team_id, by=by, mode="always", methods=PAYS_BY, reply_price_minor=PRICE)


async def rest(db: Database, *, by: Actor, first_team: str, until: datetime) -> None:
    """From now on the first team's answers after hours, the others' always, all of them from `until` on.

    What the story has left behind is none of its business.
    """
    async with db.transaction() as tx:
        for team_id, name in (await tx.execute(select(Team.id, Team.name).order_by(Team.id))).all():
            mode = "after_hours" if name == first_team else "always"
            await conduct.change(tx, team_id, by=by, mode=mode, paused_until=until)
        cursor = await tx.get_one(BotCursor, 1)
        cursor.position = cursor.since = None


def deeds(
    db: Database, settings: Settings, phones: Phones, personas: dict[str, dict[str, Any]], second_team: str
) -> list[tuple[int, Deed]]:
    """All that happens in the dialogues, each with how many minutes before the demo begins."""
    bot = Bot(db, settings, _checkout(settings), None)
    found: list[tuple[int, Deed]] = []
    for dialogue in read():
        persona = personas[dialogue.persona]
        if dialogue.moves is not None:
            found.append((dialogue.moves, partial(_move, db, phones, persona, second_team)))
        found.extend((said.ago, partial(_turn, db, bot, phones, persona, said)) for said in dialogue.lines)
        if dialogue.morning is not None:
            found.append((dialogue.morning, partial(_hand_over, db, settings, phones, persona)))
    return found


def _checkout(settings: Settings) -> Signed | None:
    if settings.payments_provider != "signed" or not settings.payments_api_url:
        return None
    return Signed(
        base_url=settings.payments_api_url, key=settings.payments_api_key, secrets=settings.payment_secrets
    )  # fmt: skip


async def _turn(db: Database, bot: Bot, phones: Phones, persona: dict[str, Any], said: Said) -> None:
    async with db.transaction() as tx:
        # It hears this person alone: the story's others are talked to by people.
        cursor = await tx.get_one(BotCursor, 1)
        cursor.position, cursor.since = await audit.head_of(tx), clock.now()
    await phones.hear(persona, *said.they)
    await bot.listen()
    later = clock.now() + A_MOMENT
    clock.set_source(lambda: later)
    while await bot.answer_due():
        pass
    await phones.leave(persona)


async def _move(db: Database, phones: Phones, persona: dict[str, Any], second_team: str) -> None:
    elena = phones.viewers["elena"]
    async with db.transaction() as tx:
        team_id = (await tx.scalars(select(Team.id).where(Team.name == second_team))).one()
        conversation = await phones.conversation(tx, persona, elena)
        await assign.transfer(tx, conversation, by=elena, team_id=team_id)


async def _hand_over(db: Database, settings: Settings, phones: Phones, persona: dict[str, Any]) -> None:
    async with db.transaction() as tx:
        bot = await sessions.the_bot(tx)
        conversation = await thread.lock(tx, await phones.conversation(tx, persona, phones.viewers["elena"]))
        session = await sessions.live_of(tx, conversation.id)
        if session is not None:
            await handing.hand_over(tx, session, conversation, bot=bot, zone=settings.zone, why="morning")
