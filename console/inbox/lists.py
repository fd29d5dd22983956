"""Reading a list: one page of conversations, latest activity first, and where the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import ColumnElement, Select, and_, select, tuple_, union_all

from console.agents import Team, Viewer
from console.db import Tx, weighed
from console.errors import Refused
from console.inbox import policy
from console.inbox.listing import MENTIONS, STATE_VIEWS, TODAY_VIEWS, Listing, Now, condition, rare
from console.inbox.models import Conversation
from console.inbox.rows import personal, rows_by_id
from console.inbox.tags import ConversationTag
from console.inbox.views import RowView
from console.languages.words import Words

PAGE = 30
FEW = 1000
"""What filters leave is counted to here, and is sorted rather than searched for when it is no more than this."""
Cursor = tuple[datetime, int]


class Page(msgspec.Struct):
    """A page of a list, latest activity first; where the next one begins (None at the end).

    `count` says how many conversations filters leave from here on, to `FEW`; `is_more`, whether there are more. It is
    None where nothing is filtered: those numbers are kept (see sidebar).
    """

    rows: list[RowView]
    following: Cursor | None
    count: int | None
    is_more: bool


async def read_page(
    tx: Tx,
    viewer: Viewer,
    listing: Listing,
    *,
    now: Now,
    version: int,
    after: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """One page, in time that does not grow with the number of conversations.

    What many conversations share is found soon along the index of the list; what few do, sooner by itself.
    """
    # What somebody was mentioned in is found by them, and what today asks for by its day or clock: not along the list.
    is_counted = listing.filters or listing.view == MENTIONS
    is_rare = is_counted or listing.view in TODAY_VIEWS
    few = await _few(tx, viewer, listing, now, after) if is_rare else None
    if few is not None and len(few) <= FEW:
        ids = [number for _at, number in sorted(few, reverse=True)[: limit + 1]]
    else:
        scopes = await _scopes(tx, viewer, listing)
        ids = list(await tx.scalars(_page_of_ids(scopes, condition(listing, viewer, now), after, limit + 1)))
    rows = await personal(tx, viewer, await rows_by_id(tx, ids[:limit], version=version))
    rows.sort(key=lambda row: (row.at, row.conversation_id), reverse=True)
    last = rows[-1] if len(ids) > limit and rows else None
    return Page(
        rows,
        following=(last.at, last.conversation_id) if last else None,
        count=min(len(few), FEW) if few is not None and is_counted else None,
        is_more=few is not None and len(few) > FEW,
    )


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
    """The rows of a page, and where the next one begins."""
    page = await read_page(tx, viewer, listing, now=now, version=version, after=after, limit=limit)
    return page.rows, page.following


async def count_of(tx: Tx, viewer: Viewer, listing: Listing, now: Now) -> tuple[int, bool]:
    """How many conversations a list has, counted to `FEW`, and whether there are more."""
    few = await _few(tx, viewer, listing, now, None)
    return min(len(few), FEW), len(few) > FEW


async def ids_of(tx: Tx, viewer: Viewer, listing: Listing, now: Now, *, most: int) -> list[int]:
    """The ids of up to `most` conversations of a list, in no order that matters."""
    return [number for _at, number in await _few(tx, viewer, listing, now, None, most=most)]


async def _few(
    tx: Tx, viewer: Viewer, listing: Listing, now: Now, after: Cursor | None, *, most: int = FEW + 1
) -> Sequence[tuple[datetime, int]]:
    """Up to `most` conversations of a list, whichever are found first."""
    keys = (Conversation.last_at, Conversation.id)
    holds = and_(policy.visible(viewer), condition(listing, viewer, now))
    if after is not None:
        holds = and_(holds, tuple_(*keys) < after)
    ways = rare(listing, now)
    asked = [select(*keys).where(way, weighed(holds)) for way in ways] if ways else [select(*keys).where(holds)]
    if listing.tags and not ways:
        has = (ConversationTag.conversation_id == Conversation.id) & (ConversationTag.tag_id == listing.tags[0])
        asked = [one.join(ConversationTag, has) for one in asked]
    found: list[tuple[datetime, int]] = []
    for one in asked:
        found += [(at, number) for at, number in await tx.execute(one.limit(most - len(found)))]
    return found


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
        raise Refused(422, Words("Ese cursor no es válido."), code="invalid", field="cursor")
    micro = int(moment)
    at = datetime.fromtimestamp(micro // 1_000_000, UTC).replace(microsecond=micro % 1_000_000)
    return at, int(number)
