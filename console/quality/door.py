"""Quality over HTTP: what is to be reviewed and what was, the form, and the agent's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused, not_found
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.states import today_in
from console.quality import calibrating, comparing, drawing, reading, reviewing, trend
from console.quality.keeping import criteria_of, form_in_force
from console.quality.models import QualityForm
from console.quality.reading import AT_ONCE
from console.quality.scoring import FORMULA, MARKS, asked
from console.settings import Settings
from console.settings_pages.answers import back_to, cursor_of, known_id, show

PAGE = "/quality"
TO_REVIEW, REVIEWED, OWN, TREND = "pending", "reviewed", "own", "trend"
TYPED = {"na" if mark is None else str(mark): mark for mark in MARKS}
"""What a form sends for each mark."""
DONE = {
    "reviewed": Words("Revisión guardada: el agente ya la ve."),
    "answered": Words("Su respuesta quedó guardada."),
    "calibrating": Words("Calibración abierta: cada persona revisa sin ver lo que dieron las demás."),
    "sent": Words("Su revisión quedó enviada."),
    "agreed": Words("Acuerdo guardado: es la revisión que ve el agente."),
    "cancelled": Words("Calibración cancelada: la revisa una sola persona."),
}


@get(PAGE)
async def quality_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """For who leads, what is to be reviewed (`?show=`: what was, or the trend); for everybody else, their own."""
    leads = policy.may(viewer, "review_quality")
    asked_for = request.query_params.get("show") or (TO_REVIEW if leads else OWN)
    if asked_for not in ({TO_REVIEW, REVIEWED, TREND} if leads else {OWN}):
        raise not_found()
    cursor = cursor_of(request)
    if asked_for == TREND:
        return await _trend(settings.zone, db, viewer)
    async with db.reading() as tx:
        if asked_for == TO_REVIEW:
            lines = await reading.to_review(tx, viewer, above=cursor)
        else:
            lines = await reading.reviewed(tx, viewer, below=cursor, own=asked_for == OWN)
        left = await reading.left_to_review(tx, viewer)
    return show(
        "quality/quality.html",
        viewer,
        shown=asked_for,
        lines=lines[:AT_ONCE],
        left=left,
        next_cursor=lines[AT_ONCE - 1].id if len(lines) > AT_ONCE else None,
    )


@get(PAGE + "/{pick_id:int}")
async def pick_page(
    request: Request[Any, Any, Any],
    pick_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """One drawn conversation: what was said, and the form or what the review found. Looking goes on record."""
    pick_id = known_id(pick_id)
    async with db.transaction() as tx:
        await reading.line_of(tx, viewer, pick_id)
        if seen := await reading.told(tx, viewer, pick_id):
            said = {"sequence": seen[0].last_sequence, "reviewing": True}
            audit.record(tx, viewer.actor, "conversation.viewed", conversation_id=seen[0].id, new=said)
    return await show_pick(db, viewer, pick_id, done=request.query_params.get("done", ""))


@post(PAGE + "/{pick_id:int}/reviews", status_code=303)
async def give_review(
    request: Request[Any, Any, Any],
    pick_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Review it; a refusal of a field shows the form again, with what was typed."""
    policy.require(viewer, "review_quality")
    pick_id, form = known_id(pick_id), await read_form(request)
    version = whole(form.get("version"), "version")
    try:
        async with db.transaction() as tx:
            await reviewing.review(
                tx, pick_id, by=viewer, version=version, marks=marks_in(form), note=form.get("note", "")
            )
    except Refused as refused:
        if refused.status != 422 or refused.field == "version":
            raise
        return await show_pick(db, viewer, pick_id, typed=form, problem=refused)
    return back_to(f"{PAGE}/{pick_id}?done=reviewed")


@post(PAGE + "/{pick_id:int}/answer", status_code=303)
async def give_answer(
    request: Request[Any, Any, Any],
    pick_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """What the agent has to say to the review of their work, once."""
    pick_id, form = known_id(pick_id), await read_form(request)
    try:
        async with db.transaction() as tx:
            await reviewing.answer(tx, pick_id, by=viewer, text=form.get("text", ""))
    except Refused as refused:
        if refused.status != 422:
            raise
        return await show_pick(db, viewer, pick_id, typed=form, problem=refused)
    return back_to(f"{PAGE}/{pick_id}?done=answered")


async def _trend(zone: ZoneInfo, db: Database, viewer: Viewer) -> Response[Any]:
    async with db.reading() as tx:
        found = await trend.trend(tx, viewer, drawing.week_of(today_in(zone, clock.now())))
        left = await reading.left_to_review(tx, viewer)
    return show("quality/trend.html", viewer, shown=TREND, trend=found, left=left)


def marks_in(form: Mapping[str, str]) -> dict[str, int | None]:
    """The marks of a form, by the key of the criterion; what is no mark is not there."""
    return {
        name.removeprefix("mark_"): TYPED[value]
        for name, value in form.items()
        if name.startswith("mark_") and value in TYPED
    }


async def show_pick(
    db: Database,
    viewer: Viewer,
    pick_id: int,
    *,
    typed: Mapping[str, str] | None = None,
    problem: Refused | None = None,
    done: str = "",
) -> Response[Any]:
    """The page of a drawn conversation, with what was typed into it and why it was refused."""
    async with db.reading() as tx:
        line = await reading.line_of(tx, viewer, pick_id)
        found = await reading.found_in(tx, pick_id)
        seen = await reading.told(tx, viewer, pick_id)
        flags = await reading.flagged(tx, pick_id)
        leads = policy.may(viewer, "review_quality") and line.agent_id != viewer.id
        calibration = await comparing.calibration_of(tx, viewer, pick_id) if leads else None
        people = await calibrating.eligible(tx, pick_id) if leads and not found and not calibration else {}
        form = await form_in_force(tx)
        if typed and "version" in typed:
            # What was begun with one version is ended with it.
            begun = select(QualityForm).where(QualityForm.version == int(typed["version"]))
            form = (await tx.scalars(begun)).one()
    return show(
        "quality/pick.html",
        viewer,
        status=problem.status if problem else 200,
        line=line,
        found=found,
        conversation_id=seen[0].id if seen else None,
        messages=seen[1] if seen else [],
        flags=flags,
        calibration=calibration,
        people=people,
        fewest=calibrating.FEWEST,
        criteria=calibration.criteria if calibration else asked(criteria_of(form)),
        version=form.version,
        marks={"na" if mark is None else str(mark): words for mark, words in MARKS.items()},
        formula=FORMULA,
        is_own=line.agent_id == viewer.id,
        typed=typed or {},
        problem=problem,
        done=DONE.get(done, ""),
    )


routes = [quality_page, pick_page, give_review, give_answer]
