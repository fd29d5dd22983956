"""Writing in a user's name: messages, notes, files, and sending again what did not arrive. Who answers first owns."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.api import acting, attachments, rendering, shapes
from console.api.asking import body, id_in, number
from console.api.attachments import Attachment
from console.api.idempotency import already_made, created, key_of
from console.api.messages import NoteBody, as_accepted
from console.api.operations import does
from console.api.sending import Outgoing, send
from console.api.tokens import Program
from console.attachments import staging
from console.attachments.receiving import OCTETS, file_of
from console.canned import attaching, keeping
from console.db import Database
from console.errors import not_found
from console.inbox import reply
from console.inbox.models import Message
from console.settings import Settings

MESSAGES = acting.CONVERSATION + "/messages"
_FILES = "/canned-responses/{canned_id:str}/attachments"


@post(
    MESSAGES,
    opt=does(acting.SCOPE, returns=shapes.Message, body=Outgoing, status=201, refuses=(404, 409), idempotent=True),
)
async def create_own_message(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[shapes.Message]:
    """Queue a message as the user's own: a text, a template, a file they brought, or a reaction.

    The body is that of `POST /conversations/{id}/messages`. Who answers first becomes the holder where the team's rule
    says so. With `seen_sequence`, refuses 409 `colleague_wrote` with what is new.
    """
    outgoing = await body(request, Outgoing)
    key = key_of(request, program)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        repeated = await already_made(tx, conversation, key)
        row = await send(tx, conversation, outgoing, by=viewer, client_key=key)
        await tx.flush()
        shown = (await rendering.messages(tx, [row]))[0]
    return created(as_accepted(shown), repeated=repeated)


@post(
    MESSAGES + "/{message_id:str}/resend",
    opt=does(acting.SCOPE, returns=shapes.Message, status=201, refuses=(404, 409)),
)
async def resend_own_message(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    message_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[shapes.Message]:
    """Send again what failed or stayed unconfirmed, as a message of its own; again gives the same one.

    Refuses 409 `not_resendable`, and as sending does.
    """
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        message = await tx.get(Message, number(message_id))
        if message is None or message.conversation_id != conversation.id:
            raise not_found()
        row = await reply.resend(tx, message, by=viewer)
        await tx.flush()
        shown = (await rendering.messages(tx, [row]))[0]
    return Response(as_accepted(shown), status_code=201)


@post(
    acting.CONVERSATION + "/notes",
    opt=does(acting.SCOPE, returns=shapes.Note, body=NoteBody, status=201, refuses=(404, 409), idempotent=True),
)
async def create_own_note(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[shapes.Note]:
    """Write an internal note as the user's own. `Idempotency-Key` works as for messages."""
    note = await body(request, NoteBody)
    mentions = {id_in(text, "mentions") for text in note.mentions}
    key = key_of(request, program)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        repeated = await already_made(tx, conversation, key)
        row = await reply.note(tx, conversation, by=viewer, text=note.text, client_key=key, mentions=mentions)
        await tx.flush()
        shown = rendering.note(row)
    return created(shown, repeated=repeated)


@post(
    acting.CONVERSATION + "/attachments",
    opt=does(acting.SCOPE, returns=Attachment, status=201, refuses=(404, 409, 413, 415, 422), takes=OCTETS),
    request_max_body_size=None,
)
async def create_own_attachment(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Attachment:
    """Bring a file to be sent as the user's own; it waits beside what they are writing, on their screens too.

    The body is that of `POST /conversations/{id}/attachments`.
    """
    async with db.reading() as tx:
        await acting.opened(tx, await acting.acting(tx, program, user_id), conversation_id)
    kept = await file_of(request, settings.media_dir, voice=request.headers.get("x-voice") == "1")
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        return attachments.shown(await staging.stage(tx, conversation, kept, by=viewer))


@post(
    acting.CONVERSATION + _FILES,
    opt=does(acting.SCOPE, returns=shapes.Page[Attachment], status=201, refuses=(404, 409)),
)
async def put_own_canned_files(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    canned_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[shapes.Page[Attachment]]:
    """Put the files of a canned response beside what the user is writing, all or none, each to be sent by its id."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        row = await keeping.open_canned(tx, viewer, number(canned_id))
        staged = await attaching.put(tx, conversation, row, by=viewer)
        page = shapes.Page([attachments.shown(each) for each in staged], None)
    return Response(page, status_code=201)


routes = [
    create_own_message,
    resend_own_message,
    create_own_note,
    create_own_attachment,
    put_own_canned_files,
]
