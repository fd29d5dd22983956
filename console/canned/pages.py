"""The page of canned text: what one may use, by folder; making, changing and retiring what is one's to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Team, Viewer
from console.canned import files, keeping
from console.canned.models import CannedFile, CannedText
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form, whole
from console.inbox import policy, queries
from console.languages.words import Words
from console.render import page
from console.settings_pages.change_lines import Terms, newest
from console.texts import variables

PAGE = "/settings/canned"
FIELDS = ("name", "folder", "body", "scope")

CHANGES = tuple(f"canned_text.{deed}" for deed in ("created", "updated", "retired", "file_added", "file_removed"))


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A text as its page lists it; `pieces` are its words and blanks, `example` how it reads filled in."""

    id: int
    name: str
    folder: str
    body: str
    pieces: list[tuple[str, bool]]
    example: str
    whose: str
    used: int
    may_edit: bool
    files: Sequence[CannedFile]


@get(PAGE)
async def canned_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[str]:
    """Every text the viewer may use, by folder."""
    return await _show(db, viewer)


@post(PAGE, status_code=303)
async def add_canned(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Make one."""
    typed = _typed(await read_form(request))
    scope, _colon, team = typed["scope"].partition(":")
    try:
        async with db.transaction() as tx:
            row = await keeping.create(
                tx,
                by=viewer,
                name=typed["name"],
                body=typed["body"],
                folder=typed["folder"],
                scope=scope,
                team_id=whole(team, "scope") if scope == "team" else None,
            )
            made = row.id
    except Refused as refused:
        return await _show(db, viewer, refused=refused, typed=typed)
    return _back(made)


@post(PAGE + "/{canned_id:int}", status_code=303)
async def change_canned(
    request: Request[Any, Any, Any],
    canned_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Rename, move or reword one."""
    typed = _typed(await read_form(request))
    try:
        async with db.transaction() as tx:
            row = await keeping.open_canned(tx, viewer, _known(canned_id), lock=True)
            await keeping.edit(tx, row, by=viewer, name=typed["name"], body=typed["body"], folder=typed["folder"])
    except Refused as refused:
        if refused.status in {403, 404}:
            raise
        return await _show(db, viewer, refused=refused, typed=typed, of=canned_id)
    return _back(canned_id)


@post(PAGE + "/{canned_id:int}/retirement", status_code=303)
async def retire_canned(
    canned_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Offer one no more."""
    async with db.transaction() as tx:
        row = await keeping.open_canned(tx, viewer, _known(canned_id), lock=True)
        await keeping.retire(tx, row, by=viewer)
    return _back(None)


async def _show(
    db: Database,
    viewer: Viewer,
    *,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
    of: int | None = None,
) -> Response[str]:
    async with db.reading() as tx:
        teams = await _teams(tx)
        wanted = select(CannedText).where(policy.visible_canned(viewer))
        every = (await tx.scalars(wanted.order_by(CannedText.folder, CannedText.name_key))).all()
        rows = [row for row in every if row.retired_at is None]
        names = {f"canned_text:{row.id}": row.name for row in every}
        history = await newest(tx, CHANGES, terms(teams, names), subjects=names)
        kept = await files.of(tx, [row.id for row in rows])
    folders: dict[str, list[Line]] = {}
    for row in rows:
        folders.setdefault(row.folder, []).append(_line(row, viewer, teams, kept.get(row.id, ())))
    blank = {**dict.fromkeys(FIELDS, ""), "scope": "own"}
    shown = page(
        "canned/page.html",
        viewer=viewer,
        folders=folders,
        history=history,
        scopes=_scopes(viewer, teams),
        variables=list(variables.CATALOGUE.values()),
        typed=typed or blank,
        blank=blank,
        of=of,
        problems={refused.field or "form": refused.text} if refused else {},
    )
    return html(shown, status=refused.status if refused else 200)


def terms(teams: dict[int, str], names: dict[str, str]) -> Terms:
    """How this page tells what was changed on it."""

    def scope(value: str) -> str:
        kind, _, number = value.partition(":")
        if kind == "team":
            return teams.get(int(number), "—")
        return Words("Todos") if kind == "all" else Words("De una persona")

    fields = {"file": Words("Archivo"), "folder": Words("Carpeta"), "reworded": Words("Cambió el texto")}
    return Terms(
        fields={**fields, "scope": Words("Para quién")},
        said={"scope": scope, "file": lambda file: file["name"]},
        about=names,
    )


async def _teams(tx: Tx) -> dict[int, str]:
    rows = await tx.execute(select(Team.id, Team.name).order_by(Team.name))
    return {row.id: row.name for row in rows}


def _scopes(viewer: Viewer, teams: dict[int, str]) -> list[tuple[str, str]]:
    """For whom the viewer may make one."""
    scopes: list[tuple[str, str]] = [("own", Words("Solo para mí"))]
    if policy.may(viewer, "edit_canned"):
        theirs = [number for number in teams if viewer.sees_all or number in viewer.team_ids]
        scopes += [(f"team:{number}", Words("Equipo {name}", name=teams[number])) for number in theirs]
        scopes.append(("all", Words("Para todos")))
    return scopes


def _line(row: CannedText, viewer: Viewer, teams: dict[int, str], kept: Sequence[CannedFile]) -> Line:
    whose = Words("Solo usted") if row.owner_id else teams.get(row.team_id, "") if row.team_id else Words("Para todos")
    return Line(
        id=row.id,
        name=row.name,
        folder=row.folder,
        body=row.body,
        pieces=variables.pieces(row.body),
        example=variables.fill(row.body, variables.EXAMPLES).text,
        whose=whose,
        used=row.used,
        may_edit=policy.may_edit_canned(viewer, owner_id=row.owner_id, team_id=row.team_id),
        files=kept,
    )


def _typed(form: dict[str, str]) -> dict[str, str]:
    return {name: form.get(name, "").strip() for name in FIELDS}


def _known(number: int) -> int:
    if not 0 < number <= queries.LARGEST_ID:
        raise not_found()
    return number


def _back(number: int | None) -> Response[Any]:
    address = f"{PAGE}#c{number}" if number else PAGE
    return Response(None, status_code=303, headers={"location": address})


routes = [canned_page, add_canned, change_canned, retire_canned]
