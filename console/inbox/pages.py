"""The inbox's pages: the list, one conversation, and the parts of them that scripts fetch again."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, TypeVar

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.attachments import staging
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, whole
from console.inbox import filter_bar, headers, lists, queries, reading, sidebar, threads
from console.inbox.listing import MENTIONS, Listing, Now, now_in, read_listing
from console.inbox.models import Conversation
from console.inbox.views import RowView, ThreadView
from console.lanes import Work
from console.render import fragment, page
from console.settings import Settings

T = TypeVar("T")
LONGEST_KEY = 64


@get("/")
async def home() -> Response[None]:
    """The inbox is home."""
    return Response(None, status_code=303, headers={"location": "/inbox"})


@get("/inbox")
async def inbox(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The list with nothing open; asked for by a script, the list alone."""
    listing, now = _asked(request, settings)
    listed = await _read(db, listing, partial(_list, viewer=viewer, listing=listing, now=now))
    if _is_swap(request):
        return html(fragment("inbox/_list.html", error=None, **_only(listed, *_LIST)))
    return html(page("inbox/inbox.html", viewer=viewer, pane=None, **listed, **_demo(settings)))


@get("/inbox/rows")
async def more_rows(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The next page of a list."""
    listing, now = _asked(request, settings)
    after = lists.read_cursor(request.query_params.get("cursor"))

    async def following(tx: Tx) -> tuple[list[RowView], lists.Cursor | None]:
        head = await queries.head(tx)
        return await lists.inbox_rows(tx, viewer, listing, now=now, version=head, after=after)

    rows, cursor = await _read(db, listing, following)
    return html(fragment("inbox/_rows.html", rows=rows, next_cursor=lists.cursor_text(cursor)))


@get("/inbox/counts")
async def view_counts(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The views and their numbers."""
    listing, now = _asked(request, settings)
    numbers = await db.snapshot(partial(sidebar.view_counts, viewer=viewer, now=now))
    return html(fragment("inbox/_counts.html", counts=numbers, view=listing.view))


@get("/inbox/filtered")
async def filtered_count(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """How many conversations the filters leave."""
    listing, now = _asked(request, settings)
    async with db.reading() as tx:
        count, is_more = await lists.count_of(tx, viewer, listing, now)
    return html(fragment("inbox/_filter_count.html", count=count, is_more=is_more))


@get("/inbox/{conversation_id:int}")
async def conversation_page(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """One conversation open. Opening it is a disclosure and goes on record."""
    listing, now = _asked(request, settings)
    swap = _is_swap(request)

    async def shown(tx: Tx) -> tuple[dict[str, Any], dict[str, Any]]:
        listed = {} if swap else await _list(tx, viewer, listing, now)
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        return listed, await _pane(tx, request, viewer, conversation)

    try:
        # Beside each other: nothing is shown before both are done.
        _noted, (listed, pane) = await asyncio.gather(
            db.write(partial(_note_opening, viewer=viewer, conversation_id=conversation_id)),
            db.snapshot(shown) if swap else _read(db, listing, shown),
        )
    except Refused as refused:
        if refused.status != 404:
            raise
        if swap:
            return html(fragment("inbox/_no_access.html"), status=404)
        listed = await _read(db, listing, partial(_list, viewer=viewer, listing=listing, now=now))
        no_access = page("inbox/inbox.html", viewer=viewer, pane={"no_access": True}, **listed, **_demo(settings))
        return html(no_access, status=404)
    if swap:
        return html(fragment("inbox/_pane.html", viewer=viewer, **pane))
    return html(page("inbox/inbox.html", viewer=viewer, pane=pane, **listed, **_demo(settings)))


@get("/inbox/{conversation_id:int}/messages")
async def earlier_messages(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The page of messages before the sequence `before`, or the one after the sequence `after`."""
    after = request.query_params.get("after")
    place = whole(after if after is not None else request.query_params.get("before"), "after" if after else "before")

    async def asked(tx: Tx) -> ThreadView:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        if after is not None:
            return await threads.thread_after(tx, conversation, place)
        return await threads.thread_page(tx, conversation, before=place)

    template = "inbox/_messages.html" if after is None else "inbox/_later.html"
    return html(fragment(template, thread=await db.snapshot(asked)))


@get("/inbox/{conversation_id:int}/history")
async def whole_history(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Every step of a conversation, in words."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        lines = await threads.history_of(tx, conversation.id, limit=threads.WHOLE_HISTORY, quiet=True)
    return html(fragment("inbox/_history.html", conversation_id=conversation_id, history=lines, whole=True))


_LIST = ("view", "counts", "rows", "next_cursor", "bar")


async def _list(tx: Tx, viewer: Viewer, listing: Listing, now: Now) -> dict[str, Any]:
    """What the list and everything around it need; the head is read first, so that the page is at least that new."""
    head = await queries.head(tx)
    found = await lists.read_page(tx, viewer, listing, now=now, version=head)
    counts = await sidebar.view_counts(tx, viewer, now)
    return {
        "view": listing.view,
        "head": head,
        "rows": found.rows,
        "next_cursor": lists.cursor_text(found.following),
        "counts": counts,
        "bar": await filter_bar.bar_of(tx, viewer, listing, counts, found),
        "banner": await queries.banner(tx),
    }


def _asked(request: Request[Any, Any, Any], settings: Settings) -> tuple[Listing, Now]:
    """What the address asks to see, and when that is."""
    return read_listing(request.query_params, settings.currency), now_in(settings.zone, clock.now())


async def _pane(tx: Tx, request: Request[Any, Any, Any], viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
    return {
        "header": await headers.header_of(tx, viewer, conversation.id, clock.now()),
        "thread": await _thread(tx, request, conversation),
        "panel": await threads.panel_of(tx, conversation),
        "presence": request.app.state.presence.people(conversation.id),
        "draft": await queries.draft_of(tx, viewer, conversation.id),
        "files": await staging.waiting(tx, conversation, by=viewer),
    }


async def _thread(tx: Tx, request: Request[Any, Any, Any], conversation: Conversation) -> ThreadView:
    """The end of the thread, or the page around a message that the address names."""
    message = request.query_params.get("message")
    if message is None:
        return await threads.thread_page(tx, conversation)
    return await threads.thread_around(tx, conversation, whole(message, "message"))


async def _note_opening(tx: Tx, viewer: Viewer, conversation_id: int) -> None:
    await reading.viewed(tx, await queries.open_conversation(tx, viewer, conversation_id), by=viewer)


async def _read(db: Database, listing: Listing, unit: Work[T]) -> T:
    """`unit`, which reads a page of `listing`: in the fast lane unless it has to search for what filters leave."""
    if not (listing.filters or listing.view == MENTIONS):
        return await db.snapshot(unit)
    async with db.reading() as tx:
        return await unit(tx)


def _is_swap(request: Request[Any, Any, Any]) -> bool:
    return request.headers.get("hx-request") == "true"


def _only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _demo(settings: Settings) -> dict[str, Any]:
    return {"demo": settings.demo, "simulator_url": settings.simulator_url}


routes = [home, inbox, more_rows, view_counts, filtered_count, conversation_page, earlier_messages, whole_history]
