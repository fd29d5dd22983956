"""`/simulator/api/threads` and `/media`: what is on a phone, and what was on it before."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, put
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from integrations.simulator.control import given, thread_of
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation, brief
from integrations.simulator.world import Message, Rank

Sim = NamedDependency[Simulation]
Call = Request[Any, Any, Any]


class Earlier(msgspec.Struct, forbid_unknown_fields=True):
    """A message of the time before: it is put into the chat, and nobody is told."""

    mine: bool
    text: str
    at: float
    id: str | None = None
    status: Rank = "read"


class Past(msgspec.Struct, forbid_unknown_fields=True):
    """A chat as it was before."""

    messages: list[Earlier] = []


@get("/threads/{persona:str}")
async def chat(sim: Sim, persona: FromPath[str], limit: FromQuery[int] = 200) -> Json:
    """A chat, oldest message first, as the debtor sees it."""
    thread = thread_of(sim, persona)
    messages = list(thread.messages.values())[-limit:]
    writing = max(0.0, thread.typing_until - sim.now())
    return {"persona": brief(thread, sim.now()), "messages": messages, "typing_seconds": sim.clock.real(writing)}


@put("/threads/{persona:str}")
async def set_chat(request: Call, sim: Sim, persona: FromPath[str]) -> Json:
    """Make a chat what it was before: nobody is told, and the 24 hours run from the debtor's last message."""
    thread, past = thread_of(sim, persona), await given(request, Past)
    thread.messages.clear()
    for earlier in past.messages:
        person = thread.persona
        wamid = earlier.id or sim.ids.wamid(person.wa_id or person.user_id, inbound=earlier.mine)
        bubble = Message(
            id=wamid, mine=earlier.mine, kind="text", at=earlier.at, status=earlier.status, text=earlier.text
        )
        sim.world.remember(thread, bubble)
    thread.last_inbound_at = max((message.at for message in thread.messages.values() if message.mine), default=None)
    sim.hub.tell("resync", {})
    return {"messages": list(thread.messages.values())}


@get("/media/{media_id:str}")
async def media(sim: Sim, media_id: FromPath[str]) -> Response[bytes]:
    """The bytes of a file, for the page. Whatever it is, it runs nothing."""
    medium = sim.world.media.get(media_id)
    if medium is None:
        raise NotFoundException(detail="Ese archivo ya no está.")
    return Response(
        medium.data,
        media_type=medium.mime_type,
        headers={"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, max-age=600"},
    )


DOORS = [chat, set_chat, media]
