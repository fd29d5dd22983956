"""Reviews through the front door: drawn once, reviewed by who leads the team, read and answered by whose work it is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from console.audit import AuditEntry
from console.quality import drawing, running, sampling
from console.quality.models import QualityDraw, QualityPick, QualityReview
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta

# In Lima; two hours later the week is over.
SUNDAY_NIGHT = datetime(2026, 11, 23, 4, tzinfo=UTC)
WELL = {f"mark_{key}": "2" for key in ("identification", "right_party", "tone", "disclosure", "next_step")}


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    moment.is_(SUNDAY_NIGHT)
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def worked(front: Front, ana: Person, count: int, first: int = 1) -> None:
    """So many people write, and Ana answers each."""
    for number in range(first, first + count):
        contact = [{"wa_id": f"5194421{number:04d}", "profile": {"name": f"Persona {number}"}}]
        said = meta.text(f"Hola {number}", sender=f"5194421{number:04d}", wamid=f"wamid.{number}")
        assert (await front.webhook(meta.body(said, contacts=contact))).status_code == 200
        assert (await ana.reply(number, f"Buenos días {number}")).status_code == 201


async def on_monday(front: Front, moment: Moment) -> int:
    """The week is over, and its samples are drawn."""
    moment.passes(hours=2)
    return await running.draw_due(front.console.db, front.console.settings.zone)


async def picks(front: Front) -> list[QualityPick]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(QualityPick).order_by(QualityPick.id)))


async def recorded(front: Front, action: str) -> list[tuple[str | None, dict[str, Any]]]:
    async with front.console.db.reading() as tx:
        rows = await tx.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(row.actor_name, json.loads(row.new or "{}")) for row in rows]


async def test_the_week_that_is_over_is_drawn_once_and_can_be_drawn_again_from_its_seed(
    front: Front, moment: Moment
) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 5)
    assert await running.draw_due(front.console.db, front.console.settings.zone) == 0, "the week is not over"

    assert await on_monday(front, moment) == 3
    assert await running.draw_due(front.console.db, front.console.settings.zone) == 0

    drawn = await picks(front)
    async with front.console.db.reading() as tx:
        claim = (await tx.scalars(select(QualityDraw))).one()
    assert (claim.agent_id, claim.week_on, claim.found) == (ana.id, date(2026, 11, 16), 5)
    assert {pick.conversation_id for pick in drawn} == set(drawing.draw(claim.seed, range(1, 6), 3))
    [(name, said)] = await recorded(front, "quality.sampled")
    assert name == "Al Día"
    assert said["seed"] == claim.seed
    assert said["picked"] == drawing.draw(claim.seed, range(1, 6), 3)


async def test_two_workers_who_draw_at_the_same_moment_draw_one_sample(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 5)
    moment.passes(hours=2)
    db, zone = front.console.db, front.console.settings.zone
    async with db.reading() as tx:
        [due] = await sampling.undrawn(tx, date(2026, 11, 16), zone)

    async def draw() -> int:
        async with db.transaction() as tx:
            return await sampling.draw_for(tx, due, date(2026, 11, 16))

    assert sorted(await asyncio.gather(draw(), draw(), draw())) == [0, 0, 3]
    assert len(await picks(front)) == 3
    assert len(await recorded(front, "quality.sampled")) == 1


async def test_what_was_drawn_for_an_agent_before_is_not_drawn_again(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 4)
    await on_monday(front, moment)
    before = {pick.conversation_id for pick in await picks(front)}
    luz = await front.agent("Luz")
    for number in range(1, 5):
        contact = [{"wa_id": f"5194421{number:04d}", "profile": {"name": f"Persona {number}"}}]
        await front.webhook(
            meta.body(
                meta.text("¿Sigue ahí?", sender=f"5194421{number:04d}", wamid=f"wamid.again{number}"), contacts=contact
            )
        )
        assert (await luz.reply(number, "Sí")).status_code == 201

    moment.passes(days=7)
    assert await running.draw_due(front.console.db, front.console.settings.zone) == 3, "Luz's; Ana wrote to nobody"

    drawn = await picks(front)
    assert len([pick for pick in drawn if pick.agent_id == luz.id]) == 3
    assert {pick.conversation_id for pick in drawn if pick.agent_id == ana.id} == before


async def test_after_its_weeks_of_rest_a_conversation_may_be_drawn_again(front: Front, moment: Moment) -> None:
    """It lasts as long as the debt; the rest is counted between the weeks that are drawn."""
    ana, elena = await front.agent("Ana"), await front.agent("Elena", role="admin")
    was = dict(re.findall(r'name="(\w+)" value="([^"]*)"', await elena.see("/settings/quality")))
    assert was["rest_weeks"] == "8"
    assert (await elena.do("/settings/quality", **{**was, "rest_weeks": "2"})).status_code == 303
    await worked(front, ana, 1)
    assert await on_monday(front, moment) == 1

    async def again() -> int:
        await ana.sign_in()
        said = meta.text("Sigo aquí", sender="51944210001", wamid=f"wamid.{moment.now.isoformat()}")
        assert (await front.webhook(meta.body(said))).status_code == 200
        assert (await ana.reply(1, "¿Cómo le fue?", seen_sequence="")).status_code == 201
        moment.passes(days=7)
        return await running.draw_due(front.console.db, front.console.settings.zone)

    assert await again() == 0, "the week after"
    assert await again() == 1
    assert [pick.week_on for pick in await picks(front)] == [date(2026, 11, 16), date(2026, 11, 30)]
    [(by, said)] = await recorded(front, "quality.form_updated")
    assert (by, said["rest_weeks"]) == ("Elena", 2)


async def test_what_is_to_be_looked_at_is_marked_on_the_agents_own_message_when_it_is_drawn(
    front: Front, moment: Moment
) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 1)
    said = meta.text("¿Es una orden judicial?", sender="51944210001", wamid="wamid.asks")
    await front.webhook(meta.body(said))
    assert (await ana.reply(1, "Sí: tiene orden judicial, dígale a su esposa")).status_code == 201
    await on_monday(front, moment)
    sara = await front.agent("Sara", role="supervisor")

    assert "2 marcas" in await sara.see("/quality")
    shown = await sara.see("/quality/1")
    assert shown.count('class="flagged"') == 2, "what the debtor asks is no matter of the agent's"
    assert "Posible mención a terceros" in shown
    [(_by, noted)] = await recorded(front, "quality.sampled")
    assert {flag["kind"] for flag in noted["flags"]} == {"third_party", "false_legal"}
    assert (await sara.do("/quality/1/reviews", version="1", **WELL)).status_code == 303
    assert "Posible mención a terceros" in await ana.see("/quality/1")


async def test_a_review_is_scored_read_by_the_agent_and_answered_once(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 1)
    await on_monday(front, moment)
    sara = await front.agent("Sara", role="supervisor")
    assert "Persona 1" in await sara.see("/quality")
    shown = await sara.see("/quality/1")
    assert "Buenos días 1" in shown
    assert "Hola 1" in shown
    assert (await ana.http.get("/quality/1")).status_code == 404, "not before it is reviewed"

    given = await sara.do(
        "/quality/1/reviews",
        version="1",
        **{**WELL, "mark_right_party": "0", "mark_disclosure": "1"},
        note="Confirme el titular",
    )

    assert given.status_code == 303, given.text
    assert ">65<" in await sara.see("/quality/1")
    assert "Nada por revisar" in await sara.see("/quality")
    assert "Persona 1" in await sara.see("/quality?show=reviewed")
    assert "Mis revisiones" in await ana.see("/quality")
    own = await ana.see("/quality/1")
    assert "Confirme el titular" in own
    assert ">65<" in own
    assert (await ana.do("/quality/1/answer", text="  ")).status_code == 422
    assert (await ana.do("/quality/1/answer", text="Lo confirmé por teléfono")).status_code == 303
    again = await ana.do("/quality/1/answer", text="Otra cosa")
    assert again.status_code == 409
    assert "Lo confirmé por teléfono" in await sara.see("/quality/1")
    [(by, said)] = await recorded(front, "quality.reviewed")
    assert (by, said["score"], said["marks"]["right_party"], said["form"]) == ("Sara", 65, 0, 1)
    assert await recorded(front, "quality.answered") == [("Ana", {"letters": 24})]
    for text in ("Confirme el titular", "Lo confirmé"):
        async with front.console.db.reading() as tx:
            assert not [row for row in await tx.scalars(select(AuditEntry.new)) if row and text in row]
    assert "calidad" not in await ana.see("/inbox/1/history"), "the team reads that history"


async def test_the_trend_shows_each_week_of_each_team_and_agent_and_no_other_teams(
    front: Front, moment: Moment
) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 2)
    await on_monday(front, moment)
    sara, tito = (
        await front.agent("Sara", role="supervisor"),
        await front.agent("Tito", role="supervisor", team="Mora judicial"),
    )
    assert "Todavía no hay revisiones" in await sara.see("/quality?show=trend")
    assert (await sara.do("/quality/1/reviews", version="1", **WELL)).status_code == 303
    lower = {**WELL, "mark_right_party": "0", "mark_disclosure": "1", "note": "Confirme el titular"}
    assert (await sara.do("/quality/2/reviews", version="1", **lower)).status_code == 303

    shown = await sara.see("/quality?show=trend")

    # 100 and 65 make 82.5, and halves go up.
    assert re.search(r'<th scope="row">2026-11-16</th><td class="right num" data-value="83">83</td>', shown)
    assert "83 <small>(2)</small>" in shown
    assert "Ana" in shown
    assert "Todavía no hay revisiones" in await tito.see("/quality?show=trend")
    assert (await ana.http.get("/quality?show=trend")).status_code == 404


async def test_nobody_else_sees_or_touches_it(front: Front, moment: Moment) -> None:
    """Another agent, another team's supervisor, the agent before the review; and nobody reviews their own work."""
    ana = await front.agent("Ana")
    await worked(front, ana, 1)
    await on_monday(front, moment)
    luz, tito = await front.agent("Luz"), await front.agent("Tito", role="supervisor", team="Mora judicial")
    sara = await front.agent("Sara", role="supervisor")

    assert (await tito.do("/quality/1/reviews", version="1", **WELL)).status_code == 404
    assert (await ana.do("/quality/1/reviews", version="1", **WELL)).status_code == 403
    assert (await sara.do("/quality/1/reviews", version="1", **WELL)).status_code == 303
    for other in (luz, tito):
        assert (await other.http.get("/quality/1")).status_code == 404
        assert (await other.do("/quality/1/answer", text="Yo")).status_code == 404
        assert "Persona 1" not in await other.see("/quality")
    assert "Persona 1" not in await tito.see("/quality?show=reviewed")
    assert (await luz.http.get("/quality?show=reviewed")).status_code == 404
    assert (await sara.do("/quality/1/answer", text="Yo")).status_code == 404
    assert len(await recorded(front, "quality.reviewed")) == 1
    assert not await recorded(front, "quality.answered")


async def test_an_agent_promoted_does_not_review_their_own_work(front: Front, moment: Moment) -> None:
    from console.agents import Agent  # noqa: PLC0415 only here

    ana = await front.agent("Ana")
    await worked(front, ana, 1)
    await on_monday(front, moment)
    async with front.console.db.transaction() as tx:
        (await tx.get_one(Agent, ana.id)).role = "supervisor"

    assert (await ana.do("/quality/1/reviews", version="1", **WELL)).status_code == 403
    assert "Persona 1" not in await ana.see("/quality")
    assert (await ana.http.get("/quality/1")).status_code == 404


async def test_two_reviewers_at_the_same_moment_leave_one_review(front: Front, moment: Moment) -> None:
    await worked(front, await front.agent("Ana"), 1)
    await on_monday(front, moment)
    both = [await front.agent(name, role="supervisor") for name in ("Sara", "Iris")]

    answers = await asyncio.gather(*(one.do("/quality/1/reviews", version="1", **WELL) for one in both))

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert len(await recorded(front, "quality.reviewed")) == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"mark_tone": ""}, "Elija una nota para «Trato»."),
        ({"mark_tone": "7"}, "Elija una nota para «Trato»."),
        (dict.fromkeys(WELL, "na"), "Al menos un criterio debe aplicar."),
        ({"mark_tone": "0"}, "Diga qué faltó"),
        ({"note": "x" * 1001}, "Escriba hasta 1000 letras."),
    ],
)
async def test_what_is_no_review_is_said_beside_its_field_and_loses_nothing(
    front: Front, moment: Moment, typed: dict[str, str], says: str
) -> None:
    await worked(front, await front.agent("Ana"), 1)
    await on_monday(front, moment)
    sara = await front.agent("Sara", role="supervisor")

    answer = await sara.do("/quality/1/reviews", **{"version": "1", **WELL, **typed})

    assert answer.status_code == 422
    assert says in answer.text
    assert 'aria-describedby="' in answer.text
    kept = [value for value in typed.values() if len(value) > 10]
    assert all(value in answer.text for value in kept)
    if typed.get("mark_tone") != "na":
        assert re.search(r'name="mark_identification" value="2" required checked', answer.text)
    assert not await recorded(front, "quality.reviewed")
    for version in ("99", "x"):
        assert (await sara.do("/quality/1/reviews", **{**WELL, "version": version})).status_code == 422


async def test_a_new_form_leaves_old_scores_as_they_were_and_what_was_begun_ends_with_its_own(
    front: Front, moment: Moment
) -> None:
    await worked(front, await front.agent("Ana"), 2)
    await on_monday(front, moment)
    sara, elena = await front.agent("Sara", role="supervisor"), await front.agent("Elena", role="admin")
    missed = {**WELL, "mark_tone": "0", "note": "Sea cordial"}
    assert (await sara.do("/quality/1/reviews", version="1", **missed)).status_code == 303
    page = await elena.see("/settings/quality")
    typed = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))

    changed = await elena.do("/settings/quality", **{**typed, "label_tone": "Cordialidad", "weight_tone": "80"})

    assert changed.status_code == 303, changed.text
    assert "Rige la versión 2" in await elena.see("/settings/quality")
    old = await sara.see("/quality/1")
    assert ">80<" in old
    assert "Trato" in old
    assert "Cordialidad" in await sara.see("/quality/2")
    assert (await sara.do("/quality/2/reviews", version="1", **missed)).status_code == 303
    assert "Pauta versión 1" in await sara.see("/quality/2")
    [(by, said)] = await recorded(front, "quality.form_updated")
    assert by == "Elena"
    assert next(one for one in said["criteria"] if one["key"] == "tone")["weight"] == 80
    stale = await elena.do("/settings/quality", **{**typed, "per_week": "5"})
    assert stale.status_code == 409, "version 1 is not the newest any more"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"per_week": "0"}, "per_week"),
        ({"per_week": "muchas"}, "per_week"),
        ({"rest_weeks": "0"}, "rest_weeks"),
        ({"rest_weeks": "105"}, "rest_weeks"),
        ({"weight_tone": "101"}, "weight_tone"),
        ({"weight_tone": "-1"}, "weight_tone"),
        ({"label_tone": " "}, "label_tone"),
        ({"guide_tone": "x" * 201}, "guide_tone"),
        (
            {f"weight_{key}": "0" for key in ("identification", "right_party", "tone", "disclosure", "next_step")},
            "weight_identification",
        ),
    ],
)
async def test_what_is_no_form_is_said_beside_its_field(front: Front, typed: dict[str, str], field: str) -> None:
    elena = await front.agent("Elena", role="admin")
    was = dict(re.findall(r'name="(\w+)" value="([^"]*)"', await elena.see("/settings/quality")))

    answer = await elena.do("/settings/quality", **{**was, **typed})

    assert answer.status_code == 422
    assert f'id="{field}-words"' in answer.text
    assert not await recorded(front, "quality.form_updated")


async def test_the_list_asks_the_database_the_same_whether_one_or_many_wait(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 1)
    await on_monday(front, moment)
    sara = await front.agent("Sara", role="supervisor")
    asked: list[str] = []
    engine = front.console.db.reader.sync_engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _u, sql, *_: asked.append(sql) if "quality" in sql else None
    )
    await sara.see("/quality")
    few = len(asked)
    luz = await front.agent("Luz")
    await worked(front, luz, 3, first=2)
    moment.passes(days=7)
    assert await running.draw_due(front.console.db, front.console.settings.zone) == 3
    iris = await front.agent("Iris", role="supervisor")
    asked.clear()

    await iris.see("/quality")

    assert len(asked) == few == 2


async def test_erasing_a_person_takes_what_was_noted_of_them(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await worked(front, ana, 1)
    await on_monday(front, moment)
    elena = await front.agent("Elena", role="admin")
    await elena.do("/quality/1/reviews", version="1", **WELL, note="Zoraida estaba molesta")
    await ana.do("/quality/1/answer", text="Zoraida llamó antes")
    async with front.console.db.transaction() as tx:
        from console.inbox.models import Message, Status  # noqa: PLC0415 only here

        for row in await tx.scalars(select(Message).where(Message.direction == "out")):
            row.status = Status.SENT
    asked_on = {"conversation": "1", "kind": "erasure", "asked_on": "2026-11-20"}
    assert (await elena.http.post("/privacy", data=asked_on)).status_code == 303
    assert (await elena.http.post("/privacy/1/answer")).status_code == 303

    async with front.console.db.reading() as tx:
        review = (await tx.scalars(select(QualityReview))).one()
    assert (review.note, review.answer, review.score) == (None, None, 100)
    assert "Se borró a pedido" in await elena.see("/quality/1")
