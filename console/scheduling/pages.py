"""The page of what is scheduled: one's own, or all that one sees."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Viewer
from console.db import Database
from console.errors import not_found
from console.inbox import queries
from console.scheduling import later, reading
from console.scheduling.models import ScheduledMessage
from console.settings_pages.answers import back_to, known_id, show

PAGE = "/scheduled"
SHOWS = ("own", "all", "ended")


@get(PAGE)
async def scheduled_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """What waits (`?show=`: own, all, or what ended of late)."""
    shown = request.query_params.get("show") or "own"
    if shown not in SHOWS:
        raise not_found()
    async with db.reading() as tx:
        if shown == "ended":
            lines = await reading.ended(tx, viewer, own=False)
        else:
            lines = await reading.waiting(tx, viewer, own=shown == "own")
    is_more = len(lines) > reading.MOST
    return show("scheduling/page.html", viewer, shown=shown, lines=lines[: reading.MOST], is_more=is_more)


@post(PAGE + "/{message_id:int}/cancellation", status_code=303)
async def cancel_from_page(
    request: Request[Any, Any, Any],
    message_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Let one not leave, and show the list again."""
    async with db.transaction() as tx:
        its = select(ScheduledMessage.conversation_id).where(ScheduledMessage.message_id == known_id(message_id))
        conversation = await queries.open_conversation(tx, viewer, await tx.scalar(its) or 0)
        await later.cancel(tx, conversation, message_id, by=viewer)
    return back_to(f"{PAGE}?show=all" if request.query_params.get("show") == "all" else PAGE)


routes = [scheduled_page, cancel_from_page]
