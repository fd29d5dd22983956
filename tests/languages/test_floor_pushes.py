"""The floor is read once for all who look at the same, and written once for each language that looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console import render
from console.supervision import pushes
from tests.front import Front, a_console, settings_for
from tests.inbox import meta


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str | None]]:
    """How often each part was written, by template and language."""
    counted: Counter[tuple[str, str | None]] = Counter()

    def fragment(template: str, *, reader: str | None = None, **values: Any) -> str:
        counted[template, reader] += 1
        return render.fragment(template, reader=reader, **values)

    monkeypatch.setattr(pushes, "fragment", fragment)
    return counted


async def test_each_reads_the_floor_in_the_language_of_their_page(
    front: Front, written: Counter[tuple[str, str | None]]
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    tito = await front.agent("Tito", role="supervisor")
    async with sara.live() as spanish, sara.live() as also_spanish, tito.live(language="en") as english:
        for wire in (spanish, also_spanish, english):
            await wire.say(t="floor")
            await wire.shows("floor-queues")
        written.clear()
        await front.webhook(meta.body(meta.text("Hola")))
        for wire, words in ((spanish, "sin asignar"), (also_spanish, "sin asignar"), (english, "unassigned")):
            await wire.until(lambda frame: 'id="floor-totals"' in frame.html and '<dd class="num">1' in frame.html)
            assert words in "".join(frame.html for frame in wire.heard)

    times = {language: written["supervision/_totals.html", language] for language in ("es", "en")}
    assert times["es"] == times["en"] > 0, "two who read Spanish cost no more than one who reads English"
