"""How a user stands to the queue, and taking the next conversation out of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.api import acting, conversations, rendering, shapes
from console.api.asking import body
from console.api.operations import does
from console.api.tokens import Program
from console.db import Database
from console.routing import availability, serve
from console.routing.pauses import LONGEST_MINUTES
from console.settings import Settings

PRESENCE = acting.USER + "/presence"
_REASON = "Why a pause: `lunch`, `break`, `training`…"
_MINUTES = "How long a pause is to last; else as is usual for its reason."


class Standing(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a user is to stand to new conversations."""

    status: Literal["available", "paused", "away"]
    reason: Annotated[str, msgspec.Meta(max_length=40, description=_REASON)] | None = None
    minutes: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MINUTES, description=_MINUTES)] | None = None


@get(PRESENCE, opt=does(acting.SCOPE, returns=shapes.PresenceOf, refuses=(404,)))
async def get_own_presence(
    user_id: FromPath[str], program: NamedDependency[Program], db: NamedDependency[Database]
) -> shapes.PresenceOf:
    """How a user stands to new conversations now."""
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        return rendering.presence(await availability.standing_of(tx, viewer.id), viewer.name)


@put(PRESENCE, opt=does(acting.SCOPE, returns=shapes.PresenceOf, body=Standing, refuses=(404,)))
async def change_own_presence(
    user_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.PresenceOf:
    """Be available, pause for a reason, or be away; the same again changes nothing.

    The queue gives to who is available and signed in: with no screen of theirs open, a user is away again by
    themselves, and takes with `…/next-conversation` instead.
    """
    asked = await body(request, Standing)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        standing = await availability.stand(
            tx, viewer.id, by=viewer, state=asked.status, reason=asked.reason, minutes=asked.minutes
        )
        return rendering.presence(standing, viewer.name)


@post(
    acting.USER + "/next-conversation",
    status_code=200,
    opt=does(acting.SCOPE, returns=shapes.Conversation, refuses=(404, 409)),
)
async def take_next_conversation(
    user_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> shapes.Conversation:
    """Take the next conversation of the user's queues, in the order of each. Each call takes another one.

    Refuses 404 `queue_empty`, 409 `at_capacity` to who carries all they may.
    """
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await serve.take_next(tx, viewer, moment=clock.now(), zone=settings.zone)
        await tx.flush()
        return (await conversations.shown(tx, [conversation], program))[0]


routes = [get_own_presence, change_own_presence, take_next_conversation]
