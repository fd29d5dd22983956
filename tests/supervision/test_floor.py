"""The floor through the front door: what it shows, to whom, and stepping in, each on record."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from console import clock
from console.agents import Agent, AgentTeam, Role, Viewer
from console.audit import SYSTEM, AuditEntry
from console.db import Database
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.render import iso
from console.supervision.pushes import parts_of
from console.supervision.views import Asked
from console.targets.keeping import Wish, set_targets
from console.targets.models import EVERY_STATE, Kind
from console.word_lists import matching
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.inbox.people import Inbox, an_inbox
from tests.routing.floor import comes


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def who_holds(front: Front, number: int) -> int | None:
    async with front.console.db.reading() as tx:
        return (await tx.get_one(Conversation, number)).holder_id


async def said_of(front: Front, action: str) -> list[dict[str, Any]]:
    async with front.console.db.reading() as tx:
        found = await tx.scalars(select(AuditEntry.new).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [json.loads(new or "{}") for new in found]


async def test_who_may_watch_but_not_reassign_is_offered_no_taking_over(front: Front) -> None:
    """Only what nobody holds: the button is there where it works."""
    from console.agents import Agent, OwnRole  # noqa: PLC0415 only here

    ana, iris = await front.agent("Ana"), await front.agent("Iris", role="supervisor")
    assert (await front.webhook(meta.body(meta.text("Hola")))).status_code == 200
    async with front.console.db.transaction() as tx:
        watcher = OwnRole(name="Observa", base="supervisor", deeds=["watch_floor"], created_at=clock.now())
        tx.add(watcher)
        await tx.flush()
        (await tx.get_one(Agent, iris.id)).own_role_id = watcher.id
    watching = "/supervisor/conversations/1"
    assert "Tomar la conversación" in await iris.see(watching)

    assert (await ana.reply(1, "Buenos días")).status_code == 201

    assert "Tomar la conversación" not in await iris.see(watching)
    assert (await iris.do(f"{watching}/takeover")).status_code == 403


async def test_watch_whisper_take_over_give_back(front: Front) -> None:
    """The debtor is told nothing, the two hear the whisper, a colleague does not; everything is on record."""
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    sara, iris = await front.agent("Sara", role="supervisor"), await front.agent("Iris", role="supervisor")
    await front.webhook(meta.body(meta.text("No reconozco ese cobro")))
    await ana.do("/inbox/1/assignment", holder="me")
    watching = "/supervisor/conversations/1"

    async with ana.live(opened=1) as hers, luz.live(opened=1) as colleague, sara.live() as leader:
        shown = await sara.see(watching)
        assert "No reconozco ese cobro" in shown
        await leader.say(t="open", open=1)
        await hers.shows('data-name="Sara"')
        await hers.say(t="typing", on=True)
        await leader.shows('data-name="Ana" data-typing')
        await front.webhook(meta.body(meta.text("¿me escucha?")))
        await leader.shows("¿me escucha?")
        key = {"client_key": "una-clave"}
        await sara.do(f"{watching}/whispers", text="No pida pago: hay reclamo", **key)
        await sara.do(f"{watching}/whispers", text="No pida pago: hay reclamo", **key)
        await hers.shows("No pida pago: hay reclamo")

        assert (await sara.do(f"{watching}/takeover")).status_code == 200
        assert await who_holds(front, 1) == sara.id
        assert (await sara.do(f"{watching}/return")).status_code == 200
        assert await who_holds(front, 1) == ana.id
        await colleague.say(t="ping")
        await colleague.until(lambda frame: "pong" in frame.control)
        assert not any("No pida pago" in frame.html for frame in colleague.heard)

    for who, hears in ((ana, 1), (sara, 1), (luz, 0), (iris, 0)):
        assert (await who.see("/inbox/1/whispers")).count("No pida pago") == hears, who.email
    assert "No pida pago" not in await iris.see(watching)
    for page in ("/inbox/1", "/inbox/1/history", "/inbox/rows?view=all"):
        assert "No pida pago" not in await ana.see(page), "no door of messages knows of it"
    assert [new.get("watching") for new in await said_of(front, "conversation.viewed")].count(True) == 2
    (told,) = await said_of(front, "whisper.sent")
    assert "No pida pago" not in json.dumps(told)
    async with front.console.db.reading() as tx:
        assert not (await tx.get_one(Conversation, 1)).receipt_due, "no blue ticks for having been watched"


async def test_a_whisper_needs_somebody_to_hear_it(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await front.webhook(meta.body(meta.text("hola")))
    path = "/supervisor/conversations/1/whispers"

    assert (await sara.do(path, text="hola", client_key="una-clave")).json()["code"] == "nobody_holds_it"
    for bad in ({"text": " "}, {"text": "x" * 1001}, {"client_key": ""}):
        assert (await sara.do(path, **{"text": "hola", "client_key": "otra-clave", **bad})).status_code == 422


async def test_many_are_moved_or_none(front: Front) -> None:
    ana, beto = await front.agent("Ana"), await front.agent("Beto", team="Mora judicial")
    sara = await front.agent("Sara", role="supervisor")
    for n in range(3):
        await front.webhook(meta.body(meta.text(f"hola {n}", sender=f"5190000000{n}")))

    assert (await sara.do("/supervisor/reassignment", ids="1.2", to=str(ana.id))).status_code == 200
    assert (await sara.do("/supervisor/reassignment", ids="1.999", to="")).status_code == 404
    assert (await sara.do("/supervisor/reassignment", ids="1.3", to=str(beto.id))).status_code == 422
    assert [await who_holds(front, n) for n in (1, 2, 3)] == [ana.id, ana.id, None]
    assert (await sara.do("/supervisor/reassignment", ids="1.2", to="")).status_code == 200
    assert [await who_holds(front, n) for n in (1, 2)] == [None, None]


async def test_a_break_and_going_home_can_be_ordered(front: Front) -> None:
    ana, sara = await front.agent("Ana"), await front.agent("Sara", role="supervisor")
    tito = await front.agent("Tito", role="supervisor", team="Mora judicial")
    theirs = f"/supervisor/agents/{ana.id}"
    async with ana.live() as wire:
        assert (await tito.do(f"{theirs}/break")).status_code == 404
        assert (await sara.do(f"{theirs}/break")).status_code == 200
        await wire.shows("Pausa de supervisión")
        assert (await sara.do(f"{theirs}/return")).status_code == 200
        assert (await sara.do(f"{theirs}/sign-out")).status_code == 200
        assert (await sara.do(f"/supervisor/agents/{sara.id}/sign-out")).status_code == 403
        await wire.socket.wait_closed()
        assert wire.socket.close_code == 4401


async def test_the_floor_is_live_and_of_ones_own_teams(front: Front) -> None:
    ana, sara = await front.agent("Ana"), await front.agent("Sara", role="supervisor")
    tito = await front.agent("Tito", role="supervisor", team="Mora judicial")
    async with sara.live() as leader, tito.live() as other:
        await leader.say(t="floor")
        await other.say(t="floor", team=1)
        await leader.shows("floor-queues")
        await other.shows("floor-queues")
        await front.webhook(meta.body(meta.text("hola")))
        await leader.until(lambda frame: "1 <small>de 1" in frame.html)
        await ana.do("/inbox/1/assignment", holder="me")
        await leader.until(lambda frame: ">1/15<" in frame.html)
        await other.say(t="ping")
        await other.until(lambda frame: "pong" in frame.control)
        assert not any("Ana" in frame.html or "Cobranza" in frame.html for frame in other.heard)
    assert "Cobranza" not in await tito.see("/supervisor?team=1")


async def test_a_role_removed_while_the_floor_is_open_takes_effect_at_once(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    async with sara.live() as leader:
        await leader.say(t="floor")
        await leader.shows("floor-queues")
        async with front.console.db.transaction() as tx:
            from console import audit  # noqa: PLC0415 only here

            await tx.execute(update(Agent).where(Agent.id == sara.id).values(role=Role.AGENT))
            audit.record(tx, audit.SYSTEM, "agent.role_changed", subject=f"agent:{sara.id}")
        await leader.until(lambda frame: "floor" in frame.control.get("reload", ()))
        before = len(leader.heard)
        await front.webhook(meta.body(meta.text("hola")))
        await leader.say(t="floor")
        await leader.until(lambda frame: frame.control.get("error") == "forbidden")
        assert not any("floor-" in frame.html for frame in leader.heard[before:])
    assert (await sara.http.get("/supervisor")).status_code == 403


async def test_late_is_what_the_targets_say(front: Front, moment: Moment) -> None:
    """A first answer has 10 minutes, with a warning after 7; a team that gives itself an hour is late after that."""
    sara = await front.agent("Sara", role="supervisor")
    tito = await front.agent("Tito", role="supervisor", team="Mora judicial")
    await front.webhook(meta.body(meta.text("¿hay alguien?")))
    moment.passes(minutes=6)
    shown = await sara.see("/supervisor")
    assert "Nada pide atención" in shown

    moment.passes(minutes=2)
    shown = await sara.see("/supervisor")
    assert "Primera respuesta por vencer" in shown
    assert "1 por vencer" in shown
    assert 'sobre la meta</dt><dd class="num">0 ' in shown

    moment.passes(minutes=2)
    shown = await sara.see("/supervisor")
    assert "Primera respuesta tarde" in shown
    assert "venció hoy 10:10" in shown
    assert 'sobre la meta</dt><dd class="num">1<' in shown
    assert "por vencer" not in shown
    assert "Nada pide atención" in await tito.see("/supervisor")

    await front.webhook(meta.body(meta.text("hola", sender="51900000001")))
    async with front.console.db.transaction() as tx:
        await set_targets(tx, by=SYSTEM, team_id=1, account_state=EVERY_STATE, wishes={Kind.FIRST: Wish(45, 60)})
    await front.webhook(meta.body(meta.text("hola", sender="51900000002")))
    moment.passes(minutes=30)
    shown = await sara.see("/supervisor/floor")
    assert 'data-watch="2"' in shown, "who began to wait before goes by the target of then"
    assert 'data-watch="3"' not in shown


async def test_a_matter_not_settled_in_time_is_named(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("No reconozco ese cobro")))
    await ana.reply(1, "Lo reviso y le confirmo")
    moment.passes(hours=24 * 12)
    sara = await front.agent("Sara", role="supervisor")
    shown = await sara.see("/supervisor")
    assert "Resolución sobre la meta" in shown
    assert "respuesta tarde" not in shown


async def test_what_needs_somebody_is_named_and_opened(front: Front, moment: Moment) -> None:
    ana, sara = await front.agent("Ana"), await front.agent("Sara", role="supervisor")
    await front.webhook(meta.body(meta.text("¿hay alguien?")))
    moment.passes(minutes=14)
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Conversation).values(window_closes_at=moment.now + timedelta(minutes=40)))
    shown = await sara.see("/supervisor")
    assert "Primera respuesta tarde" in shown
    assert "Ventana por cerrar" in shown
    assert 'data-watch="1"' in shown

    await ana.reply(1, "Pague o lo vamos a embargar, sinvergüenza")
    shown = await sara.see("/supervisor/floor")
    assert "Amenaza en un mensaje nuestro" in shown
    assert "«lo vamos a embargar»" in shown
    assert "Primera respuesta tarde" not in shown


@pytest.mark.parametrize(
    ("text", "phone", "kind"),
    [
        ("Lo vamos a buscar", "51944218305", "threat"),
        ("es usted un CONCHUDO", "51944218305", "insult"),
        ("es usted un conchudo", "5215512345678", None),
        ("la carta lleva su nombre", "51944218305", None),
        ("¿Prefiere pagar en dos partes?", None, None),
    ],
)
def test_threats_and_insults_by_country(text: str, phone: str | None, kind: str | None) -> None:
    found = matching.found(text, phone)
    assert [each for each, _words in found] == ([kind] if kind else [])


async def test_the_floor_costs_the_same_however_much_is_open(database: Database) -> None:
    """30 people with 500 open conversations, then 300 with 5,000: as many statements, hardly more to send."""
    inbox = await an_inbox(database)
    await comes(database, inbox.ana)
    small = await cost(database, inbox, people=30, open_ones=500)
    large = await cost(database, inbox, people=300, open_ones=5000)

    assert large["statements"] == small["statements"]
    assert large["bytes"] < small["bytes"] * 1.1
    assert large["seconds"] < 1.5, f"{large} on a machine that others use too"


async def cost(database: Database, inbox: Inbox, *, people: int, open_ones: int) -> dict[str, float]:
    async with database.transaction() as tx:
        now = clock.now()
        known = len((await tx.scalars(select(Agent.id))).all())
        agents = [Agent(name=f"Agente {known + n}", role=Role.AGENT, created_at=now) for n in range(people)]
        tx.add_all(agents)
        await tx.flush()
        tx.add_all([AgentTeam(agent_id=agent.id, team_id=inbox.team_id) for agent in agents])
        has = len((await tx.scalars(select(Contact.id))).all())
        contacts = [{"wa_id": f"519{has + n:08}", "created_at": now} for n in range(open_ones)]
        await tx.execute(insert(Contact), contacts)
        ids = (await tx.scalars(select(Contact.id).order_by(Contact.id).offset(has))).all()
        of = {"channel_id": inbox.channel_id, "team_id": inbox.team_id, "status": "open", "last_sequence": 0}
        of |= {"inbound_count": 0, "pair_refusals": 0, "receipt_due": False, "version": 1}
        times = {"last_at": now, "created_at": now, "updated_at": now, "waiting_since": now - timedelta(minutes=20)}
        times |= {"answer_warns_at": now - timedelta(minutes=13), "answer_due_at": now - timedelta(minutes=10)}
        rows = [{**of, **times, "contact_id": one, "holder_id": agents[n % people].id} for n, one in enumerate(ids)]
        await tx.execute(insert(Conversation), rows)
    leader = Viewer(id=inbox.supervisor.id, name="Rosa", role=Role.SUPERVISOR, team_ids=frozenset({inbox.team_id}))
    statements: list[str] = []
    engine = database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *of: statements.append(of[2]))
    async with database.reading() as tx:
        begun = time.perf_counter()
        parts = (await parts_of(tx, leader, Asked()))[None]
        seconds = time.perf_counter() - begun
    return {"statements": len(statements), "bytes": sum(map(len, parts.values())), "seconds": seconds}


async def test_the_alert_of_the_number_says_when_its_quality_fell(front: Front, moment: Moment) -> None:
    """Not since when we have the number; and a word about its limits afterwards changes nothing of it."""
    moment.passes(hours=2)
    await front.webhook(meta.notice("phone_number_quality_update", {"event": "FLAGGED", "current_limit": "TIER_1K"}))
    fell = moment.now
    moment.passes(hours=3)
    await front.webhook(meta.notice("business_capability_update", {"max_daily_conversations_per_business": 2000}))

    shown = await (await front.agent("Sara", role="supervisor")).see("/supervisor")

    alert = shown.partition("Bajó la calidad del número")[2].partition("</li>")[0]
    assert f'datetime="{iso(fell)}"' in alert, alert
    assert "calidad baja" in alert
