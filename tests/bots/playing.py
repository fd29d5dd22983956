"""Playing a dialogue that is written down: each line is said, waited for, or checked."""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from console import clock, money
from console.agents import Agent, Role
from console.audit import Actor
from console.bots.models import BotSession
from console.bots.runner import Bot
from console.inbox import assign
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.tags import ConversationTag, Tag
from console.portfolio import payments
from console.portfolio.agreements import Dispute, Plan, PlanState, Promise, PromiseState
from console.portfolio.ledger import PaymentLink
from console.portfolio.models import Account, ContactPoint, Creditor
from console.portfolio.states import State
from integrations.payments import choosing
from tests.bots.night import LIMA, Night, ana_of
from tests.inbox import meta
from tests.portfolio.debts import Bill, Debt
from tests.portfolio.paying import provider_settings

_numbers = itertools.count(1)
_COLLECTION = re.compile(r"(?i)pag[ao]|deuda|saldo|vencid|cuota|cobr|S/")
_OF_A_DEBT = re.compile(r"(?i)412|F-1|S/\s?\d|Préstamo|Cuenta PR|María|vencid|/p/")
_KINDS: dict[str, Any] = {
    "voice": ("audio", {"id": "555001", "mime_type": "audio/ogg; codecs=opus", "sha256": "x", "voice": True}),
    "image": ("image", {"id": "555002", "mime_type": "image/jpeg", "sha256": "x"}),
    "location": ("location", {"latitude": -12.1, "longitude": -77.03}),
    "video": ("video", {"id": "555004", "mime_type": "video/mp4", "sha256": "x"}),
    "sticker": ("sticker", {"id": "555003", "mime_type": "image/webp", "sha256": "x"}),
    "contact": ("contacts", [{"name": {"formatted_name": "Julio"}, "phones": [{"phone": "+51 987 000 111"}]}]),
}


class Play:
    """One dialogue under way."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.sender = meta.MARIA
        self.debt: Debt | None = None
        self.settled = False
        self.bills: list[Bill] | None = None
        self.changed: dict[str, Any] = {}
        self.pending: list[dict[str, Any]] = []
        self.log: list[str] = []
        self.before = 0
        self.heard = False
        self.last_wamid = ""
        self.once_offered: list[dict[str, Any]] = []
        self.quote: list[str] = []
        self.checks: list[str] = []
        self.setup: list[str] = []

    def transcript(self) -> str:
        return "\n".join(self.log)

    async def line(self, line: str) -> None:
        mark, rest = line[0], line[1:].strip()
        if mark == ">":
            await self._ready()
            await self._hear_answer()
            self.pending.append(self._message(rest))
            self.log.append(line)
        elif mark == "<":
            await self._say()
            await self._expect(rest.split())
        elif mark == "~":
            await self._ready()
            await self._hear_answer()
            await self._happens(rest)
            self.log.append(line)
        elif mark == "=":
            await self._hear_answer()
            await self._holds(rest)
        else:
            self.setup.append(line)

    async def end(self) -> None:
        """What holds for every dialogue."""
        for row in await self.night.said(self.sender):
            if row.author_kind == "phone":
                continue
            assert "PERSONA" in (row.text or ""), row.text
            assert "asistente automático" in (row.text or "").lower(), row.text
            assert len(row.text or "") <= (1024 if row.kind == "interactive" else 4096)
        told = {each["debtor"] for each in await self.night.entries("bot.disclosed")}
        proved = {each["debtor"] for each in await self.night.entries("bot.identity_confirmed")}
        assert told <= proved | ({self.debt.debtor_id} if self.settled and self.debt else set())

    # What stands before the first word

    async def _ready(self) -> None:
        if self.debt is not None:
            return
        changed: dict[str, Any] = {}
        for line in self.setup:
            if line.startswith("from "):
                self.sender = line.removeprefix("from ")
            elif line == "debtor birth_year none":
                changed["birth_year"] = None
            elif line == "debts none":
                changed["invoices"] = []
        self.debt = await self.night.owes(**changed)
        for line in self.setup:
            await self._one(line)

    async def _one(self, line: str) -> None:
        assert self.debt is not None
        night, debt = self.night, self.debt
        if ago := re.fullmatch(r"verified (\d+) days ago", line):
            async with night.db.transaction() as tx:
                point = await tx.get_one(ContactPoint, debt.point_id)
                point.verified_at = clock.now() - timedelta(days=int(ago[1]))
            self.settled = True
        elif line == "stale":
            async with night.db.transaction() as tx:
                account = await tx.get_one(Account, debt.account_id)
                account.stated_at = clock.now() - timedelta(days=4)
        elif line == "second account":
            bills: list[Bill] = [("G-1", date(2026, 12, 10), 10000)]
            await night.owes(debtor_id=debt.debtor_id, invoices=bills)
        elif line.startswith("second account of "):
            bills = [("G-1", date(2026, 12, 10), 10000)]
            other = await night.owes(debtor_id=debt.debtor_id, invoices=bills)
            async with night.db.transaction() as tx:
                creditor = Creditor(name=line.removeprefix("second account of "), created_at=clock.now())
                tx.add(creditor)
                await tx.flush()
                account = await tx.get_one(Account, other.account_id)
                account.creditor_id, account.product = creditor.id, "Tarjeta Oro"
        elif line.startswith("also debtor"):
            bills = [("J-1", date(2026, 12, 1), 9900)]
            await night.owes(name="Julio Tapia", document=("DNI", "40112233"), birth_year=1975, invoices=bills)
        else:
            assert line.startswith(("from ", "at ", "debtor ", "debts ", "provider ")), line

    # What is written

    def _message(self, words: str) -> dict[str, Any]:
        found = re.fullmatch(r"\[(\w+)(?: (\w+))?\]\s*(.*)", words)
        if found is None or found[1] == "system":
            message = meta.text(words, sender=self.sender)
        else:
            message = self._of_kind(found[1], found[2], found[3])
        if message["type"] not in {"reaction", "edit", "revoke"}:
            self.last_wamid = message["id"]
        return message

    def _of_kind(self, kind: str, more: str | None, words: str) -> dict[str, Any]:
        if kind in {"forward", "answers"}:
            quoted = {"from": "51144218300", "id": f"wamid.OURS{more}"}
            context = {"forwarded": True} if kind == "forward" else quoted
            return meta.text(words, sender=self.sender, context=context)
        if kind == "long":
            return meta.text(("la " * 2000)[:4096], sender=self.sender)
        if kind == "edit":
            said = {"original_message_id": self.last_wamid, "message": {"type": "text", "text": {"body": words}}}
            return meta.message("edit", said, sender=self.sender)
        if kind in {"reaction", "revoke"}:
            said = {"message_id": self.last_wamid, "emoji": "👍"} if kind == "reaction" else {}
            return meta.message(kind, said or {"original_message_id": self.last_wamid}, sender=self.sender)
        if kind in {"tap", "oldtap"}:
            return self._tapped(more or "", self.offered if kind == "tap" else self.once_offered)
        name, details = _KINDS[kind]
        details = {**details, "caption": words} if words else details
        return meta.message(name, details, sender=self.sender)

    def _tapped(self, name: str, among: list[dict[str, Any]]) -> dict[str, Any]:
        offered = next(each for each in among if each["id"].partition(".")[0] == name)
        reply = {"type": "button_reply", "button_reply": offered}
        return meta.message("interactive", reply, sender=self.sender)

    async def _say(self) -> None:
        """Send what has been written since, all of it together, and let the bot take its turn."""
        if self.pending:
            self.before = await self.night.last_sequence(self.sender)
            bubbles, self.pending = self.pending, []
            await self.night.sends(*bubbles, sender=self.sender)

    async def _hear_answer(self) -> None:
        if self.pending and self.heard:
            await self._say()
        self.heard = False

    async def _expect(self, keys: list[str]) -> None:
        self.heard = True
        said = [
            row for row in await self.night.said(self.sender) if row.sequence > self.before and row.author_kind == "bot"
        ]
        self.log += [f"< {row.text}" for row in said]
        for row in said:
            content = row.content or {}
            self.offered = content.get("choices", {}).get("buttons", []) or content.get("choices", {}).get("rows", [])
            self.once_offered += self.offered
        assert len(said) <= 1, "one answer to what came together"
        if not keys:
            assert not said, "it should be silent"
            return
        assert said, "it should have answered"
        (step,) = [each for each in await self.night.steps() if each.message_id == said[0].id]
        used = [key for key, _version in step.texts if key != "pie" and not key.startswith(("abre_", "dias_"))]
        used = [key for key in used if key not in {"plan_opcion", "plan_inicial"}]
        assert used == keys, f"{used} {step.understood}"

    offered: list[dict[str, Any]] = []  # noqa: RUF012 replaced, never changed

    # What happens in between

    async def _happens(self, what: str) -> None:
        night = self.night
        self.before = await night.last_sequence(self.sender)
        if passed := re.fullmatch(r"(\d+) minutes", what):
            night.moment.passes(minutes=int(passed[1]))
            await night.turn()
        elif what == "identity doubt":
            async with night.db.transaction() as tx:
                contact = (await tx.scalars(select(Contact).where(Contact.wa_id == self.sender))).one_or_none()
                assert contact is not None, "nobody wrote yet"
                contact.identity_doubt_at = clock.now()
        elif what == "provider up":
            told = provider_settings("signed")
            working = choosing.provider_of(
                night.console.http, name="signed", base_url=told["payments_api_url"], key=told["payments_api_key"],
                secrets=[told["payments_webhook_secret"]],
            )  # fmt: skip
            night.bot = Bot(night.db, night.console.settings, working, None)
        elif what == "delivered":
            async with night.db.transaction() as tx:
                for number, row in enumerate(await night.said(self.sender), 1):
                    (await tx.get_one(Message, row.id)).wamid = f"wamid.OURS{number}"
        elif what == "agent claims":
            ana = await ana_of(night)
            conversation = await night.conversation(self.sender)
            assert conversation is not None
            async with night.db.transaction() as tx:
                await assign.claim(tx, conversation, by=ana)
            await night.bot.listen()
        elif what.startswith("phone says"):
            echo = {**meta.text(what.removeprefix("phone says "), sender=None), "to": self.sender}
            echo["from"] = "51144218300"
            body = meta.delivery({"field": "smb_message_echoes", "value": {
                "messaging_product": "whatsapp", "metadata": {"phone_number_id": meta.PHONE_NUMBER_ID},
                "message_echoes": [echo],
            }})  # fmt: skip
            await night.delivers(body)
            await night.bot.listen()
        elif what.startswith("pays "):
            await self._pays(what.removeprefix("pays "))
        elif what.startswith(("morning ", "until ")):
            kind, at = what.split()
            night.moment.is_(datetime.fromisoformat(at).replace(tzinfo=LIMA))
            if kind == "morning":
                assert await night.bot.hand_over_in_the_morning()
        else:
            raise AssertionError(f"nothing like {what}")

    async def _pays(self, amount: str) -> None:
        assert self.debt is not None
        report = payments.Report(
            source="api", external_id=f"P-{next(_numbers)}", account=self.debt.external_id, paid_at=clock.now(),
            amount_minor=money.parse(amount, "PEN"), currency="PEN",
        )  # fmt: skip
        async with self.night.db.transaction() as tx:
            await payments.book(tx, report, by=Actor(kind="system", name="Banco"), moment=clock.now())

    # What holds

    async def _holds(self, what: str) -> None:
        await self._say()
        self.log.append(f"= {what}")
        name, _space, rest = what.partition(" ")
        check = getattr(self, f"_{name}", None)
        assert check is not None, what
        await check(rest)

    async def _session(self) -> BotSession:
        return (await self.night.sessions())[-1]

    async def _contact(self) -> Contact:
        async with self.night.db.reading() as tx:
            return (await tx.scalars(select(Contact).where(Contact.wa_id == self.sender))).one()

    async def _conversation(self) -> Conversation:
        found = await self.night.conversation(self.sender)
        assert found is not None
        return found

    async def _verified(self, _rest: str) -> None:
        assert self.debt is not None
        assert (await self._session()).debtor_id == self.debt.debtor_id

    async def _withdrawn(self, _rest: str) -> None:
        assert self.debt is not None
        assert await self.night.entries("bot.identity_withdrawn") == [{"debtor": self.debt.debtor_id}]
        async with self.night.db.reading() as tx:
            assert (await tx.get_one(ContactPoint, self.debt.point_id)).verified_at is None

    async def _disclosed(self, _rest: str) -> None:
        assert await self.night.entries("bot.disclosed")

    async def _silent(self, _rest: str) -> None:
        assert not await self.night.entries("bot.disclosed")
        for row in await self.night.said(self.sender):
            assert not _OF_A_DEBT.search(row.text or ""), row.text

    async def _never(self, words: str) -> None:
        assert all(words not in (row.text or "") for row in await self.night.said(self.sender))

    async def _said(self, words: str) -> None:
        assert words in ((await self.night.said(self.sender))[-1].text or "")

    async def _event(self, action: str) -> None:
        """A line of the thread's own says so."""
        where = (await self._conversation()).id
        lines = [row for row in await self._rows(Message) if row.conversation_id == where and row.kind == "event"]
        assert action in [(row.content or {}).get("action") for row in lines]

    async def _recorded(self, action: str) -> None:
        assert await self.night.entries(action)

    async def _replies(self, number: str) -> None:
        assert len(await self.night.said(self.sender)) == int(number)

    async def _reason(self, reason: str) -> None:
        assert (await self._session()).reason == reason

    async def _alert(self, kind: str) -> None:
        assert [alert.kind for alert in await self.night.alerts()] == [kind]

    async def _holder(self, who: str) -> None:
        holder_id = (await self._conversation()).holder_id
        async with self.night.db.reading() as tx:
            role = (await tx.get_one(Agent, holder_id)).role if holder_id else None
        assert {"none": role is None, "bot": role == Role.BOT, "agent": role == Role.AGENT}[who], role

    async def _no(self, what: str) -> None:
        if what == "collection words":
            for row in await self.night.said(self.sender):
                assert not _COLLECTION.search(row.text or ""), row.text
        elif what == "promise":
            assert not await self._rows(Promise)
        elif what == "open promise":
            assert PromiseState.OPEN not in [each.state for each in await self._rows(Promise)]
        elif what == "active plan":
            assert PlanState.ACTIVE not in [each.state for each in await self._rows(Plan)]
        else:
            assert what == "plan"
            assert not await self._rows(Plan)

    async def _wrong(self, _rest: str) -> None:
        assert (await self._contact()).wrong_number_at is not None

    async def _opted(self, _rest: str) -> None:
        assert (await self._contact()).opted_out_at is not None

    async def _not(self, _rest: str) -> None:
        assert (await self._contact()).opted_out_at is None

    async def _dispute(self, _rest: str) -> None:
        (dispute,) = await self._rows(Dispute)
        assert dispute.message_id is not None
        async with self.night.db.reading() as tx:
            assert (await tx.get_one(Account, dispute.account_id)).state == State.DISPUTE

    async def _promise(self, rest: str) -> None:
        amount, day = rest.split()
        (promise,) = [each for each in await self._rows(Promise) if each.state == PromiseState.OPEN]
        assert (promise.amount_minor, promise.due_on.isoformat()) == (money.parse(amount, "PEN"), day)
        assert promise.message_id is not None
        assert promise.made_by_kind == "bot"

    async def _plan(self, count: str) -> None:
        (plan,) = await self._rows(Plan)
        assert plan.state == PlanState.ACTIVE
        assert plan.accepted_message_id is not None
        assert count

    async def _link(self, amount: str) -> None:
        (link,) = await self._rows(PaymentLink)
        assert (link.amount_minor, link.state) == (money.parse(amount, "PEN"), "open")

    async def _links(self, number: str) -> None:
        assert len(await self._rows(PaymentLink)) == int(number)

    async def _tag(self, name: str) -> None:
        async with self.night.db.reading() as tx:
            named = select(Tag.name).join(ConversationTag, ConversationTag.tag_id == Tag.id)
            assert name in set(await tx.scalars(named))

    async def _balance(self, amount: str) -> None:
        assert self.debt is not None
        async with self.night.db.reading() as tx:
            account = await tx.get_one(Account, self.debt.account_id)
        assert account.balance_minor == money.parse(amount, "PEN")

    async def _rows(self, table: Any) -> list[Any]:
        async with self.night.db.reading() as tx:
            return list(await tx.scalars(select(table).order_by(table.id)))
