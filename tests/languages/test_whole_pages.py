"""Pages that are said to be translated are translated: nobody reads one in two languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from console import render
from console.bots.texts import texts_of
from console.inbox.dispositions import Disposition
from console.languages import catalogues, extracting
from console.message_templates.models import TemplateDraft
from console.quality.models import QualityForm
from console.texts import variables
from console.word_lists import matching
from tests.front import Front, Person, a_console, settings_for
from tests.languages.spanish import Said, only_spanish, without, words_of

PAGES = {
    "audit/audit.html": "/audit?entry=1",
    "bot/board.html": "/bot",
    "bot/morning.html": "/inbox/morning",
    "bot/phrases.html": "/bot/phrases",
    "bot/settings.html": "/bot/settings",
    "bot/texts.html": "/bot/texts",
    "bot/try.html": "/bot/try",
    "canned/page.html": "/settings/canned",
    "message_templates/editor.html": "/settings/templates/new",
    "message_templates/list.html": "/settings/templates",
    "notifications/page.html": "/settings/notifications",
    "portfolio/disputes.html": "/portfolio/disputes",
    "portfolio/imports.html": "/portfolio/imports",
    "portfolio/list.html": "/portfolio",
    "portfolio/payments.html": "/portfolio/payments",
    "privacy/privacy.html": "/privacy",
    "quality/calibrations.html": "/quality/calibrations",
    "quality/form.html": "/settings/quality",
    "quality/quality.html": "/quality",
    "quality/trend.html": "/quality?show=trend",
    "reports/rates.html": "/reports/rates",
    "reports/report.html": "/reports?view=collections",
    "reports/rows.html": "/reports/rows?figure=cure_rate",
    "settings/dead_letters.html": "/settings/dead-letters",
    "settings/dispositions.html": "/settings/dispositions",
    "settings/hours.html": "/settings/hours",
    "settings/number.html": "/settings/number",
    "settings/password.html": "/settings/password",
    "settings/person.html": "/settings/users/1",
    "settings/portfolio.html": "/settings/portfolio",
    "settings/retention.html": "/settings/retention",
    "settings/reviews.html": "/settings/reviews",
    "settings/role.html": "/settings/roles/1",
    "settings/roles.html": "/settings/roles",
    "settings/routing.html": "/settings/routing",
    "settings/second_factor.html": "/settings/second-factor",
    "settings/sessions.html": "/settings/sessions",
    "settings/sign_in.html": "/settings/sign-in",
    "settings/tags.html": "/settings/tags",
    "settings/targets.html": "/settings/targets",
    "settings/tokens.html": "/settings/tokens",
    "settings/users.html": "/settings/users",
    "settings/webhook.html": "/settings/webhooks/1",
    "settings/webhooks.html": "/settings/webhooks",
    "supervision/floor.html": "/supervisor",
    "word_lists/words.html": "/settings/words",
}
TAGS = {"pt": "pt-BR", "en": "en"}
# What is no word of ours: names of this test's people and company, and what stands for code.
NAMES = ("PEN", "Cobranza", "Financiera Andes", "Elena", "Al Día", "«cliente»", "“cliente”")


@pytest.fixture
async def elena(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        elena = await front.agent("Elena", role="admin", team="X")
        await elena.do("/settings/roles", name="X", base="agent", **{"deed.share_views": "1"})
        await elena.do("/settings/webhooks", name="X", url="https://erp.example/x", **{"event.account.updated": "1"})
        yield elena


async def written_by_people(front: Front) -> list[str]:
    """What a new business finds written already, in Spanish, and may change: its tree, and what a review asks."""
    async with front.console.db.reading() as tx:
        tree = [*await tx.scalars(select(Disposition.name)), *await tx.scalars(select(Disposition.code))]
        asked = [one for form in await tx.scalars(select(QualityForm.criteria)) for one in form]
        drafts = [piece for draft in await tx.scalars(select(TemplateDraft)) for piece in pieces_of(draft)]
    # What a debtor would read is written in their language, not the reader's.
    blanks = [text for one in variables.CATALOGUE.values() for text in (one.name, one.example)]
    greeting = re.split(r"\{\w+\}", texts_of("cordial", "PE").by_key["saludo"].body)
    return [
        *tree,
        *blanks,
        *drafts,
        *(one.strip() for one in greeting),
        *(one.words for one in matching.phrases("PE")),
        *(one[name] for one in asked for name in ("label", "guide")),
    ]


def pieces_of(draft: TemplateDraft) -> Iterator[str]:
    """What a draft of ours says, as its card cuts it at its variables, and what it is called and for."""
    yield from (draft.name, draft.name.replace("_", " ").capitalize(), draft.purpose, draft.footer)
    yield from (button["text"] for button in draft.buttons)
    for text in (draft.header, draft.body):
        yield from (" ".join(piece.split()) for piece, _is_variable in render.pieces(text) if piece.strip())


@pytest.mark.parametrize("language", ["pt", "en"])
@pytest.mark.parametrize("template", sorted(PAGES))
async def test_no_spanish_is_left(elena: Person, language: str, template: str) -> None:
    await elena.do("/settings/language", language=language)

    answer = await elena.http.get(PAGES[template])

    assert answer.status_code == 200
    assert f'<html lang="{TAGS[language]}">' in answer.text
    theirs = [*NAMES, *await written_by_people(elena.front)]
    assert [run for run in Said.on(answer.text) if words_of(without(run, theirs)) & only_spanish(language)] == []


def test_every_whole_page_of_these_rooms_is_looked_at() -> None:
    rooms = (
        "audit/",
        "bot/",
        "canned/",
        "message_templates/",
        "quality/",
        "settings/",
        "portfolio/",
        "supervision/",
        "privacy/",
        "reports/",
        "notifications/",
        "word_lists/",
    )
    ours = {name for name in catalogues.WHOLE if name.startswith(rooms)} - {
        "settings/language.html",
        "audit/pack.html",
        "portfolio/import.html",
        # Of one person: test_whole_people.py looks at these.
        "portfolio/debtor.html",
        "privacy/rectification.html",
        # Of one conversation: test_whole_in_use.py does.
        "quality/pick.html",
    }

    assert ours == PAGES.keys(), "a page that is whole is looked at here, too"


def test_every_page_is_whole_but_what_debtors_and_programmers_read() -> None:
    pages = {
        str(file.relative_to(extracting.TEMPLATES))
        for file in extracting.TEMPLATES.rglob("*.html")
        if re.search(r"{% extends ", file.read_text(encoding="utf-8"))
    }
    frames = {"settings/page.html", "bot/frame.html"}

    assert pages - frames - catalogues.WHOLE == {"api/schema.html", "portfolio/pay.html"}


async def test_a_refusal_is_said_in_the_readers_language_with_what_it_computes(elena: Person) -> None:
    await elena.do("/settings/language", language="en")

    answer = await elena.do("/settings/routing/1", capacity="999")

    assert "Each agent carries at once up to: write from 1 to 200." in answer.text


async def test_a_programs_refusal_stays_as_the_api_has_it(elena: Person) -> None:
    answer = await elena.http.get(
        "/api/v1/conversations", headers={"accept-language": "en", "authorization": "Bearer x"}
    )

    assert answer.status_code == 401
    assert not words_of(answer.json()["detail"]) & {"the", "not"}


def test_what_is_for_the_catalogues_is_written_out() -> None:
    """A sentence that is put together before it is marked would never be found in a catalogue."""
    odd = re.compile(r"\b(?:Words|plural)\(\s*f[\"']")
    assert [
        str(file) for file in extracting.CONSOLE.rglob("*.py") if odd.search(file.read_text(encoding="utf-8"))
    ] == []
