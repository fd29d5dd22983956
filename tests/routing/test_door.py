"""The queue through the front door: states, the next one, handing on, the rules, and the loop that gives out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually
from tests.routing.floor import holders

RULES = {"serving": "round_robin", "order_by": "score", "owner_first": "1", "first_reply_takes": "1", "capacity": "2"}


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def decides(who: Person, **rules: str) -> None:
    answer = await who.do("/settings/routing/1", **{**RULES, **rules})
    assert answer.status_code == 200, answer.text


async def held_by(front: Front, number: int) -> int | None:
    return (await holders(front.console.db)).get(number)


async def test_whoever_opens_the_inbox_is_served_within_five_seconds(front: Front) -> None:
    sara, ana = await front.agent("Sara", role="supervisor"), await front.agent("Ana")
    await decides(sara)
    await front.webhook(meta.body(meta.text("¿hay alguien?")))
    assert await held_by(front, 1) is None

    begun = time.monotonic()
    async with ana.live(opened=1) as wire:
        await wire.shows("La cola asignó la conversación a Ana")
        assert any("Disponible" in frame.html for frame in wire.heard), "and they see that they are"
        assert await held_by(front, 1) == ana.id
    assert time.monotonic() - begun < 5


async def test_whoever_gets_room_is_served_within_five_seconds(front: Front) -> None:
    """Capacity freed, a pause that ends, something new: each wakes the queue."""
    sara, ana = await front.agent("Sara", role="supervisor"), await front.agent("Ana")
    await decides(sara, capacity="1")
    async with ana.live():
        await front.webhook(meta.body(meta.text("uno", sender="51900000001")))
        await eventually(lambda: is_held(front, 1, ana))
        await front.webhook(meta.body(meta.text("dos", sender="51900000002")))
        await ana.do("/inbox/1/resolution", disposition="CD-CON")
        await eventually(lambda: is_held(front, 2, ana))

        await ana.do("/inbox/state", state="paused:lunch")
        await front.webhook(meta.body(meta.text("tres", sender="51900000003")))
        await ana.do("/inbox/2/resolution", disposition="CD-CON")
        assert "Refrigerio" in await ana.see("/inbox/state")
        assert await held_by(front, 3) is None
        await ana.do("/inbox/state", state="available")
        await eventually(lambda: is_held(front, 3, ana))


async def is_held(front: Front, number: int, who: Person) -> bool:
    return await held_by(front, number) == who.id


async def test_the_next_one_by_one_request(front: Front) -> None:
    ana, beto = await front.agent("Ana"), await front.agent("Beto", team="Mora judicial")
    await front.webhook(meta.body(meta.text("uno")))

    assert (await beto.do("/inbox/next")).status_code == 404, "another team's queue is not theirs"
    answer = await ana.do("/inbox/next")
    assert (answer.status_code, answer.headers["x-conversation"]) == (200, "1")
    empty = await ana.do("/inbox/next")
    assert (empty.status_code, empty.json()["code"]) == (404, "queue_empty")


async def test_handing_on_needs_a_note_and_looks_new_to_who_receives(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await front.webhook(meta.body(meta.text("uno")))
    async with luz.live(opened=1) as wire:
        await wire.say(t="seen", open=1, sequence=1)
        await ana.do("/inbox/1/assignment", holder="me")
        to = {"to": f"agent:{luz.id}", "client_key": "una-clave"}

        refused = await ana.do("/inbox/1/transfer", **to, note="  ")
        assert refused.status_code == 422
        assert "Escriba una nota" in refused.text
        assert f'value="agent:{luz.id}" selected' in refused.text, "what was chosen stays"
        assert (await ana.do("/inbox/1/assignment", holder=str(luz.id))).status_code == 422
        assert (await luz.do("/inbox/1/transfer", **to, note="la quiero yo")).status_code == 403

        assert (await ana.do("/inbox/1/transfer", **to, note="Pide hablar con Luz")).status_code == 200
        assert (await ana.do("/inbox/1/transfer", **to, note="Pide hablar con Luz")).status_code == 403, "not hers now"
    assert await held_by(front, 1) == luz.id
    page = await luz.see("/inbox/1")
    assert page.count("Pide hablar con Luz") >= 1
    assert 'class="badge' in await luz.see("/inbox/rows?view=mine")


async def test_to_another_teams_queue_and_to_nobody_who_may_not_see_it(front: Front) -> None:
    ana, beto = await front.agent("Ana"), await front.agent("Beto", team="Mora judicial")
    await front.webhook(meta.body(meta.text("uno")))
    await ana.do("/inbox/1/assignment", holder="me")

    stranger = await ana.do("/inbox/1/transfer", to=f"agent:{beto.id}", client_key="una-clave", note="para ti")
    assert stranger.status_code == 422
    for odd in ("agent:x", "team:999", "", "queue:1"):
        answer = await ana.do("/inbox/1/transfer", to=odd, client_key="una-clave", note="nota")
        assert answer.status_code == 422, odd
    assert await held_by(front, 1) == ana.id, "a refusal leaves nothing behind"
    assert (
        await ana.do("/inbox/1/transfer", to="team:2", client_key="otra-clave", note="a judicial")
    ).status_code == 200

    assert (await ana.http.get("/inbox/1")).status_code == 404
    assert "a judicial" in await beto.see("/inbox/1")


async def test_rules_are_bounded_versioned_and_of_ones_own_team(front: Front) -> None:
    sara, ana = await front.agent("Sara", role="supervisor"), await front.agent("Ana")
    tito = await front.agent("Tito", role="supervisor", team="Mora judicial")
    await decides(sara)

    assert 'value="round_robin" selected' in await sara.see("/settings/routing")
    refused = await sara.do("/settings/routing/1", **RULES, points_window="101")
    assert refused.status_code == 422
    assert "escriba de 0 a 100" in refused.text
    assert (await sara.do("/settings/routing/1", **{**RULES, "serving": "azar"})).status_code == 422
    assert (await sara.do("/settings/routing/1", **{**RULES, "capacity": "9"}, version="0")).status_code == 409
    assert (await tito.do("/settings/routing/1", **RULES)).status_code == 404
    assert (await tito.http.get("/settings/routing?team=1")).status_code == 404
    assert (await ana.do("/settings/routing/1", **RULES)).status_code == 403
