"""Calibration over HTTP: who takes part, each one's own review, what was agreed, and how reviewers drift."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy
from console.portfolio.states import today_in
from console.quality import calibrating, comparing, reading
from console.quality.door import PAGE, marks_in, show_pick
from console.quality.drift import drifts
from console.settings import Settings
from console.settings_pages.answers import back_to, cursor_of, known_id, show

LIST = PAGE + "/calibrations"
ONE = PAGE + "/{pick_id:int}/calibration"


@get(LIST)
async def calibrations_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """What is being calibrated and what was, and how far each reviewer is from what was agreed."""
    policy.require(viewer, "review_quality")
    async with db.reading() as tx:
        found = await comparing.calibrations(tx, viewer, below=cursor_of(request))
        drifting = await drifts(tx, viewer, today_in(settings.zone, clock.now()), settings.zone)
        left = await reading.left_to_review(tx, viewer)
    return show(
        "quality/calibrations.html",
        viewer,
        shown="calibrations",
        found=found[: reading.AT_ONCE],
        drifts=drifting,
        left=left,
        next_cursor=found[reading.AT_ONCE - 1].line.id if len(found) > reading.AT_ONCE else None,
    )


async def _begin(tx: Tx, number: int, viewer: Viewer, form: Mapping[str, str]) -> None:
    """Let several people review it; `reviewer_N` names each."""
    chosen = [name.removeprefix("reviewer_") for name in form if name.startswith("reviewer_")]
    people = [known_id(int(text)) for text in chosen if text.isascii() and text.isdigit() and len(text) < 19]
    await calibrating.open_one(tx, number, by=viewer, reviewers=people)


async def _send(tx: Tx, number: int, viewer: Viewer, form: Mapping[str, str]) -> None:
    """One's own review, blind."""
    await calibrating.send(tx, number, by=viewer, marks=marks_in(form), note=form.get("note", ""))


async def _agree(tx: Tx, number: int, viewer: Viewer, form: Mapping[str, str]) -> None:
    """What they agreed on."""
    await calibrating.agree(tx, number, by=viewer, marks=marks_in(form), note=form.get("note", ""))


async def _cancel(tx: Tx, number: int, viewer: Viewer, _form: Mapping[str, str]) -> None:
    """Give it up."""
    await calibrating.cancel(tx, number, by=viewer)


def _door(path: str, do: Callable[[Tx, int, Viewer, Mapping[str, str]], Awaitable[None]], *, done: str) -> Any:  # noqa: ANN401 what Litestar makes of it
    """The door of one verb: do it and go back; a refusal of a field shows the page again with what was typed."""

    @post(path, status_code=303)
    async def calibrate(
        request: Request[Any, Any, Any],
        pick_id: FromPath[int],
        db: NamedDependency[Database],
        viewer: NamedDependency[Viewer],
    ) -> Response[Any]:
        policy.require(viewer, "review_quality")
        pick_id, form = known_id(pick_id), await read_form(request)
        try:
            async with db.transaction() as tx:
                await do(tx, pick_id, viewer, form)
        except Refused as refused:
            if refused.status != 422:
                raise
            return await show_pick(db, viewer, pick_id, typed=form, problem=refused)
        return back_to(f"{PAGE}/{pick_id}?done={done}")

    return calibrate


routes = [
    calibrations_page,
    _door(ONE, _begin, done="calibrating"),
    _door(ONE + "/marks", _send, done="sent"),
    _door(ONE + "/agreement", _agree, done="agreed"),
    _door(ONE + "/cancel", _cancel, done="cancelled"),
]
