"""The weeks before the demo's story: what /reports shows of a small team at work, with its days, hours and months.

Only the first message of each debtor comes by the webhook's way; what follows is appended as the verbs append it, a day
in a transaction, because a thousand messages one by one would keep whoever starts the demo waiting. Promises, payments,
buckets and resolutions are the real verbs'. Everything here is invented, and the same whenever it is told.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from console import audit, clock
from console.agents import Agent, Role, Viewer
from console.audit import SYSTEM, Actor
from console.db import Database, Tx, bulk_insert, next_ids
from console.demo.debtors import Dialogue, Person, people_of, read
from console.errors import Refused
from console.inbox import assign, counts, thread
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status, Tick
from console.inbox.policy import SERVICE_WINDOW
from console.portfolio import midnight, payments, promises, settling
from console.portfolio.models import Account, ContactPoint
from console.portfolio.sources import source_for
from console.portfolio.states import today_in
from console.portfolio.stating import state_accounts
from console.reports import rates
from console.settings import Settings

DEMO = Actor(kind="system", name="Demostración")
DAYS, QUIET = 33, 32
"""How many days are told, up to the one before the story begins; and how many days of only money before."""
A_DAY = (7, 6, 5, 5, 6, 2, 1)
"""Matters, Monday to Sunday."""
HOURS = (3, 6, 9, 8, 5, 3, 5, 7, 8, 5)
"""How often something begins at 8:00 to 17:00; the bot's begin in the evening."""
RATES = {"marketing": "0.0703", "utility": "0.0200", "authentication": "0.0200"}


class Weeks:
    """Tells the weeks, a day in a transaction, with the clock set by `it_is`."""

    def __init__(
        self, db: Database, settings: Settings, viewers: dict[str, Viewer], it_is: Callable[[datetime], None]
    ) -> None:
        self._db, self._settings, self._viewers, self._it_is = db, settings, viewers, it_is
        self._words = read()
        self._chance = random.Random(23)  # noqa: S311 a story, not a secret
        self._people: list[Person] = []
        self._due: defaultdict[date, list[tuple[Person, int]]] = defaultdict(list)
        self._number = 0

    async def tell(self, first_messages: Callable[[list[Person]], Any], *, until: date) -> None:
        """Let DAYS days happen, the last being the day before `until`. `first_messages` brings what all wrote first."""
        begins = until - timedelta(days=DAYS)
        known = people_of(self._words, begins)
        self._people = [person for person, _said in known]
        self._it_is(self._at(begins - timedelta(days=QUIET), 8))
        async with self._db.transaction() as tx:
            source = await source_for(tx, self._settings, named="demostración", by=DEMO, moment=clock.now())
            await state_accounts(tx, [said for _person, said in known], source=source, by=DEMO, moment=clock.now())
            await rates.change(tx, by=self._viewers["elena"], typed=RATES)
        for at in range(QUIET, 0, -3):
            async with self._db.transaction() as tx:
                await self._quiet_day(tx, begins - timedelta(days=at - 1))
        self._it_is(self._at(begins, 0, 1))
        await first_messages(self._people)
        async with self._db.transaction() as tx:
            await self._meet(tx)
        for at in range(DAYS):
            async with self._db.transaction() as tx:
                await self._day(tx, begins + timedelta(days=at))

    async def _meet(self, tx: Tx) -> None:
        """Learn whose conversation and account is whose; some go to the second team, all are settled for the day."""
        rows = await tx.execute(
            select(Contact.wa_id, Conversation.id, Account.id)
            .join(Conversation, Conversation.contact_id == Contact.id)
            .join(ContactPoint, ContactPoint.contact_id == Contact.id)
            .join(Account, Account.debtor_id == ContactPoint.debtor_id)
        )
        found = {wa_id: (conversation, account) for wa_id, conversation, account in rows}
        (second,) = self._viewers["carla"].team_ids
        self._it_is(clock.now() + timedelta(minutes=1))
        bot = await self._bot(tx)
        for n, person in enumerate(self._people):
            person.conversation_id, person.account_id = found[person.wa_id]
            conversation = await tx.get_one(Conversation, person.conversation_id)
            if n % 6 == 0:
                await assign.transfer(tx, conversation, by=self._viewers["elena"], team_id=second)
            conversation.inbound_count, conversation.waiting_since = 0, None
            (number,) = await next_ids(tx, Message, 1)
            thanks = self._said(tx, conversation, number, "bot", "Gracias por escribirnos.", by=bot)
            await bulk_insert(tx, Message, [thanks])
            await assign.resolve(tx, conversation, by=DEMO)

    async def _quiet_day(self, tx: Tx, day: date) -> None:
        """Only what makes a month: buckets move, somebody pays."""
        self._it_is(self._at(day, 0, 5))
        while await midnight.turn(tx, clock.now()):
            pass
        self._it_is(self._at(day, self._chance.randrange(9, 18)))
        person = self._chance.choice(self._people)
        await self._pays(tx, person, min(person.owes_minor, 40_000))

    async def _day(self, tx: Tx, day: date) -> None:
        self._it_is(self._at(day, 0, 5))
        while await midnight.turn(tx, clock.now()):
            pass
        while await settling.turn(tx, clock.now()):
            pass
        for moment, happens in sorted(self._matters(day), key=lambda each: each[0]):
            self._it_is(moment)
            await happens(tx)

    def _matters(self, day: date) -> Iterator[tuple[datetime, Callable[[Tx], Any]]]:
        """What happens on this day: matters, and money that was promised for it or comes by itself."""
        chance = self._chance
        many = max(0, A_DAY[day.weekday()] + chance.choice((-2, -1, 0, 0, 1, 2)))
        weights = [each.share for each in self._words.dialogue]
        for person, dialogue in zip(
            chance.sample(self._people, many), chance.choices(self._words.dialogue, weights, k=many), strict=True
        ):
            at = self._begins(day, dialogue)
            yield at, partial(self._matter, person=person, dialogue=dialogue)
        for person, minor in self._due.pop(day, []):
            at = self._at(day, chance.choices(range(8, 18), HOURS)[0], chance.randrange(60))
            yield at, partial(self._pays, person=person, minor=minor)
        for person in chance.sample(self._people, 1 if day.weekday() < 6 else 0):
            at = self._at(day, chance.randrange(9, 21), chance.randrange(60))
            yield at, partial(self._pays, person=person, minor=min(person.owes_minor, 25_000))

    def _begins(self, day: date, dialogue: Dialogue) -> datetime:
        if dialogue.ends == "bot":
            return self._at(day, self._chance.randrange(18, 22), self._chance.randrange(50))
        hour = self._chance.choices(range(8, 18), HOURS)[0]
        return self._at(day, hour, self._chance.randrange(45))

    async def _matter(self, tx: Tx, person: Person, dialogue: Dialogue) -> None:
        chance, moment = self._chance, clock.now()
        conversation = await tx.get_one(Conversation, person.conversation_id)
        in_first = conversation.team_id in self._viewers["rosa"].team_ids
        by = self._viewers[chance.choice(("rosa", "rosa", "diego")) if in_first else "carla"]
        day = moment.astimezone(self._settings.zone).date() + timedelta(days=chance.randrange(2, 7))
        minor = min(person.owes_minor, chance.choice((120, 180, 250, 320, 480)) * 100)
        names = {"name": person.name.split()[0], "amount": f"S/ {minor / 100:.2f}", "day": f"{day:%d/%m}"}
        await self._open(tx, conversation)
        bot = await self._bot(tx)
        rows: list[dict[str, Any]] = []
        ids = await next_ids(tx, Message, len(dialogue.lines))
        for number, (who, words) in zip(ids, dialogue.lines, strict=True):
            rows.append(
                self._said(tx, conversation, number, who, words.format(**names), by=bot if who == "bot" else by.actor)
            )
            # The bot at once, people in minutes: few slow, most quick.
            waits = 0.2 if who == "bot" or dialogue.ends == "bot" else min(40.0, chance.expovariate(1 / 6))
            self._it_is(clock.now() + timedelta(minutes=waits))
        await bulk_insert(tx, Message, rows)
        await bulk_insert(
            tx, Tick, [_charged(row) for row in rows if row["kind"] == "template" and not row["error_code"]]
        )
        if dialogue.ends == "promise":
            await self._promises(tx, person, minor, day, by=by)
        if dialogue.ends == "paid":
            await self._pays(tx, person, minor)
        await assign.resolve(tx, conversation, by=DEMO if dialogue.ends in {"bot", "silence"} else by)

    async def _promises(self, tx: Tx, person: Person, minor: int, day: date, *, by: Viewer) -> None:
        if person.promised_until >= today_in(self._settings.zone, clock.now()) or not minor:
            return
        try:
            await promises.make(
                tx, person.account_id, by=by, amount_minor=minor, due_on=day, conversation_id=person.conversation_id
            )
        except Refused:
            # A partial one is still open, or nothing is left to promise.
            return
        person.promised_until = day + timedelta(days=3)
        kept = self._chance.random()
        if kept < 0.74:
            self._due[day - timedelta(days=self._chance.randrange(2))].append((person, minor))
        elif kept < 0.84:
            self._due[day].append((person, minor // 2))

    async def _pays(self, tx: Tx, person: Person, minor: int) -> None:
        if minor <= 0 or person.owes_minor < minor:
            return
        person.owes_minor -= minor
        self._number += 1
        report = payments.Report(
            source="api",
            external_id=f"demo-semanas-{self._number}",
            amount_minor=minor,
            currency="PEN",
            paid_at=clock.now(),
            account=person.debt,
            method=self._chance.choice(("Yape", "Plin", "transferencia")),
        )
        await payments.book(tx, report, by=DEMO, moment=clock.now())

    async def _open(self, tx: Tx, conversation: Conversation) -> None:
        before = counts.slot_of(conversation)
        if conversation.status == "open":
            return
        conversation.status = "open"
        audit.record(
            tx,
            SYSTEM,
            "conversation.reopened",
            conversation_id=conversation.id,
            old={"status": "resolved"},
            new={"status": "open"},
        )
        await counts.moved(tx, conversation, before)

    def _said(
        self, tx: Tx, conversation: Conversation, number: int, who: str, words: str, *, by: Actor
    ) -> dict[str, Any]:
        """A row of the thread, which the caller inserts; the history says at once that it came or went."""
        is_template, is_theirs, is_lost = who in {"template", "failed"}, who == "they", who == "failed"
        author = Actor(kind="contact", id=conversation.contact_id) if is_theirs else by
        now = clock.now()
        conversation.last_sequence += 1
        conversation.last_message_id, conversation.last_at = number, now
        if is_theirs:
            conversation.window_opened_at, conversation.window_closes_at = now, now + SERVICE_WINDOW
        salt = thread.new_salt()
        row: dict[str, Any] = {
            "id": number,
            "conversation_id": conversation.id,
            "channel_id": conversation.channel_id,
            "sequence": conversation.last_sequence,
            "direction": "in" if is_theirs else "out",
            "author_kind": author.kind,
            "author_id": author.id,
            "author_name": author.name,
            "kind": "template" if is_template else "text",
            "text": "Le recordamos su cuota pendiente." if is_template else words,
            "content": {"template": {"name": words, "language": "es"}} if is_template else None,
            "wamid": f"wamid.demo-semanas-{number}",
            "status": Status.FAILED if is_lost else Status.RECEIVED if is_theirs else Status.READ,
            "error_code": 131026 if is_lost else None,
            "salt": salt,
            "provider_at": now,
            "created_at": now,
            "attempts": 0,
            "late": False,
            "forwarded": False,
            "version": 1,
        }
        digest = thread.digest(salt, row["kind"], row["text"], row["content"])
        at: dict[str, Any] = {"conversation_id": conversation.id, "message_id": number}
        begun = "message.received" if is_theirs else "message.queued"
        audit.record(tx, author, begun, **at, new={"kind": row["kind"], "digest": digest})
        if is_lost:
            audit.record(tx, SYSTEM, "message.failed", **at, new={"status": "failed"})
        return row

    async def _bot(self, tx: Tx) -> Actor:
        bot = (await tx.execute(select(Agent.id, Agent.name).where(Agent.role == Role.BOT).limit(1))).first()
        return Actor(kind="bot", id=bot.id if bot else None, name=bot.name if bot else "Asistente")

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self._settings.zone).astimezone(clock.now().tzinfo)


def _charged(row: dict[str, Any]) -> dict[str, Any]:
    """What Meta says of a template that it bills."""
    return {
        "channel_id": row["channel_id"],
        "wamid": row["wamid"],
        "status": "sent",
        "participant": "",
        "message_id": row["id"],
        "at": row["created_at"],
        "received_at": row["created_at"],
        "payload": '{"pricing":{"billable":true,"category":"utility","pricing_model":"PMP"}}',
    }
