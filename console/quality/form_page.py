"""The page that says what a review asks, how much each part weighs, and how many are drawn (administrators)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.joined import joined
from console.languages.words import Words
from console.quality import keeping
from console.quality.scoring import FORMULA, Criterion
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import Terms, newest

PAGE = "/settings/quality"


@get(PAGE)
async def quality_form_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """The form in force."""
    policy.require(viewer, "edit_quality")
    return await _show(db, viewer, saved="saved" in request.query_params)


@post(PAGE, status_code=303)
async def change_quality_form(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """A new version of it; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_quality")
    typed = await read_form(request)
    try:
        async with db.transaction() as tx:
            form = await keeping.form_in_force(tx)
            await keeping.set_form(
                tx,
                by=viewer,
                based_on=whole(typed.get("version"), "version"),
                per_week=whole(typed.get("per_week"), "per_week"),
                rest_weeks=whole(typed.get("rest_weeks"), "rest_weeks"),
                criteria=[_criterion(typed, one.key) for one in keeping.criteria_of(form)],
            )
    except Refused as refused:
        if refused.status != 422:
            raise
        return await _show(db, viewer, typed=typed, problem=refused)
    return back_to(f"{PAGE}?saved=1")


def _criterion(typed: Mapping[str, str], key: str) -> Criterion:
    label, guide = (" ".join(typed.get(f"{name}_{key}", "").split()) for name in ("label", "guide"))
    return Criterion(key, label, guide, whole(typed.get(f"weight_{key}"), f"weight_{key}"))


async def _show(
    db: Database,
    viewer: Viewer,
    *,
    typed: Mapping[str, str] | None = None,
    problem: Refused | None = None,
    saved: bool = False,
) -> Response[Any]:
    async with db.reading() as tx:
        form = await keeping.form_in_force(tx)
        history = await newest(tx, ("quality.form_updated",), TERMS)
    criteria = keeping.criteria_of(form)
    kept = {name: str(getattr(form, name)) for name in ("per_week", "rest_weeks", "version")}
    for one in criteria:
        kept |= {f"label_{one.key}": one.label, f"guide_{one.key}": one.guide, f"weight_{one.key}": str(one.weight)}
    return show(
        "quality/form.html",
        viewer,
        status=problem.status if problem else 200,
        version=form.version,
        criteria=criteria,
        total=sum(one.weight for one in criteria),
        most=keeping.MOST_A_WEEK,
        longest=keeping.LONGEST_REST,
        formula=FORMULA,
        typed=kept | dict(typed or {}),
        problem=problem,
        saved=saved,
        history=history,
    )


def _criteria(kept: list[dict[str, Any]]) -> str:
    """What was asked, and what each weighed; what weighs nothing was not."""
    return joined((f"{one['label']} ({one['weight']}): {one['guide']}" for one in kept if one["weight"]), "; ")


TERMS = Terms(
    fields={"per_week": Words("Conversaciones por agente y semana"), "criteria": Words("Pauta")},
    said={"criteria": _criteria},
)


routes = [quality_form_page, change_quality_form]
