"""Reading a list: one page of conversations, latest activity first, and where the next one begins."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, select, tuple_, union_all

from console.agents import Team, Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.inbox.listing import STATE_VIEWS, Listing, Now, condition
from console.inbox.models import Conversation
from console.inbox.rows import personal, rows_by_id
from console.inbox.views import RowView

PAGE = 30
Cursor = tuple[datetime, int]


async def inbox_rows(
    tx: Tx,
    viewer: Viewer,
    listing: Listing,
    *,
    now: Now,
    version: int,
    after: Cursor | None = None,
    limit: int = PAGE,
) -> tuple[list[RowView], Cursor | None]:
    """A page of a list, latest activity first, and where the next one begins (None at the end)."""
    scopes = await _scopes(tx, viewer, listing)
    ids = list(await tx.scalars(_page_of_ids(scopes, condition(listing, viewer, now), after, limit + 1)))
    found = await rows_by_id(tx, ids[:limit], version=version)
    rows = await personal(tx, viewer, found)
    rows.sort(key=lambda row: (row.at, row.conversation_id), reverse=True)
    more = len(ids) > limit and rows
    return rows, (rows[-1].at, rows[-1].conversation_id) if more else None


async def _scopes(tx: Tx, viewer: Viewer, listing: Listing) -> list[ColumnElement[bool]]:
    """Where a viewer's conversations are: each scope is read along an index of its own and cut short."""
    if listing.view == "mine":
        return [Conversation.holder_id == viewer.id]
    if viewer.sees_all and not (listing.view in STATE_VIEWS or listing.state):
        return [policy.visible(viewer)]
    # The index of account states is a team's: who stands above teams reads it team by team.
    teams = await tx.scalars(select(Team.id)) if viewer.sees_all else viewer.team_ids
    scopes = [Conversation.team_id == team for team in sorted(teams)]
    held = not viewer.sees_all and listing.view != "unassigned"
    return [*scopes, Conversation.holder_id == viewer.id] if held else scopes


def _page_of_ids(
    scopes: list[ColumnElement[bool]], wanted: ColumnElement[bool], after: Cursor | None, limit: int
) -> Select[int]:
    """Ids of one page: the first of each scope, merged, so the total number never matters."""
    keys = (Conversation.last_at, Conversation.id)
    pages = []
    for scope in scopes:
        page = select(*keys).where(scope, wanted)
        if after is not None:
            page = page.where(tuple_(*keys) < after)
        pages.append(page.order_by(*(key.desc() for key in keys)).limit(limit))
    if not pages:
        return select(Conversation.id).where(Conversation.id.is_(None))
    merged = (
        union_all(*(select(page.subquery()) for page in pages)).subquery() if len(pages) > 1 else pages[0].subquery()
    )
    return (
        select(merged.c.id)
        .group_by(merged.c.last_at, merged.c.id)
        .order_by(merged.c.last_at.desc(), merged.c.id.desc())
        .limit(limit)
    )


def cursor_text(cursor: Cursor | None) -> str | None:
    """A cursor as it travels in an address."""
    return f"{int(cursor[0].timestamp() * 1_000_000)}.{cursor[1]}" if cursor else None


def read_cursor(text: str | None) -> Cursor | None:
    """The other way; Refused(422) for anything else."""
    if not text:
        return None
    moment, _dot, number = text.partition(".")
    if not (text.isascii() and moment.isdigit() and number.isdigit() and len(moment) <= 17 and len(number) <= 18):
        raise Refused(422, "Ese cursor no es válido.", code="invalid", field="cursor")
    micro = int(moment)
    at = datetime.fromtimestamp(micro // 1_000_000, UTC).replace(microsecond=micro % 1_000_000)
    return at, int(number)
