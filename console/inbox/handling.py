"""Who holds a conversation and whether it is open, over HTTP."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import assign, headers, queries
from console.inbox.models import Conversation
from console.render import fragment

LONGEST_KEY = 64


@post("/inbox/{conversation_id:int}/assignment", status_code=200)
async def assignment(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take, give or let go. Of two who take at once, one does; the other reads who."""
    form = await read_form(request)
    holder = form.get("holder", "me")
    version = whole(form["version"], "version") if form.get("version") else None
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        if holder == "me" and conversation.holder_id in {None, viewer.id}:
            await assign.claim(tx, conversation, by=viewer)
        elif holder == "me":
            await _take_over(tx, conversation, viewer)
        elif holder == "":
            await assign.release(tx, conversation, by=viewer, version=version)
        else:
            to = whole(holder, "holder")
            if to != viewer.id:
                assign.require_note(conversation, by=viewer)
            await assign.assign(tx, conversation, by=viewer, to=to, version=version)
    return await _header(db, viewer, conversation_id)


async def _take_over(tx: Tx, conversation: Conversation, viewer: Viewer) -> None:
    """Supervisors may take what a colleague holds; anybody else is told who does."""
    try:
        await assign.assign(tx, conversation, by=viewer, to=viewer.id)
    except Refused as refused:
        if refused.code != "forbidden":
            raise
        await assign.claim(tx, conversation, by=viewer)


@post("/inbox/{conversation_id:int}/reopening", status_code=200)
async def reopening(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Open a resolved conversation again."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await assign.reopen(tx, conversation, by=viewer)
    return await _header(db, viewer, conversation_id)


async def _header(db: Database, viewer: Viewer, conversation_id: int) -> Response[str]:
    async with db.reading() as tx:
        # Whoever gives a conversation away may lose sight of it.
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        header = await headers.header_of(tx, viewer, conversation.id, clock.now())
    return html(fragment("inbox/_header.html", header=header))


routes = [assignment, reopening]
