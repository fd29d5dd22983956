"""Saving a list under a name, renaming it, putting it in its place among the others, and removing it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError

from console import audit, clock
from console.agents import Team, Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox.listing import Listing
from console.inbox.queries import LARGEST_ID
from console.languages.words import Words
from console.portfolio.names import name_key
from console.saved_views import access
from console.saved_views.models import SavedView

LONGEST_NAME = 40
MOST = 30
"""Views of one person, and of one team: each is counted whenever they are shown."""


async def save(tx: Tx, *, by: Viewer, name: str, listing: Listing, team_id: int | None = None) -> SavedView:
    """Keep `listing` under `name`, for oneself or for a team, after those that are there. Records "view.saved".

    Refuses: 422 "invalid" (field name or team), 422 "too_many"; 409 "name_taken"; 403 to share without leading.
    """
    if team_id is not None:
        if await tx.get(Team, team_id) is None or not (by.sees_all or team_id in by.team_ids):
            raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="team")
        if not access.may_share(by, team_id):
            raise Refused(403, Words("Solo quien supervisa comparte vistas con el equipo."), code="forbidden")
    name = _named(name)
    beside = _beside(by.id, team_id)
    many, last = (await tx.execute(select(func.count(), func.max(SavedView.position)).where(beside))).one()
    if many >= MOST:
        raise Refused(
            422, Words("Ya hay {most} vistas: elimine alguna antes.", most=MOST), code="too_many", field="name"
        )
    saved = SavedView(
        owner_id=by.id,
        team_id=team_id,
        name=name,
        name_key=name_key(name),
        view=listing.view,
        filters=listing.filters,
        position=(last or 0) + 1,
        created_at=clock.now(),
    )
    await _settle(tx, saved)
    audit.record(tx, by.actor, "view.saved", subject=f"view:{saved.id}", new=_told(saved))
    return saved


async def open_view(tx: Tx, viewer: Viewer, number: int, *, lock: bool = False) -> SavedView:
    """A saved view that `viewer` may see; Refused(404) for any other."""
    wanted = select(SavedView).where(SavedView.id == number, access.visible(viewer))
    saved = (
        (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
        if 0 < number <= LARGEST_ID
        else None
    )
    if saved is None:
        raise not_found()
    return saved


async def rename(tx: Tx, saved: SavedView, *, by: Viewer, name: str) -> None:
    """Give it another name. Records "view.renamed". Refuses as `save`, and 403 for whom it is not to change."""
    require(by, saved)
    old, saved.name = saved.name, _named(name)
    saved.name_key = name_key(saved.name)
    saved.version += 1
    await _settle(tx, saved)
    audit.record(tx, by.actor, "view.renamed", subject=f"view:{saved.id}", old={"name": old}, new={"name": saved.name})


async def move(tx: Tx, saved: SavedView, *, by: Viewer, up: bool) -> None:
    """Change places with the one above or below it, if there is one. Records "view.moved"."""
    require(by, saved)
    there = SavedView.position < saved.position if up else SavedView.position > saved.position
    order = SavedView.position.desc() if up else SavedView.position.asc()
    nearest = select(SavedView).where(_beside(saved.owner_id, saved.team_id), there).order_by(order).limit(1)
    other = (await tx.scalars(nearest.with_for_update())).one_or_none()
    if other is None:
        return
    saved.position, other.position = other.position, saved.position
    audit.record(tx, by.actor, "view.moved", subject=f"view:{saved.id}", new={"position": saved.position})


async def remove(tx: Tx, saved: SavedView, *, by: Viewer) -> None:
    """Take it away; the conversations it listed stay. Records "view.removed"."""
    require(by, saved)
    audit.record(tx, by.actor, "view.removed", subject=f"view:{saved.id}", old=_told(saved))
    await tx.delete(saved)


def require(by: Viewer, saved: SavedView) -> None:
    """Raise Refused(403) unless `by` may change it."""
    if not access.may_change(by, saved):
        raise Refused(403, Words("Es una vista del equipo: la cambia quien supervisa."), code="forbidden")


def _beside(owner_id: int, team_id: int | None) -> ColumnElement[bool]:
    """The views that it stands among: its owner's own, or its team's."""
    own = (SavedView.owner_id == owner_id) & SavedView.team_id.is_(None)
    return own if team_id is None else SavedView.team_id == team_id


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    return name


async def _settle(tx: Tx, saved: SavedView) -> None:
    """Whether the name is taken is the database's to say."""
    try:
        async with tx.begin_nested():
            tx.add(saved)
            await tx.flush()
    except IntegrityError as taken:
        raise Refused(409, Words("Ya hay una vista con ese nombre."), code="name_taken", field="name") from taken


def _told(saved: SavedView) -> dict[str, object]:
    return {"name": saved.name, "team": saved.team_id, "view": saved.view, "filters": saved.filters}
