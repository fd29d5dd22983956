"""A business in which everything has happened that pages tell of, and what is left on them in Spanish."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from console import clock
from console.agents import AgentTeam
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.dispositions import Disposition
from console.inbox.models import Conversation, Message
from console.texts import variables
from tests.front import Person
from tests.inbox import meta
from tests.languages.spanish import Said, only_spanish, without, words_of
from tests.portfolio.debts import a_debtor

TAGS = {"pt": "pt-BR", "en": "en"}
NAMES = ("PEN", "Cobranza", "Financiera Andes", "Elena", "Al Día", "María Fernanda Ccori", "Persona", "xyz")
# What somebody writes has no language of ours.
SENT = (
    meta.text("xyz"),
    meta.message("image", {"id": "1", "mime_type": "image/jpeg", "sha256": "x"}),
    meta.message("audio", {"id": "2", "mime_type": "audio/ogg", "voice": True}),
    meta.message("location", {"latitude": -12.1, "longitude": -77.0}),
    meta.message("contacts", [{"name": {}, "phones": [{"phone": "+51 1"}]}]),
    meta.message("order", {"product_items": [{"quantity": 1, "item_price": 1, "currency": "PEN"}]}),
    meta.message("button", {"text": "xyz", "payload": "x"}),
    meta.message("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "xyz"}}),
    meta.message("reaction", {"message_id": "wamid.none", "emoji": "👍"}),
    meta.message("unsupported", None, errors=[{"code": 131051}]),
)


async def a_worked_debt(elena: Person) -> int:
    """A conversation in which everything has happened that a thread tells of."""
    front = elena.front
    await front.webhook(meta.body(*SENT))
    database = front.console.db
    async with database.transaction() as tx:
        thread = (await tx.scalars(select(Conversation))).one()
        heard = (await tx.scalars(select(Message.id).where(Message.direction == "in").limit(1))).one()
        team = (await tx.scalars(select(AgentTeam.team_id))).one()
        parts = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "{{1}} {{xyz}}"}]
        for state in ("APPROVED", "PAUSED"):
            channel = (await tx.scalars(select(Channel.id))).one()
            named = {"name": f"xyz_{state.lower()}", "language": "es", "category": "UTILITY", "quality": "GREEN"}
            tx.add(MessageTemplate(channel_id=channel, **named, status=state, components=parts, updated_at=clock.now()))
    on, late = clock.now().date() + timedelta(days=2), clock.now().date() - timedelta(days=40)
    soon = clock.now().date() + timedelta(days=20)
    await a_debtor(database, team, invoices=[("F-1", late, 41250), ("F-2", soon, 10000)], phone=meta.MARIA)
    await a_debtor(database, team, invoices=[("F-3", late, 9000)], phone=meta.MARIA, name="xyz xyz")
    at = f"/inbox/{thread.id}"
    deeds: list[tuple[str, dict[str, str]]] = [
        ("assignment", {"holder": "me"}),
        ("notes", {"text": "xyz", "client_key": "aaaaaaaa-0001"}),
        ("replies", {"text": "xyz", "client_key": "aaaaaaaa-0002", "seen_sequence": "99"}),
        ("promises", {"amount": "100", "due_on": on.isoformat(), "message_id": str(heard), "remind": "1"}),
        ("plans", {"total": "90", "count": "3", "frequency": "monthly", "first_on": on.isoformat(), "client_key": "k"}),
        ("disputes", {"category": "amount", "words": "xyz"}),
        ("consent", {"kind": "opt_out"}),
        ("snooze", {"until": "tomorrow"}),
        ("reopening", {}),
        ("consent/lift", {"reason": "xyz"}),
        (f"messages/{heard}/payment-claim", {}),
        ("scheduled-messages", {"text": "xyz", "until": "tomorrow", "client_key": "aaaaaaaa-0003", "terms": "1"}),
        ("transfer", {"to": f"team:{team}", "note": "xyz", "client_key": "aaaaaaaa-0004"}),
    ]
    for deed, form in deeds:
        answer = await elena.do(f"{at}/{deed}", **form)
        assert answer.status_code < 500, (deed, answer.text)
    return int(thread.id)


async def theirs(elena: Person) -> list[str]:
    """What stays as it is: endings of the business, and what blanks of a text are called and would say to a debtor."""
    async with elena.front.console.db.reading() as tx:
        tree = [*await tx.scalars(select(Disposition.name)), *await tx.scalars(select(Disposition.code))]
    return [*NAMES, *tree, *(text for one in variables.CATALOGUE.values() for text in (one.name, one.example))]


def left_in(html: str, language: str, names: list[str]) -> list[str]:
    return [run for run in Said.on(_shown(html)) if words_of(without(run, names)) & only_spanish(language)]


def _shown(html: str) -> str:
    """Without what would be sent to a debtor, which is in their language."""
    return re.sub(r"<textarea.*?</textarea>|<details class=\"offer\">.*?</details>", "", html, flags=re.DOTALL)
