"""Messages: reading a conversation, sending into it, and noting something in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import audit
from console.api import listing, rendering, shapes
from console.api.asking import body, id_in, query
from console.api.conversations import opened
from console.api.cursors import Cursors
from console.api.idempotency import already_made, created, key_of
from console.api.operations import does
from console.api.sending import Outgoing, send
from console.api.tokens import Program
from console.db import Database
from console.inbox import reply
from console.inbox.models import Conversation, Message, Status

LISTING = "messages"
# How many readings are remembered, so that polling a silent conversation writes nothing.
_REMEMBERED = 10_000


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """In which order the messages come."""

    order: Annotated[Literal["asc", "desc"], msgspec.Meta(description="`desc`: newest first.")] = "asc"


class NoteBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An internal note."""

    text: Annotated[str, msgspec.Meta(max_length=reply.LONGEST_TEXT)]
    mentions: Annotated[
        list[str],
        msgspec.Meta(description="Agents to tell of it, beside those whom the text names as `@Full Name`."),
    ] = []


@get(
    "/conversations/{conversation_id:str}/messages",
    opt=does("messages:read", returns=shapes.Page[shapes.Message], query=Filters, refuses=(404,)),
)
async def list_messages(
    conversation_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Message]:
    """The messages of a conversation, in its order. Notes and events are not among them; their sequence is kept."""
    asked = query(request, Filters)
    place = listing.begin(cursors, f"{LISTING}:{conversation_id}", asked, (int,))
    async with db.reading() as tx:
        conversation = await opened(tx, program, conversation_id)
        found = (await tx.scalars(_page(conversation.id, asked, place))).all()
        page, following = listing.cut(
            cursors,
            f"{LISTING}:{conversation_id}",
            asked,
            found,
            lambda row: (row.sequence,),
        )
        shown = await rendering.messages(tx, page)
    await _tell(db, conversation, by=program)
    return shapes.Page(shown, following)


@post(
    "/conversations/{conversation_id:str}/messages",
    opt=does("messages:write", returns=shapes.Message, body=Outgoing, status=201, refuses=(404, 409), idempotent=True),
)
async def create_message(
    conversation_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[shapes.Message]:
    """Queue a text, a template or a file for the contact.

    With `Idempotency-Key`, the same request again (200) gives the same body and sends nothing; another body under the
    same key is refused (409 `key_reused`). A key belongs to the token and the conversation, and does not expire.
    """
    outgoing = await body(request, Outgoing)
    key = key_of(request, program)
    async with db.transaction() as tx:
        conversation = await opened(tx, program, conversation_id, lock=True)
        repeated = await already_made(tx, conversation, key)
        row = await send(tx, conversation, outgoing, by=program.actor, client_key=key)
        await tx.flush()
        shown = (await rendering.messages(tx, [row]))[0]
    return created(as_accepted(shown), repeated=repeated)


@post(
    "/conversations/{conversation_id:str}/notes",
    opt=does(
        "conversations:write", returns=shapes.Note, body=NoteBody, status=201, refuses=(404, 409), idempotent=True
    ),
)
async def create_note(
    conversation_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[shapes.Note]:
    """Write an internal note, which agents see and the contact never does. `Idempotency-Key` works as for messages."""
    note = await body(request, NoteBody)
    mentions = {id_in(text, "mentions") for text in note.mentions}
    key = key_of(request, program)
    async with db.transaction() as tx:
        conversation = await opened(tx, program, conversation_id, lock=True)
        repeated = await already_made(tx, conversation, key)
        row = await reply.note(tx, conversation, by=program.actor, text=note.text, client_key=key, mentions=mentions)
        await tx.flush()
        shown = rendering.note(row)
    return created(shown, repeated=repeated)


def _page(conversation_id: int, asked: Filters, place: tuple[Any, ...] | None) -> Any:  # noqa: ANN401
    order = Message.sequence
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.direction != "none")
    if place is not None:
        wanted = wanted.where(order > place[0] if asked.order == "asc" else order < place[0])
    return wanted.order_by(order if asked.order == "asc" else order.desc()).limit(asked.limit + 1)


def as_accepted(message: shapes.Message) -> shapes.Message:
    """The message as it was when it was accepted: a repeated request gets the body of the first, to the letter."""
    return msgspec.structs.replace(message, status=Status.QUEUED.value, external_id=None, error=None, reactions=[])


async def _tell(db: Database, conversation: Conversation, *, by: Program) -> None:
    """Record that a program was shown the thread, once for each new state of it: polling is not reading again."""
    reading, sequence = (by.id, conversation.id), conversation.last_sequence
    if _told.get(reading) == sequence:
        return
    async with db.transaction() as tx:
        audit.record(
            tx,
            by.actor,
            "conversation.viewed",
            conversation_id=conversation.id,
            new={"sequence": sequence},
        )
    _told.pop(reading, None)
    _told[reading] = sequence
    if len(_told) > _REMEMBERED:
        del _told[next(iter(_told))]


_told: dict[tuple[int, int], int] = {}

routes = [list_messages, create_message, create_note]
