"""Marking the photo of a receipt, over HTTP."""

from __future__ import annotations

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.errors import not_found
from console.forms import html
from console.inbox import queries
from console.portfolio import claims


@post("/inbox/{conversation_id:int}/messages/{message_id:int}/payment-claim", status_code=200)
async def claim_payment(
    conversation_id: FromPath[int],
    message_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Mark a receipt as not verified yet; again changes nothing."""
    if message_id > queries.LARGEST_ID:
        raise not_found()
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await claims.mark(tx, conversation, message_id, by=viewer)
    return html("")


routes = [claim_payment]
