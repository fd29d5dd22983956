"""`python -m bench night`: a night of dialogues with the bot, on SQLite, and whether everybody heard only their own.

Two thousand people write between eight and midnight, several turns each; some give wrong answers, some are nobody we
know, some want out. Deliveries go through the webhook's own door, signed; the clock is set; nothing leaves. At the end
the history is verified, and dialogues in which something was disclosed are counted against those that were verified.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import time
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
import msgspec
from sqlalchemy import func, select

from bench import stands
from console import audit, clock, render, schema
from console.agents import Team
from console.app import Console, create_console, running
from console.audit import SYSTEM, AuditEntry
from console.bots.models import BotSession, BotStep
from console.bots.runner import Bot
from console.inbox import webhook
from console.inbox.ingest import Ingest
from console.inbox.models import Message
from console.portfolio.documents import Document
from console.portfolio.sources import source_for
from console.portfolio.statement import Bill, Statement
from console.portfolio.stating import state_accounts
from console.settings import Settings, load
from integrations.whatsapp.signature import sign

ZONE = ZoneInfo("America/Lima")
EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=ZONE)
_ASK = ("cuanto debo", "buenas noches cuanto debo y por donde pago", "mi saldo porfa", "mandame el link para pagar")
_THEN = ("a fin de mes le cancelo todo", "gracias", "cuando vence", "quiero pagar en cuotas", "ya pague ayer", "ok")
_ELSE = ("no me escriban mas", "quiero hablar con una persona", "se equivocaron de numero", "a que hora atienden")
PROVIDER = {
    "PAYMENTS_PROVIDER": "signed",
    "PAYMENTS_API_URL": "http://127.0.0.1:9/pagar",
    "PAYMENTS_API_KEY": "a-key-of-the-bench",
    "PAYMENTS_WEBHOOK_SECRET": "a secret of the bench",
}


class Talk(msgspec.Struct):
    """What one person will say, bubble by bubble, and who they are."""

    phone: str
    lines: list[str]
    proves: bool


class Counted(msgspec.Struct):
    """What the night came to."""

    dialogues: int
    messages: int
    answers: int
    verified: int
    disclosed: int
    wrong: int
    entries: int
    intact: bool
    seconds: float
    turn_ms: list[float]
    megabytes: float


def main(arguments: list[str]) -> None:
    """Play it and print the figures; exit 1 when somebody heard what was not theirs."""
    parser = argparse.ArgumentParser(prog="python -m bench night", description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    options = parser.parse_args(arguments)
    counted = asyncio.run(night(options.people))
    times = sorted(counted.turn_ms) or [0.0]
    print(
        f"{counted.dialogues} dialogues, {counted.messages} messages, {counted.answers} answers in "
        f"{counted.seconds:.0f} s ({counted.answers / counted.seconds:.0f} a second); a turn: median "
        f"{statistics.median(times):.1f} ms, 99 of 100 below {times[len(times) * 99 // 100]:.1f} ms; "
        f"memory {counted.megabytes:.0f} MB\n"
        f"verified dialogues {counted.verified}, dialogues with disclosures {counted.disclosed}, "
        f"wrong answers {counted.wrong}; history: {counted.entries} entries, "
        f"{'intact' if counted.intact else 'NOT intact'}"
    )
    if counted.verified != counted.disclosed or not counted.intact:
        raise SystemExit(1)


async def night(people: int) -> Counted:
    """Play it from an empty database."""
    with stands.scratch() as folder, stands.database("sqlite", folder) as (url, _pid):
        settings = load({**stands.environ(url, 8000), **PROVIDER}, dotenv=folder / "none")
        await schema.migrate(url)
        console = create_console(settings)
        render.configure(zone=settings.zone, company=settings.company, country="PE", base_url=settings.base_url)
        moment = [EVENING]
        clock.set_source(lambda: moment[0])
        try:
            async with running(console):
                talks = await portfolio(console, people)
                return await _play(console, talks, moment)
        finally:
            clock.set_source(None)


async def portfolio(console: Console, people: int) -> list[Talk]:
    """Everybody owes; one in ten writes from a number nobody knows, one in ten gives wrong answers."""
    dice = random.Random(20)
    statements, talks = [], []
    for number in range(people):
        phone, document, born = f"519{70_000_000 + number:08d}", f"{40_000_000 + number:08d}", 1950 + number % 50
        kind = dice.random()
        right = kind >= 0.2
        known = kind >= 0.1
        answer = f"{document[-4:]} {born}" if right else f"{dice.randrange(10_000):04d} {born + 1}"
        lines = [dice.choice(_ASK), answer, *dice.sample(_THEN, dice.randrange(3))]
        talks.append(Talk(phone, [dice.choice(_ELSE)] if dice.random() < 0.15 else lines, right and known))
        if known:
            bill = Bill("F-1", EVENING.date() - timedelta(days=dice.randrange(1, 90)), 41_250, 41_250)
            statements.append(
                Statement(
                    external_id=f"PR-{number:05d}", name=f"Persona {number}", currency="PEN", bills=(bill,),
                    document=Document("DNI", document), phones=(f"+{phone}",), birth_year=born,
                )
            )  # fmt: skip
    for place in range(0, len(statements), 500):
        async with console.db.transaction() as tx:
            source = await source_for(tx, console.settings, named="bench", by=SYSTEM, moment=clock.now())
            part = statements[place : place + 500]
            await state_accounts(tx, part, source=source, by=SYSTEM, moment=clock.now())
    return talks


async def _play(console: Console, talks: list[Talk], moment: list[datetime]) -> Counted:
    settings, ingest = console.settings, Ingest(console.db)
    door: Any = webhook.Lane(cast("Any", _nobody), settings, ingest)
    bot = Bot(console.db, settings, console.payments, None)
    await bot.listen()
    began = time.perf_counter()
    messages = 0
    ingest.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=settings.base_url) as http:
        # Forty people at a time, so that dialogues lie beside each other as they do at night.
        for place in range(0, len(talks), 40):
            together = talks[place : place + 40]
            for turn in range(max(len(talk.lines) for talk in together)):
                saying = [talk for talk in together if turn < len(talk.lines)]
                for talk in saying:
                    messages += 1
                    await deliver(http, settings, (talk.phone, talk.lines[turn]), messages, moment[0])
                await bot.listen()
                moment[0] += timedelta(seconds=5)
                while await bot.answer_due():
                    pass
    await ingest.stop()
    seconds = time.perf_counter() - began
    moment[0] = EVENING.replace(hour=8) + timedelta(days=3)
    while await bot.hand_over_in_the_morning():
        pass
    return await _counted(console, messages, seconds)


async def deliver(
    http: httpx.AsyncClient, settings: Settings, said: tuple[str, str], number: int, at: datetime
) -> None:
    """One signed delivery of what somebody said: their number, and the words. Raises when it is not taken."""
    phone, text = said
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "51144218300", "phone_number_id": settings.whatsapp_phone_number_id},
        "contacts": [{"profile": {"name": f"P {phone[-4:]}"}, "wa_id": phone}],
        "messages": [
            {"from": phone, "id": f"wamid.N{number:07d}", "timestamp": str(int(at.timestamp())), "type": "text",
             "text": {"body": text}}
        ],
    }  # fmt: skip
    entry = {"id": settings.whatsapp_business_account_id, "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    headers = {"x-hub-signature-256": sign(body, settings.whatsapp_app_secret), "content-type": "application/json"}
    answer = await http.post("/webhooks/whatsapp", content=body, headers=headers)
    answer.raise_for_status()


async def _counted(console: Console, messages: int, seconds: float) -> Counted:
    async with console.db.reading() as tx:
        said = select(func.count()).select_from(Message).where(Message.author_kind == "bot", Message.direction == "out")
        told = select(func.count(func.distinct(AuditEntry.subject))).where(AuditEntry.action == "bot.disclosed")
        failed = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "bot.identity_failed")
        proved = select(func.count()).select_from(BotSession).where(BotSession.debtor_id.is_not(None))
        verdict = await audit.verify(tx, console.settings.secret_key)
        assert await tx.scalar(select(Team.id).limit(1)) is not None
        return Counted(
            dialogues=await tx.scalar(select(func.count(BotSession.id))) or 0,
            messages=messages,
            answers=await tx.scalar(said) or 0,
            verified=await tx.scalar(proved) or 0,
            disclosed=await tx.scalar(told) or 0,
            wrong=await tx.scalar(failed) or 0,
            entries=verdict.entries,
            intact=verdict.intact,
            seconds=seconds,
            turn_ms=[float(ms) for ms in await tx.scalars(select(BotStep.took_ms))],
            megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


async def _nobody(*_request: object) -> None:
    raise AssertionError("only deliveries come to this door")
