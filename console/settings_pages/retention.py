"""How long closed matters are kept, for administrators: the rule, what it would erase today, and who is held back."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.words import Words, plural
from console.retention import due, rules
from console.retention.models import RetentionRule
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import Terms, newest

PAGE = "/settings/retention"


def _months(value: int | None) -> str:
    return Words("siempre") if value is None else plural("{n} mes", "{n} meses", n=value)


TERMS = Terms(
    fields={name: period.label for name, period in rules.PERIODS.items()},
    said=dict.fromkeys(rules.PERIODS, _months),
)


@get(PAGE)
async def retention_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """The rule, and what it would erase today; `?media_months=&everything_months=` tries another one first."""
    policy.require(viewer, "edit_retention")
    asked = request.query_params
    tried = {name: asked[name] for name in rules.PERIODS if name in asked}
    return await _show(db, viewer, typed=tried or None, saved="saved" in asked)


@post(PAGE, status_code=303)
async def change_retention(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Change it; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_retention")
    typed = await read_form(request)
    try:
        terms, version = rules.read(typed), whole(typed.get("version"), "version")
        async with db.transaction() as tx:
            await rules.change(tx, terms, by=viewer, version=version, moment=clock.now())
    except Refused as refused:
        return await _show(db, viewer, typed=typed, refused=refused)
    return back_to(f"{PAGE}?saved=1")


async def _show(
    db: Database,
    viewer: Viewer,
    *,
    typed: dict[str, str] | None = None,
    refused: Refused | None = None,
    saved: bool = False,
) -> Response[Any]:
    moment = clock.now()
    async with db.reading() as tx:
        rule = await tx.get_one(RetentionRule, 1)
        in_force = rules.terms_of(rule)
        tried = in_force
        if typed is not None and refused is None:
            try:
                tried = rules.read(typed)
            except Refused as wrong:
                refused = wrong
        preview = await due.preview(tx, tried, moment)
        history = await newest(tx, ("retention.updated",), TERMS)
    values = {name: str(getattr(in_force, name) or "") for name in rules.PERIODS}
    return show(
        "settings/retention.html",
        viewer,
        status=refused.status if refused else 200,
        periods=rules.PERIODS.values(),
        values=values | {name: typed[name] for name in rules.PERIODS if typed and name in typed},
        version=rule.version,
        is_on=in_force != rules.Terms(),
        is_tried=tried != in_force,
        begins_at=rule.updated_at + rules.GRACE if not rules.runs(rule, moment) else None,
        preview=preview,
        history=history,
        problem=refused,
        saved=saved,
    )


routes = [retention_page, change_retention]
