"""Free tags, for who leads a team: their words and colours, what they mean, whose they are, and which are retired."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Team, Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy, tagging
from console.inbox.tags import Tag
from console.languages.words import Words
from console.settings_pages.answers import back_to, known_id, show
from console.settings_pages.change_lines import Terms, among, newest

PAGE = "/settings/tags"
CHANGES = ("tag.created", "tag.updated")
FIELDS = ("name", "colour", "description", "team")


class TagLine(msgspec.Struct, frozen=True):
    """A tag as its page lists it; `team` is its id as text, empty for everybody's."""

    id: int
    name: str
    colour: str
    description: str
    team: str
    team_name: str
    used: int
    is_retired: bool


@get(PAGE)
async def tags_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """All tags that the viewer may use, the retired ones last."""
    policy.require(viewer, "edit_tags")
    return await _show(db, viewer)


@post(PAGE, status_code=303)
async def add_tag(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Make one."""
    policy.require(viewer, "edit_tags")
    typed = _typed(await read_form(request))
    try:
        async with db.transaction() as tx:
            await tagging.create(tx, by=viewer, **_values(typed))
    except Refused as refused:
        return await _show(db, viewer, refused=refused, typed=typed)
    return back_to(PAGE)


@post("/settings/tags/{tag_id:int}", status_code=303)
async def change_tag(
    request: Request[Any, Any, Any],
    tag_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Rename, recolour or explain one."""
    policy.require(viewer, "edit_tags")
    typed = _typed(await read_form(request))
    try:
        async with db.transaction() as tx:
            tag = await tagging.open_tag(tx, viewer, known_id(tag_id), lock=True)
            await tagging.edit(tx, tag, by=viewer, **_values(typed))
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _show(db, viewer, refused=refused, typed=typed, of=tag_id)
    return back_to(PAGE)


@post("/settings/tags/{tag_id:int}/retirement", status_code=303)
async def retire_tag(
    tag_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Offer one no more. Creating it again brings it back."""
    policy.require(viewer, "edit_tags")
    async with db.transaction() as tx:
        await tagging.retire(tx, await tagging.open_tag(tx, viewer, known_id(tag_id), lock=True), by=viewer)
    return back_to(PAGE)


def _typed(form: dict[str, str]) -> dict[str, str]:
    return {name: form.get(name, "").strip() for name in FIELDS}


def _values(typed: dict[str, str]) -> dict[str, Any]:
    team = whole(typed["team"], "team") if typed["team"] else None
    return {"name": typed["name"], "colour": typed["colour"], "description": typed["description"], "team_id": team}


async def _show(
    db: Database,
    viewer: Viewer,
    *,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
    of: int | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        teams = await _teams(tx, viewer)
        wanted = select(Tag).where(policy.visible_tags(viewer))
        tags = list(await tx.scalars(wanted.order_by(Tag.retired_at.is_not(None), Tag.name_key)))
        lines = [_line(tag, dict(teams)) for tag in tags]
        names = {f"tag:{tag.id}": tag.name for tag in tags}
        history = await newest(tx, CHANGES, terms(dict(teams), names), subjects=names)
    blank = {**dict.fromkeys(FIELDS, ""), "colour": "grey"}
    return show(
        "settings/tags.html",
        viewer,
        status=refused.status if refused else 200,
        tags=lines,
        teams=teams,
        colours=tagging.COLOURS,
        typed=typed or blank,
        blank=blank,
        of=of,
        problems={refused.field or "form": refused.text} if refused else {},
        history=history,
    )


def terms(teams: dict[int, str], names: dict[str, str]) -> Terms:
    """How this page tells what was changed on it."""
    return Terms(
        fields={"colour": Words("Color"), "description": Words("Qué quiere decir"), "retired": Words("Retirada")},
        said={"colour": among(tagging.COLOURS), "team_id": among(teams, none=Words("Todos los equipos"))},
        about=names,
    )


async def _teams(tx: Tx, viewer: Viewer) -> list[tuple[int, str]]:
    wanted = select(Team.id, Team.name).order_by(Team.name)
    if not viewer.sees_all:
        wanted = wanted.where(Team.id.in_(viewer.team_ids))
    return [(number, name) for number, name in await tx.execute(wanted)]


def _line(tag: Tag, teams: dict[int, str]) -> TagLine:
    return TagLine(
        id=tag.id,
        name=tag.name,
        colour=tag.colour,
        description=tag.description or "",
        team=str(tag.team_id or ""),
        team_name=teams.get(tag.team_id or 0, "") if tag.team_id else Words("Todos los equipos"),
        used=tag.used,
        is_retired=tag.retired_at is not None,
    )


routes = [tags_page, add_tag, change_tag, retire_tag]
