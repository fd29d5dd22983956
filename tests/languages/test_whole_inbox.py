"""The inbox in another language, all of it: what the page holds, what is fetched into it and what is pushed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from console import clock
from console.agents import AgentTeam
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.dispositions import Disposition
from console.inbox.models import Conversation, Message
from console.languages import extracting
from console.texts import variables
from tests.front import Person, a_console, settings_for
from tests.inbox import meta
from tests.languages.spanish import Said, only_spanish, without, words_of
from tests.portfolio.debts import a_debtor

TAGS = {"pt": "pt-BR", "en": "en"}
NAMES = ("PEN", "Cobranza", "Financiera Andes", "Elena", "Al Día", "María Fernanda Ccori", "Persona", "xyz")
LISTS = (
    *("all", "mine", "unassigned", "mentions", "resolved", "snoozed", "promises_due", "promises_broken"),
    *("window_closing", "target_soon", "target_late", "late_1", "late_3", "dispute", "plan"),
    "all&state=late_1&amount_from=10&amount_to=20&days_from=3&promise=open&target=late&window=closing",
)
OF_ONE = (
    *("history", "templates", "canned-texts", "colleagues", "resolution", "snooze", "tags", "transfer", "schedule"),
    *("consent/new", "consent/lift", "promises/new", "plans/new", "disputes/new", "payment-links/new", "whispers"),
    *("messages?before=1000", "messages?after=1", "search?q=xyz", "search?q=nothing"),
)
OF_MANY = ("bulk-jobs", "saved-views", "saved-views/new?view=all", "state", "counts?view=all", "rows?view=all")
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


@pytest.fixture
async def elena(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield await front.agent("Elena", role="admin")


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


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_nothing_spanish_is_left_in_the_inbox(elena: Person, language: str) -> None:
    number = await a_worked_debt(elena)
    await elena.do("/settings/language", language=language)
    names, found = await theirs(elena), dict[str, list[str]]()

    for address in (*(f"/inbox?view={view}" for view in LISTS), f"/inbox/{number}?view=all", "/inbox/999?view=all"):
        page = (await elena.http.get(address)).text
        assert f'<html lang="{TAGS[language]}">' in page, address
        found[address] = left_in(page, language, names)

    elena.http.headers["x-page-language"] = TAGS[language]
    for address in (*(f"/inbox/{number}/{part}" for part in OF_ONE), *(f"/inbox/{part}" for part in OF_MANY)):
        answer = await elena.http.get(address)
        assert answer.status_code < 500, address
        found[address] = left_in(answer.text, language, names)
    for deed in ("resolution", "snooze", "promises", "plans", "disputes", "transfer", "consent", "scheduled-messages"):
        answer = await elena.do(f"/inbox/{number}/{deed}", disposition="CD-PCOM", client_key="k", until="other", at="x")
        found[f"{deed}, refused"] = left_in(answer.text, language, names) if "<" in answer.text else []

    assert {address: runs for address, runs in found.items() if runs} == {}


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_nothing_spanish_is_pushed(elena: Person, language: str) -> None:
    number = await a_worked_debt(elena)
    names = await theirs(elena)

    async with elena.live(opened=number, language=TAGS[language]) as wire:
        await elena.do(f"/inbox/{number}/assignment", holder="me")
        await elena.do(f"/inbox/{number}/disputes", category="other", words="xyz")
        await elena.front.webhook(meta.body(meta.message("image", {"id": "9", "mime_type": "image/jpeg"})))
        await elena.do(f"/inbox/{number}/snooze", until="reply")
        while not all(f'id="{part}' in "".join(frame.html for frame in wire.heard) for part in ("counts", "header-")):
            await wire.hear()

    pushed = "".join(frame.html for frame in wire.heard)
    assert 'id="row-' in pushed
    assert 'id="message-' in pushed
    assert left_in(pushed, language, names) == []


def test_whatever_is_put_into_a_whole_page_afterwards_is_in_the_catalogues() -> None:
    """A fragment that is rendered by its name is found by nobody else."""
    called = re.compile(r"""fragment\(\s*["']([a-z_/]+\.html)["']""")
    files = [file for kind in ("*.py", "*.html") for file in extracting.CONSOLE.rglob(kind)]
    named = {name for file in files for name in called.findall(file.read_text(encoding="utf-8"))}
    rooms = ("inbox/", "bulk_jobs/", "routing/", "saved_views/", "search/", "portfolio/")

    assert sorted(name for name in named - extracting.templates() if name.startswith(rooms)) == []
