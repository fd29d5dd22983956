"""Calibration through the front door: blind until all have sent, compared, agreed, and how reviewers drift."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, select

from console.quality.models import QualityReview, QualitySeat
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.quality.test_quality import SUNDAY_NIGHT, WELL, on_monday, recorded, worked

# 65 of 100: tests/quality/test_quality.py has the same.
STRICT = {**WELL, "mark_right_party": "0", "mark_disclosure": "1", "note": "Zoraida no confirmó"}


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    moment.is_(SUNDAY_NIGHT)
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def two(front: Front, moment: Moment, count: int = 1) -> tuple[Person, Person, Person]:
    """Ana, whose conversations were drawn, and two who may review them."""
    ana = await front.agent("Ana")
    await worked(front, ana, count)
    await on_monday(front, moment)
    return ana, await front.agent("Sara", role="supervisor"), await front.agent("Iris", role="supervisor")


async def opened(by: Person, *people: Person, pick: int = 1) -> None:
    given = {f"reviewer_{one.id}": "1" for one in people}
    answer = await by.do(f"/quality/{pick}/calibration", **given)
    assert answer.status_code == 303, answer.text


async def test_each_reviews_blind_then_they_compare_and_agree_on_one_review(front: Front, moment: Moment) -> None:
    ana, sara, iris = await two(front, moment)
    assert "Calibrar entre varias personas" in await sara.see("/quality/1")
    await opened(sara, sara, iris)
    assert "Nada por revisar" in await sara.see("/quality")
    assert "0 de 2 enviadas" in await iris.see("/quality/calibrations")

    assert (await sara.do("/quality/1/calibration/marks", **STRICT)).status_code == 303
    early = await iris.see("/quality/1")
    assert "Zoraida no confirmó" not in early
    assert '<b class="num">65</b>' not in early
    assert "Enviada" in early
    assert await recorded(front, "quality.calibration_sent") == [("Sara", {})], "the history tells nobody either"
    assert (await sara.do("/quality/1/calibration/marks", **WELL)).status_code == 409, "once"
    assert (await sara.do("/quality/1/calibration/agreement", **WELL, note="Ya")).status_code == 409, "not all sent"
    assert (await ana.http.get("/quality/1")).status_code == 404

    assert (await iris.do("/quality/1/calibration/marks", **WELL)).status_code == 303
    compared = await sara.see("/quality/1")
    assert '<b class="num">35</b> puntos' in compared
    assert compared.count("difieren") == 2
    # Where both gave the same it is chosen already; where they differ they have to.
    assert re.search(r'name="mark_tone" value="2" required checked', compared)
    assert not re.search(r'name="mark_right_party" value="\d" required checked', compared)
    assert (await sara.do("/quality/1/calibration/agreement", **WELL, note=" ")).status_code == 422
    middle = {**WELL, "mark_disclosure": "1", "note": "El titular sí se confirmó"}
    assert (await sara.do("/quality/1/calibration/agreement", **middle)).status_code == 303

    own = await ana.see("/quality/1")
    assert "El titular sí se confirmó" in own
    assert "Zoraida no confirmó" not in own, "what each gave is between those who review"
    assert "Iris" not in own
    assert "Acordado" in await iris.see("/quality/1")
    [(by, said)] = await recorded(front, "quality.calibration_agreed")
    assert (by, [seat["score"] for seat in said["seats"]]) == ("Sara", [65, 100])
    assert "calidad" not in await ana.see("/inbox/1/history")


async def test_how_far_each_is_from_what_was_agreed_is_shown_by_month(front: Front, moment: Moment) -> None:
    _ana, sara, iris = await two(front, moment, 2)
    for pick in (1, 2):
        await opened(sara, sara, iris, pick=pick)
        assert (await sara.do(f"/quality/{pick}/calibration/marks", **STRICT)).status_code == 303
        assert (await iris.do(f"/quality/{pick}/calibration/marks", **WELL)).status_code == 303
        agreed = {**(WELL if pick == 1 else STRICT), "note": "Así"}
        assert (await iris.do(f"/quality/{pick}/calibration/agreement", **agreed)).status_code == 303
        if pick == 1:
            moment.passes(days=10)  # December
            for one in (sara, iris):
                await one.sign_in()

    shown = await sara.see("/quality/calibrations")

    rows = dict(re.findall(r'<th scope="row" dir="auto">(\w+)</th>(.*?)</tr>', shown))
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", row) for name, row in rows.items()}
    # Sara: 65 for an agreed 100, then 65 for 65; half of -35 goes away from 0. Eight of ten marks as agreed.
    assert cells["Sara"][-4:] == ["-35 <small>(1)</small>", "0 <small>(1)</small>", "-18 <small>(2)</small>", "80 %"]
    assert cells["Iris"][-4:] == ["0 <small>(1)</small>", "+35 <small>(1)</small>", "+18 <small>(2)</small>", "80 %"]
    assert cells["Sara"][:4] == ["–"] * 4
    tito = await front.agent("Tito", role="supervisor", team="Mora judicial")
    assert "Sara" not in await tito.see("/quality/calibrations")


async def test_nobody_else_takes_part_and_the_agent_never_in_their_own(front: Front, moment: Moment) -> None:
    ana, sara, iris = await two(front, moment)
    luz, tito = await front.agent("Luz"), await front.agent("Tito", role="supervisor", team="Mora judicial")
    olga = await front.agent("Olga", role="supervisor")
    nobody: set[int] = set()
    for wrong in (nobody, {sara.id}, {sara.id, luz.id}, {sara.id, tito.id}, {sara.id, ana.id}, {sara.id, 9999}):
        refused = await sara.do("/quality/1/calibration", **{f"reviewer_{number}": "1" for number in wrong})
        assert refused.status_code == 422
        assert '<details class="calibrate" open>' in refused.text
    assert "Tito" not in await sara.see("/quality/1")
    assert (await tito.do("/quality/1/calibration", reviewer_1="1")).status_code == 404
    await opened(sara, sara, iris)

    assert (await olga.do("/quality/1/calibration/marks", **WELL)).status_code == 403
    assert (await olga.do("/quality/1/calibration/cancel")).status_code == 403
    assert (await tito.do("/quality/1/calibration/marks", **WELL)).status_code == 404
    assert (await ana.do("/quality/1/calibration/marks", **WELL)).status_code == 403
    assert (await olga.do("/quality/1/reviews", version="1", **WELL)).status_code == 409, "not past the calibration"
    assert (
        await sara.do("/quality/1/calibration", **{f"reviewer_{one.id}": "1" for one in (sara, iris)})
    ).status_code == 409
    for one in (sara, iris):
        assert (await one.do("/quality/1/calibration/marks", **WELL)).status_code == 303
    assert (await olga.do("/quality/1/calibration/agreement", **WELL, note="Yo")).status_code == 403
    async with front.console.db.reading() as tx:
        assert not list(await tx.scalars(select(QualityReview)))


async def test_a_calibration_given_up_lets_one_person_review_it(front: Front, moment: Moment) -> None:
    _ana, sara, iris = await two(front, moment)
    await opened(sara, sara, iris)
    assert (await iris.do("/quality/1/calibration/marks", **WELL)).status_code == 303
    assert (await iris.do("/quality/1/calibration/cancel")).status_code == 403

    assert (await sara.do("/quality/1/calibration/cancel")).status_code == 303

    assert "Persona 1" in await sara.see("/quality")
    assert (await iris.do("/quality/1/reviews", version="1", **WELL)).status_code == 303
    assert (await sara.do("/quality/1/calibration", reviewer_1="1")).status_code == 409, "it is reviewed"


async def test_a_review_and_a_calibration_at_the_same_moment_leave_one_of_them(front: Front, moment: Moment) -> None:
    _ana, sara, iris = await two(front, moment)
    seats = {f"reviewer_{one.id}": "1" for one in (sara, iris)}

    answers = await asyncio.gather(
        sara.do("/quality/1/calibration", **seats), iris.do("/quality/1/reviews", version="1", **WELL)
    )

    assert sorted(answer.status_code for answer in answers) == [303, 409]


async def test_two_agreements_at_the_same_moment_leave_one(front: Front, moment: Moment) -> None:
    _ana, sara, iris = await two(front, moment)
    await opened(sara, sara, iris)
    for one in (sara, iris):
        assert (await one.do("/quality/1/calibration/marks", **WELL)).status_code == 303

    answers = await asyncio.gather(
        *(one.do("/quality/1/calibration/agreement", **WELL, note="Así") for one in (sara, iris))
    )

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert len(await recorded(front, "quality.calibration_agreed")) == 1


async def test_what_is_no_review_loses_nothing_and_the_form_stays_the_one_it_was_opened_with(
    front: Front, moment: Moment
) -> None:
    _ana, sara, iris = await two(front, moment)
    elena = await front.agent("Elena", role="admin")
    await opened(sara, sara, iris)
    was = dict(re.findall(r'name="(\w+)" value="([^"]*)"', await elena.see("/settings/quality")))
    assert (await elena.do("/settings/quality", **{**was, "weight_tone": "0"})).status_code == 303

    refused = await sara.do("/quality/1/calibration/marks", **{**WELL, "mark_tone": "", "note": "Lo escrito"})

    assert refused.status_code == 422
    assert "Elija una nota para «Trato»." in refused.text
    assert "Lo escrito" in refused.text
    assert (await sara.do("/quality/1/calibration/marks", **WELL)).status_code == 303


async def test_the_list_asks_the_database_the_same_whether_one_or_many_are_calibrated(
    front: Front, moment: Moment
) -> None:
    _ana, sara, iris = await two(front, moment, 3)
    asked: list[str] = []
    engine = front.console.db.reader.sync_engine
    await opened(sara, sara, iris)
    await sara.see("/quality/calibrations")

    async def questions() -> int:
        asked.clear()
        event.listen(engine, "before_cursor_execute", note)
        await sara.see("/quality/calibrations")
        event.remove(engine, "before_cursor_execute", note)
        return len([one for one in asked if "quality" in one])

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        asked.append(statement)

    few = await questions()
    for pick in (2, 3):
        await opened(sara, sara, iris, pick=pick)

    assert await questions() == few == 4


async def test_erasing_a_person_takes_what_was_noted_while_calibrating(front: Front, moment: Moment) -> None:
    _ana, sara, iris = await two(front, moment)
    await opened(sara, sara, iris)
    assert (await sara.do("/quality/1/calibration/marks", **STRICT)).status_code == 303
    elena = await front.agent("Elena", role="admin")
    async with front.console.db.transaction() as tx:
        from console.inbox.models import Message, Status  # noqa: PLC0415 only here

        for row in await tx.scalars(select(Message).where(Message.direction == "out")):
            row.status = Status.SENT
    asked_on = {"conversation": "1", "kind": "erasure", "asked_on": "2026-11-20"}
    assert (await elena.http.post("/privacy", data=asked_on)).status_code == 303
    assert (await elena.http.post("/privacy/1/answer")).status_code == 303

    async with front.console.db.reading() as tx:
        seats = (await tx.scalars(select(QualitySeat).order_by(QualitySeat.reviewer_id))).all()
    assert [(seat.note, seat.score) for seat in seats] == [(None, 65), (None, None)]
