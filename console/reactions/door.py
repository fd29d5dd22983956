"""Reacting to a message, over HTTP."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form
from console.inbox import answering, queries
from console.reactions import giving


@post("/inbox/{conversation_id:int}/messages/{message_id:int}/reaction", status_code=200)
async def react(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    message_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Put an emoji on a message, or take ours back (an empty one); answers with the message."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            await giving.react(
                tx,
                conversation,
                min(message_id, queries.LARGEST_ID),
                by=viewer,
                emoji=form.get("emoji", ""),
                client_key=answering.key_in(form),
            )
    except Refused as refused:
        return answering.notice(conversation_id, refused)
    return await answering.shown(db, message_id)


routes = [react]
