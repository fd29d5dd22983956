"""Messages for later in a user's name: scheduled, changed, cancelled."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.api import acting, scheduled, shapes
from console.api.asking import body, number
from console.api.idempotency import already_made, created, key_of
from console.api.operations import does
from console.api.scheduled import ScheduledChange, ToSchedule
from console.api.tokens import Program
from console.db import Database
from console.scheduling.filling import House
from console.settings import Settings

PATH = acting.CONVERSATION + "/scheduled-messages"
ONE = PATH + "/{message_id:str}"


@post(
    PATH,
    opt=does(
        acting.SCOPE,
        returns=shapes.ScheduledMessage,
        body=ToSchedule,
        status=201,
        refuses=(404, 409),
        idempotent=True,
    ),
)
async def create_own_scheduled(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[shapes.ScheduledMessage]:
    """Let a text or a template leave later as the user's own; as `POST /conversations/{id}/scheduled-messages`."""
    asked = await body(request, ToSchedule)
    key = key_of(request, program)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        repeated = await already_made(tx, conversation, key)
        shown = await scheduled.schedule(tx, conversation, asked, by=viewer, client_key=key, house=House.of(settings))
    return created(shown, repeated=repeated)


@patch(ONE, opt=does(acting.SCOPE, returns=shapes.ScheduledMessage, body=ScheduledChange, refuses=(404, 409)))
async def change_own_scheduled(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> shapes.ScheduledMessage:
    """Say it otherwise or at another moment; the user is its author from then on."""
    asked = await body(request, ScheduledChange)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        return await scheduled.change(tx, conversation, number(message_id), asked, by=viewer, house=House.of(settings))


@delete(ONE, status_code=200, opt=does(acting.SCOPE, returns=shapes.ScheduledMessage, refuses=(404,)))
async def cancel_own_scheduled(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.ScheduledMessage:
    """Let it not leave; what has left or was cancelled is answered as it stands."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        return await scheduled.cancel(tx, conversation, number(message_id), by=viewer)


routes = [create_own_scheduled, change_own_scheduled, cancel_own_scheduled]
