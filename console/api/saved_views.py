"""Saved views: the lists that a user keeps under a name, and those that their teams share, with their numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.api import acting, acting_shapes, conversations, listing, shapes
from console.api.asking import body, id_in, number, query
from console.api.cursors import Cursors, microseconds, moment_of
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.db import Database, Tx
from console.inbox import lists
from console.inbox.listing import Listing, now_in, read_listing
from console.inbox.models import Conversation
from console.saved_views import reading, saving
from console.settings import Settings

PATH = "/users/{user_id:str}/saved-views"
_VIEW = "mine, unassigned, all, mentions, snoozed, resolved, an account state, or one of today's (`promises_due`, …)."
_FILTERS = "As the address of the inbox names them: state, tags, amount_from, amount_to, days_from, promise, window…"


FILTERS = frozenset(
    {"state", "tags", "amount_from", "amount_to", "days_from", "days_to", "promise", "window", "target"}
)


class ListingNamed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A list of the inbox: a view and the filters on top of it."""

    view: Annotated[str, msgspec.Meta(max_length=24, description=_VIEW)]
    filters: Annotated[dict[str, str], msgspec.Meta(max_length=20, description=_FILTERS)] = {}


class ViewToSave(ListingNamed, kw_only=True, forbid_unknown_fields=True):
    """A list to be kept under a name: for the user alone, or for a team that they lead."""

    name: str
    team: str | None = None


class ViewChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What may be changed; what is left out stays. `move` changes places with the one above or below."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    move: Literal["up", "down"] | msgspec.UnsetType = msgspec.UNSET


@get(PATH, opt=does(acting.SCOPE, returns=shapes.Page[acting_shapes.SavedView], refuses=(404,)))
async def list_saved_views(
    user_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> shapes.Page[acting_shapes.SavedView]:
    """A user's own and their teams', in the order of their sidebar, on one page; each counted now."""
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        return shapes.Page([_shown(line) for line in await _lines(tx, viewer, settings)], None)


@post(
    PATH,
    opt=does(acting.SCOPE, returns=acting_shapes.SavedView, body=ViewToSave, status=201, refuses=(404, 409)),
)
async def create_saved_view(
    user_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[acting_shapes.SavedView]:
    """Keep a list under a name. Refuses 409 `name_taken`, and 403 to share with a team that the user does not lead."""
    asked = await body(request, ViewToSave)
    named = listing_named(asked, settings)
    team_id = id_in(asked.team, "team") if asked.team is not None else None
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        saved = await saving.save(tx, by=viewer, name=asked.name, listing=named, team_id=team_id)
        return Response(await _one(tx, viewer, saved.id, settings), status_code=201)


@patch(
    PATH + "/{view_id:str}",
    opt=does(acting.SCOPE, returns=acting_shapes.SavedView, body=ViewChange, refuses=(404, 409)),
)
async def change_saved_view(
    user_id: FromPath[str],
    view_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> acting_shapes.SavedView:
    """Rename it, or move it among the others. Refuses 403 what is a team's to whom does not lead it."""
    change = await body(request, ViewChange)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        saved = await saving.open_view(tx, viewer, number(view_id), lock=True)
        saving.require(viewer, saved)
        if change.name is not msgspec.UNSET:
            await saving.rename(tx, saved, by=viewer, name=change.name)
        if change.move is not msgspec.UNSET:
            await saving.move(tx, saved, by=viewer, up=change.move == "up")
        await tx.flush()
        return await _one(tx, viewer, saved.id, settings)


@delete(
    PATH + "/{view_id:str}", status_code=200, opt=does(acting.SCOPE, returns=acting_shapes.SavedView, refuses=(404,))
)
async def remove_saved_view(
    user_id: FromPath[str],
    view_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> acting_shapes.SavedView:
    """Take it away; the conversations that it listed stay. Answers with what it was."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        saved = await saving.open_view(tx, viewer, number(view_id), lock=True)
        shown = await _one(tx, viewer, saved.id, settings)
        await saving.remove(tx, saved, by=viewer)
        return shown


@get(
    PATH + "/{view_id:str}/conversations",
    opt=does(acting.SCOPE, returns=shapes.Page[shapes.Conversation], query=listing.Paging, refuses=(404, 422)),
)
async def list_saved_view_conversations(
    user_id: FromPath[str],
    view_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Conversation]:
    """What a saved view lists for this user now, latest activity first. Refuses 422 a filter that is no more."""
    asked = query(request, listing.Paging)
    name = f"saved-view:{user_id}:{view_id}"
    place = listing.begin(cursors, name, asked, (int, int))
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        saved = await saving.open_view(tx, viewer, number(view_id))
        listed = read_listing({"view": saved.view, **dict(parse_qsl(saved.filters))}, settings.currency)
        rows, following = await lists.inbox_rows(
            tx,
            viewer,
            listed,
            now=now_in(settings.zone, clock.now()),
            version=0,
            after=(moment_of(int(place[0])), int(place[1])) if place is not None else None,
            limit=asked.limit,
        )
        ids = [row.conversation_id for row in rows]
        found = {row.id: row for row in await tx.scalars(select(Conversation).where(Conversation.id.in_(ids)))}
        shown = await conversations.shown(tx, [found[number] for number in ids], program)
    cursor = cursors.write(name, {}, (microseconds(following[0]), following[1])) if following else None
    return shapes.Page(shown, cursor)


def listing_named(asked: ListingNamed, settings: Settings) -> Listing:
    """The list of a body. Refuses (422) naming the filter that is wrong or unknown."""
    named = read_listing({**asked.filters, "view": asked.view}, settings.currency)
    for unknown in sorted(asked.filters.keys() - FILTERS):
        raise invalid(f"filters.{unknown}"[:80], "Ese filtro no existe.", code="unknown_field")
    return named


async def _lines(tx: Tx, viewer: Viewer, settings: Settings, *, only: int | None = None) -> list[reading.SavedLine]:
    now = now_in(settings.zone, clock.now())
    return await reading.saved_views(tx, viewer, settings.currency, now, only=only)


async def _one(tx: Tx, viewer: Viewer, number: int, settings: Settings) -> acting_shapes.SavedView:
    (line,) = await _lines(tx, viewer, settings, only=number)
    return _shown(line)


def _shown(line: reading.SavedLine) -> acting_shapes.SavedView:
    return acting_shapes.SavedView(
        id=str(line.id),
        name=line.name,
        team=str(line.team_id) if line.team_id is not None else None,
        view=line.view,
        filters=dict(parse_qsl(line.filters)),
        count=line.count,
        may_change=line.may_change,
    )


routes = [
    list_saved_views,
    create_saved_view,
    change_saved_view,
    remove_saved_view,
    list_saved_view_conversations,
]
