"""The inbox in another language, all of it: what the page holds, what is fetched into it and what is pushed."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from console.inbox import assign
from console.inbox.models import Conversation
from console.languages import extracting
from console.routing.serve import QUEUE
from tests.front import Person, a_console, settings_for
from tests.inbox import meta
from tests.languages.worked import TAGS, a_worked_debt, left_in, theirs

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


@pytest.fixture
async def elena(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield await front.agent("Elena", role="admin")


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
async def test_what_acts_by_itself_is_called_in_the_readers_language_and_a_person_who_is_called_so_is_not(
    elena: Person, language: str
) -> None:
    await elena.front.webhook(meta.body(meta.text("xyz")))
    await elena.do("/settings/language", language=language)
    async with elena.front.console.db.transaction() as tx:
        thread = (await tx.scalars(select(Conversation))).one()
        await assign.give(tx, thread, by=QUEUE, to_id=elena.id, to_name="La cola")

    elena.http.headers["x-page-language"] = TAGS[language]
    for address in ("/inbox/1?view=all", "/inbox/1/history"):
        said = html.unescape((await elena.http.get(address)).text)
        assert {"pt": "A fila atribuiu a conversa a La cola", "en": "The queue assigned the conversation to La cola"}[
            language
        ] in re.sub(r"<[^>]+>", "", said), address


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
