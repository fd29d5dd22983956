"""The list under `@`: whom one may mention in a conversation."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.forms import html
from console.inbox import queries
from console.mentions import people
from console.render import fragment


@get("/inbox/{conversation_id:int}/colleagues")
async def mentionable(
    conversation_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Those who may see this conversation, but for who asks."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        found = await people.colleagues(tx, conversation, of=viewer.id)
    return html(fragment("inbox/_colleagues.html", conversation_id=conversation_id, colleagues=found))


routes = [mentionable]
