"""What is pushed is in the language of the page it is put into, whoever else looks at the same conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from console import render
from console.inbox import presence, pushes
from console.inbox.models import Conversation
from console.languages import catalogues
from tests.front import Front, Wire, a_console, settings_for
from tests.inbox import meta


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each fragment was pushed, by template and language."""
    counted: Counter[tuple[str, str]] = Counter()

    def fragment(template: str, *, reader: str | None = None, **values: Any) -> str:
        counted[template, reader or "es"] += 1
        return f'{render.fragment(template, reader=reader, **values)}<i lang="{reader}" class="{template}"></i>'

    for module in (pushes, presence):
        monkeypatch.setattr(module, "fragment", fragment)
    return counted


async def a_conversation(front: Front) -> int:
    await front.webhook(meta.body(meta.text("Hola")))
    async with front.console.db.reading() as tx:
        return int((await tx.scalars(select(Conversation.id))).one())


async def heard(wire: Wire, *parts: str) -> str:
    """All that a page was told, once every one of `parts` has come."""
    while not all(f'id="{part}' in "".join(frame.html for frame in wire.heard) for part in parts):
        await wire.hear()
    return "".join(frame.html for frame in wire.heard)


async def test_two_readers_of_one_conversation_are_each_told_in_their_language(
    front: Front, rendered: Counter[tuple[str, str]]
) -> None:
    ana, bea = await front.agent("Ana"), await front.agent("Bea")
    number = await a_conversation(front)
    async with ana.live(opened=number) as spanish, bea.live(opened=number, language="pt-BR") as portuguese:
        rendered.clear()
        await front.webhook(meta.body(meta.text("Sin asignar")))
        for wire, language, other in ((spanish, "es", "pt"), (portuguese, "pt", "es")):
            told = await heard(wire, "row-", "message-")
            assert f'<i lang="{language}" class="inbox/_row.html">' in told
            assert f'<i lang="{language}" class="inbox/_message.html">' in told
            assert f'lang="{other}"' not in told
            assert "Sin asignar" in told, "what people write is never translated"


async def test_one_language_costs_one_rendering_however_many_look(
    front: Front, rendered: Counter[tuple[str, str]]
) -> None:
    ana, bea = await front.agent("Ana"), await front.agent("Bea")
    number = await a_conversation(front)
    async with ana.live(opened=number) as one, bea.live(opened=number) as two:
        rendered.clear()
        await front.webhook(meta.body(meta.text("Hola de nuevo")))
        for wire in (one, two):
            await heard(wire, "row-", "message-")

        assert rendered["inbox/_row.html", "es"] == 1
        assert rendered["inbox/_message.html", "es"] == 1
        assert {language for _template, language in rendered} == {"es"}


async def test_a_page_in_no_language_of_ours_is_told_in_spanish(
    front: Front, rendered: Counter[tuple[str, str]]
) -> None:
    ana = await front.agent("Ana")
    number = await a_conversation(front)
    async with ana.live(opened=number, language='fr"><script>') as wire:
        await front.webhook(meta.body(meta.text("Hola")))
        await wire.until(lambda frame: f'id="row-{number}"' in frame.html)

    assert {language for _template, language in rendered} == {"es"}


async def test_a_refusal_is_said_in_the_language_of_the_page_it_is_shown_on(front: Front) -> None:
    ana = await front.agent("Ana")

    for language in ("pt-BR", "es"):
        headers = {"hx-request": "true", "x-page-language": language, "accept-language": "en"}
        answer = await ana.http.get("/portfolio/debtors/99", headers=headers)
        code = {"pt-BR": "pt"}.get(language, language)
        assert answer.json()["detail"] == catalogues.say(code)("No existe o no está a su alcance.")
