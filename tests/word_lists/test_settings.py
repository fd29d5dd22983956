"""The word lists in the settings: changed by administrators, tried first, and heard at once where messages are sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, select

from console.audit import AuditEntry
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually

PAGE = "/settings/words"


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def flagged(front: Front) -> list[dict[str, str]]:
    async with front.console.db.reading() as tx:
        rows = await tx.scalars(
            select(AuditEntry.new).where(AuditEntry.action == "conduct.flagged").order_by(AuditEntry.id)
        )
        return [json.loads(row or "{}") for row in rows]


async def changed(front: Front) -> list[tuple[str | None, bool, bool]]:
    async with front.console.db.reading() as tx:
        rows = await tx.scalars(
            select(AuditEntry).where(AuditEntry.action == "word_list.changed").order_by(AuditEntry.id)
        )
        each = [(row.actor_name, json.loads(row.old or "{}"), json.loads(row.new or "{}")) for row in rows]
    return [(name, old["in_force"], new["in_force"]) for name, old, new in each]


async def two(front: Front) -> tuple[Person, Person]:
    ana, elena = await front.agent("Ana"), await front.agent("Elena", role="admin")
    assert (await front.webhook(meta.body(meta.text("Hola")))).status_code == 200
    return ana, elena


async def put(by: Person, phrase: str, do: str = "on", country: str = "PE", kind: str = "threat") -> int:
    return (await by.do(PAGE, country=country, kind=kind, phrase=phrase, do=do)).status_code


async def test_an_added_phrase_raises_the_alert_on_what_an_agent_sends_next_and_taken_away_it_does_not(
    front: Front,
) -> None:
    ana, elena = await two(front)
    sara = await front.agent("Sara", role="supervisor")
    assert (await ana.reply(1, "Lo pondremos en la lista negra")).status_code == 201
    assert not await flagged(front)

    assert await put(elena, "  Lista   Negra ") == 303
    assert (await ana.reply(1, "Hay LISTAS negras, señora")).status_code == 201
    assert await flagged(front) == [{"kind": "threat", "words": "Lista Negra"}]
    assert "«Lista Negra»" in await sara.see("/supervisor")
    assert "Lista Negra" in await elena.see(f"{PAGE}?country=PE")
    assert "Lista Negra" not in (await elena.see(f"{PAGE}?country=CO")).partition("Cambios")[0]

    assert await put(elena, "lista negra", "off") == 303
    assert (await ana.reply(1, "Está en la lista negra")).status_code == 201
    assert len(await flagged(front)) == 1
    assert await changed(front) == [("Elena", False, True), ("Elena", True, False)]
    assert await put(elena, "lista negra", "off") == 303, "as it was"
    assert len(await changed(front)) == 2


async def test_a_phrase_of_the_house_is_put_out_of_force_in_one_country_and_back(front: Front) -> None:
    ana, elena = await two(front)
    assert (await ana.reply(1, "Viene la policía")).status_code == 201
    assert await put(elena, "policia", "off") == 303
    assert (await ana.reply(1, "Viene la policía otra vez")).status_code == 201
    assert len(await flagged(front)) == 1
    assert "Buscar otra vez" in await elena.see(f"{PAGE}?country=PE")
    assert "Buscar otra vez" not in await elena.see(f"{PAGE}?country=MX")

    assert await put(elena, "policia", "on") == 303
    assert (await ana.reply(1, "Viene la policía por tercera vez")).status_code == 201
    assert [one["words"] for one in await flagged(front)] == ["policía", "policía"]


async def test_a_phrase_is_tried_on_what_was_said_before_it_is_added(front: Front, moment: Moment) -> None:
    ana, elena = await two(front)
    for text in ("Le embargarán los JUECES", "el juez, mañana", "La jueza no", "Nada"):
        assert (await ana.reply(1, text)).status_code == 201
    await front.webhook(meta.body(meta.text("¿Qué juez?", wamid="wamid.asks")))

    async def tried(phrase: str, country: str = "PE") -> str:
        answer = await elena.do(PAGE, country=country, kind="false_legal", phrase=phrase, do="preview")
        assert answer.status_code == 200
        return answer.text

    async def counts_two() -> bool:
        """The search index follows by itself."""
        return '<b class="num">2</b> mensajes' in await tried("Juéz")

    assert await eventually(counts_two)
    assert '<b class="num">0</b> mensajes' in await tried("juez", "CO")
    assert '<b class="num">2</b> mensajes' in await tried("juez", "all")
    assert '<b class="num">0</b> mensajes' in await tried("100%_")
    assert not await changed(front), "trying changes nothing"
    moment.passes(days=31)
    await elena.sign_in()
    assert '<b class="num">0</b> mensajes' in await tried("juez")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"phrase": " "}, "phrase"),
        ({"phrase": "a y"}, "phrase"),
        ({"phrase": ".*"}, "phrase"),
        ({"phrase": "x" * 81}, "phrase"),
        ({"phrase": "una " * 11}, "phrase"),
        ({"kind": "rude"}, "kind"),
    ],
)
async def test_what_is_no_phrase_is_said_beside_its_field_and_loses_nothing(
    front: Front, typed: dict[str, str], field: str
) -> None:
    elena = await front.agent("Elena", role="admin")
    whole = {"country": "PE", "kind": "insult", "phrase": "lo escrito", "do": "on", **typed}

    answer = await elena.do(PAGE, **whole)

    assert answer.status_code == 422
    assert f'id="{field}-words"' in answer.text
    assert f'value="{whole["phrase"]}"' in answer.text
    assert (await elena.do(PAGE, **{**whole, "country": "XX"})).status_code == 422
    assert not await changed(front)


async def test_an_answer_asks_for_the_lists_once_however_much_was_changed(front: Front) -> None:
    ana, elena = await two(front)
    for number in range(5):
        assert await put(elena, f"frase número {number}") == 303
    asked: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = front.console.db.writer.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    assert (await ana.reply(1, "Buenos días")).status_code == 201
    event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in asked if "phrase_choice" in one]) == 1
