"""The queue of each team, for who leads it: how it is given out, in which order, and how much each person carries."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.agents import Team, Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.joined import joined
from console.languages.words import Words
from console.routing import rules
from console.routing.models import RoutingRule
from console.routing.score import POINTS
from console.settings_pages.answers import known_id, show
from console.settings_pages.change_lines import Terms, among, counted, newest

PAGE = "/settings/routing"


def _points(value: dict[str, int]) -> str:
    each = ((point.label, str(value.get(name, point.usual))) for name, point in POINTS.items())
    return joined((joined(one, ": ") for one in each), "; ")


TERMS = Terms(
    fields={
        **{name: label for name, (label, _words) in rules.CHOICES.items()},
        **{name: number.label for name, number in rules.NUMBERS.items()},
        **rules.SWITCHES,
        "points": Words("Puntos"),
    },
    said={
        **{name: among(words) for name, (_label, words) in rules.CHOICES.items()},
        **{name: counted(number.unit) for name, number in rules.NUMBERS.items()},
        "points": _points,
    },
)


@get(PAGE)
async def routing_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The rules of one team: `?team=`, else the first of the viewer's."""
    policy.require(viewer, "edit_routing")
    asked = request.query_params.get("team")
    return await _show(db, viewer, whole(asked, "team") if asked else None)


@post("/settings/routing/{team_id:int}", status_code=200)
async def change_routing(
    request: Request[Any, Any, Any],
    team_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Change them; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_routing")
    typed = await read_form(request)
    version = whole(typed["version"], "version") if typed.get("version") else None
    try:
        async with db.transaction() as tx:
            await rules.change(tx, known_id(team_id), by=viewer, typed=typed, version=version, moment=clock.now())
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _show(db, viewer, team_id, typed=typed, refused=refused)
    return await _show(db, viewer, team_id, saved=True)


async def _show(
    db: Database,
    viewer: Viewer,
    team_id: int | None,
    *,
    typed: dict[str, str] | None = None,
    refused: Refused | None = None,
    saved: bool = False,
) -> Response[Any]:
    async with db.reading() as tx:
        teams = await _teams(tx, viewer)
        team_id = team_id if team_id is not None else next(iter(teams), None)
        if team_id is not None and team_id not in teams:
            raise not_found()
        rule = await rules.rule_of(tx, team_id) if team_id is not None else None
        about = (f"team:{team_id}",)
        history = await newest(tx, ("routing.updated",), TERMS, subjects=about) if team_id is not None else []
    return show(
        "settings/routing.html",
        viewer,
        status=refused.status if refused else 200,
        teams=teams,
        team_id=team_id,
        choices=rules.CHOICES,
        numbers=rules.NUMBERS,
        switches=rules.SWITCHES,
        points=POINTS,
        values=typed or (_values(rule) if rule else {}),
        version=rule.version if rule else 0,
        problem=refused,
        saved=saved,
        history=history,
    )


async def _teams(tx: Tx, viewer: Viewer) -> dict[int, str]:
    wanted = select(Team.id, Team.name).order_by(Team.name)
    if not viewer.sees_all:
        wanted = wanted.where(Team.id.in_(viewer.team_ids))
    return {row.id: row.name for row in await tx.execute(wanted)}


def _values(rule: RoutingRule) -> dict[str, str]:
    """A rule as the form writes it."""
    values = {name: str(getattr(rule, name)) for name in (*rules.CHOICES, *rules.NUMBERS)}
    values |= {name: "1" for name in rules.SWITCHES if getattr(rule, name)}
    return values | {f"points_{name}": str(rule.points.get(name, point.usual)) for name, point in POINTS.items()}


routes = [routing_page, change_routing]
