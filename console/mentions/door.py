"""The list under `@`: whom one may mention in a conversation."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.forms import html, whole
from console.inbox import queries
from console.inbox.models import Conversation
from console.mentions import people
from console.mentions.people import Standing
from console.render import fragment


@get("/inbox/{conversation_id:int}/colleagues")
async def mentionable(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Those who may see this conversation, but for who asks.

    With `to` (agent:7, team:2, or nothing yet) for a note that hands it on: those who will see it there as well.
    """
    to = request.query_params.get("to")
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        going = _going(to or "", conversation)
        found = await people.colleagues(tx, conversation, of=viewer.id, going=going)
    place = conversation_id if to is None else "deed"
    return html(fragment("inbox/_colleagues.html", place=place, colleagues=found))


def _going(to: str, conversation: Conversation) -> Standing | None:
    """Whose the conversation is about to be; None while nobody is chosen."""
    kind, _of, number = to.partition(":")
    if kind == "agent":
        return Standing(conversation.team_id, whole(number, "to"))
    return Standing(whole(number, "to"), None) if kind == "team" else None


routes = [mentionable]
