"""Saved views over HTTP: the sidebar's part, saving what is listed, and changing what was saved."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.agents import Team, Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import policy
from console.inbox.listing import now_in, read_listing
from console.languages.words import Words
from console.render import fragment
from console.saved_views import reading, saving
from console.saved_views.models import SavedView
from console.settings import Settings


@get("/inbox/saved-views")
async def list_views(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The saved views with their numbers."""
    async with db.reading() as tx:
        return html(await _shown(tx, viewer, settings))


@get("/inbox/saved-views/new")
async def view_form(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks under which name the list that the address names is to be kept, and for whom."""
    listing = read_listing(request.query_params, settings.currency)
    async with db.reading() as tx:
        return html(await _form(tx, viewer, {"view": listing.view, **dict(listing.pairs())}))


@post("/inbox/saved-views", status_code=200)
async def save_view(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Keep it."""
    form = await read_form(request)
    listing = read_listing(form, settings.currency)
    team = whole(form["team"], "team") if form.get("team") else None
    try:
        async with db.transaction() as tx:
            await saving.save(tx, by=viewer, name=form.get("name", ""), listing=listing, team_id=team)
    except Refused as refused:
        async with db.reading() as tx:
            asked = {"view": listing.view, **dict(listing.pairs())}
            again = await _form(tx, viewer, asked, name=form.get("name", ""), team=team, problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    async with db.reading() as tx:
        return html(await _shown(tx, viewer, settings))


@get("/inbox/saved-views/{view_id:int}")
async def change_form(
    view_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Asks what is to become of a saved view."""
    async with db.reading() as tx:
        saved = await saving.open_view(tx, viewer, view_id)
        saving.require(viewer, saved)
    return html(_change_form(saved))


@post("/inbox/saved-views/{view_id:int}", status_code=200)
async def change_view(
    request: Request[Any, Any, Any],
    view_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Rename it, move it, or remove it, as `deed` says."""
    form = await read_form(request)
    deed, name = form.get("deed", "rename"), form.get("name", "")
    try:
        async with db.transaction() as tx:
            await _change(tx, await saving.open_view(tx, viewer, view_id, lock=True), deed, name, by=viewer)
    except Refused as refused:
        if refused.field != "name":
            raise
        async with db.reading() as tx:
            again = _change_form(await saving.open_view(tx, viewer, view_id), name=name, problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    async with db.reading() as tx:
        return html(await _shown(tx, viewer, settings))


async def _change(tx: Tx, saved: SavedView, deed: str, name: str, *, by: Viewer) -> None:
    if deed == "remove":
        await saving.remove(tx, saved, by=by)
    elif deed in {"up", "down"}:
        await saving.move(tx, saved, by=by, up=deed == "up")
    elif deed == "rename":
        await saving.rename(tx, saved, by=by, name=name)
    else:
        raise Refused(422, Words("Eso no se puede hacer con una vista."), code="invalid", field="deed")


async def _shown(tx: Tx, viewer: Viewer, settings: Settings) -> str:
    lines = await reading.saved_views(tx, viewer, settings.currency, now_in(settings.zone, clock.now()))
    return fragment("saved_views/_saved_views.html", lines=lines, counted=reading.COUNTED)


async def _form(
    tx: Tx,
    viewer: Viewer,
    asked: dict[str, str],
    *,
    name: str = "",
    team: int | None = None,
    problem: Refused | None = None,
) -> str:
    wanted = select(Team.id, Team.name).order_by(Team.name)
    if not viewer.sees_all:
        wanted = wanted.where(Team.id.in_(viewer.team_ids))
    teams = [tuple(row) for row in await tx.execute(wanted)] if policy.may(viewer, "share_views") else []
    return fragment("saved_views/form.html", asked=asked, name=name, team=team, teams=teams, problem=problem)


def _change_form(saved: SavedView, *, name: str | None = None, problem: Refused | None = None) -> str:
    shown = saved.name if name is None else name
    return fragment("saved_views/change_form.html", view_id=saved.id, name=shown, problem=problem)


routes = [list_views, view_form, save_view, change_form, change_view]
