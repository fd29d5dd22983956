"""Messages for later: scheduling a text or a template, listing what waits, changing it, cancelling it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select, tuple_

from console.agents import Viewer
from console.api import listing, rendering, shapes
from console.api.asking import body, id_in, number, query
from console.api.conversations import opened
from console.api.cursors import Cursors, microseconds, moment_of
from console.api.idempotency import already_made, created, key_of
from console.api.operations import does
from console.api.problems import invalid
from console.api.sending import TemplateToSend, Text, template_id_of, variables_of
from console.api.tokens import Program
from console.audit import Actor
from console.db import Database, Tx
from console.inbox.channel import MessageTemplate
from console.inbox.models import Conversation, Message
from console.scheduling import later
from console.scheduling.filling import House, Said
from console.scheduling.later import Terms
from console.scheduling.models import ScheduledMessage
from console.settings import Settings

LISTING = "scheduled-messages"
Event = Literal["reply", "payment"]
_CANCEL_ON = "What cancels it before its moment: an answer of the contact, money that comes in."
_VARIABLES = "In `variables` our own may stand (`{saldo}`, `{nombre|cliente}`): they are read when it leaves."
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="When it leaves.")]


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the listing."""

    status: shapes.ScheduledStatus | None = None
    conversation: str | None = None


class ToSchedule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text or a template for later. `type` says which member carries it."""

    type: str
    send_at: Moment
    text: Text | None = None
    template: Annotated[TemplateToSend, msgspec.Meta(description=_VARIABLES)] | None = None
    cancel_on: Annotated[list[Event], msgspec.Meta(description=_CANCEL_ON)] = msgspec.field(
        default_factory=lambda: ["reply", "payment"]
    )


class ScheduledChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What may be changed while it waits or is held; what is left out stays."""

    send_at: Moment | msgspec.UnsetType = msgspec.UNSET
    text: Text | msgspec.UnsetType = msgspec.UNSET
    variables: Annotated[dict[str, str], msgspec.Meta(description=_VARIABLES)] | msgspec.UnsetType = msgspec.UNSET
    cancel_on: Annotated[list[Event], msgspec.Meta(description=_CANCEL_ON)] | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


@get(
    "/scheduled-messages",
    opt=does("messages:read", returns=shapes.Page[shapes.ScheduledMessage], query=Filters),
)
async def list_scheduled(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.ScheduledMessage]:
    """Scheduled messages by their moment, of every conversation or of one."""
    asked = query(request, Filters)
    place = listing.begin(cursors, LISTING, asked, (int, int))
    wanted = select(ScheduledMessage).order_by(ScheduledMessage.due_at, ScheduledMessage.message_id)
    if asked.status is not None:
        wanted = wanted.where(ScheduledMessage.state == asked.status)
    if asked.conversation is not None:
        wanted = wanted.where(ScheduledMessage.conversation_id == id_in(asked.conversation, "conversation"))
    if place is not None:
        keys = tuple_(ScheduledMessage.due_at, ScheduledMessage.message_id)
        wanted = wanted.where(keys > tuple_(moment_of(int(place[0])), place[1]))
    async with db.reading() as tx:
        found = (await tx.scalars(wanted.limit(asked.limit + 1))).all()
        page, following = listing.cut(
            cursors, LISTING, asked, found, lambda row: (microseconds(row.due_at), row.message_id)
        )
        return shapes.Page(await _shown(tx, page), following)


@post(
    "/conversations/{conversation_id:str}/scheduled-messages",
    opt=does(
        "messages:write",
        returns=shapes.ScheduledMessage,
        body=ToSchedule,
        status=201,
        refuses=(404, 409),
        idempotent=True,
    ),
)
async def create_scheduled(
    conversation_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[shapes.ScheduledMessage]:
    """Let a text or a template leave later. `Idempotency-Key` works as for messages.

    A text leaves inside the 24-hour window, a template also outside it. At its moment everything is asked again: what
    then cannot be sent is `held` with its `reason`, until it is changed or cancelled.
    """
    asked = await body(request, ToSchedule)
    key = key_of(request, program)
    async with db.transaction() as tx:
        conversation = await opened(tx, program, conversation_id, lock=True)
        repeated = await already_made(tx, conversation, key)
        shown = await schedule(tx, conversation, asked, by=program.actor, client_key=key, house=House.of(settings))
    return created(shown, repeated=repeated)


@patch(
    "/conversations/{conversation_id:str}/scheduled-messages/{message_id:str}",
    opt=does("messages:write", returns=shapes.ScheduledMessage, body=ScheduledChange, refuses=(404, 409)),
)
async def change_scheduled(
    conversation_id: FromPath[str],
    message_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> shapes.ScheduledMessage:
    """Say it otherwise or at another moment; whoever changes it is its author from then on.

    Refuses 409 `already_ended` for what left or was cancelled, `version_conflict` when it is no longer the `version`
    given.
    """
    asked = await body(request, ScheduledChange)
    async with db.transaction() as tx:
        conversation = await opened(tx, program, conversation_id, lock=True)
        return await change(tx, conversation, number(message_id), asked, by=program.actor, house=House.of(settings))


@delete(
    "/conversations/{conversation_id:str}/scheduled-messages/{message_id:str}",
    status_code=200,
    opt=does("messages:write", returns=shapes.ScheduledMessage, refuses=(404,)),
)
async def cancel_scheduled(
    conversation_id: FromPath[str],
    message_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.ScheduledMessage:
    """Let it not leave; what has left or was cancelled is answered as it stands."""
    async with db.transaction() as tx:
        conversation = await opened(tx, program, conversation_id, lock=True)
        return await cancel(tx, conversation, number(message_id), by=program.actor)


async def schedule(
    tx: Tx, conversation: Conversation, asked: ToSchedule, *, by: Viewer | Actor, client_key: str, house: House
) -> shapes.ScheduledMessage:
    """What is scheduled as a program asks for it. Refuses as `later.schedule`."""
    row = await later.schedule(
        tx,
        conversation,
        by=by,
        said=await _said(tx, conversation, asked),
        terms=_terms(asked.send_at, asked.cancel_on),
        client_key=client_key,
        house=house,
    )
    await tx.flush()
    return await _one_shown(tx, row)


async def change(
    tx: Tx, conversation: Conversation, message_id: int, asked: ScheduledChange, *, by: Viewer | Actor, house: House
) -> shapes.ScheduledMessage:
    """What is scheduled, changed as a program asks for it. Refuses as `later.change`."""
    waits, row = await later.seen(tx, conversation, message_id)
    said = _changed(waits, row, asked)
    events = asked.cancel_on if asked.cancel_on is not msgspec.UNSET else _events(waits)
    at = asked.send_at if asked.send_at is not msgspec.UNSET else waits.due_at
    row = await later.change(
        tx,
        conversation,
        row.id,
        by=by,
        said=said,
        terms=_terms(at, events),
        version=asked.version if asked.version is not msgspec.UNSET else None,
        house=house,
    )
    return await _one_shown(tx, row)


async def cancel(tx: Tx, conversation: Conversation, message_id: int, *, by: Viewer | Actor) -> shapes.ScheduledMessage:
    """What was scheduled, as it stands after this. Refuses as `later.cancel`."""
    return await _one_shown(tx, await later.cancel(tx, conversation, message_id, by=by))


async def _one_shown(tx: Tx, row: Message) -> shapes.ScheduledMessage:
    return (await _shown(tx, [await tx.get_one(ScheduledMessage, row.id)]))[0]


async def _said(tx: Tx, conversation: Conversation, asked: ToSchedule) -> Said:
    if asked.type not in {"text", "template"}:
        raise invalid("type", "Se puede programar text o template.", code="unknown_type")
    if getattr(asked, asked.type) is None:
        raise invalid(asked.type, f"Falta el campo {asked.type}.", code="missing_field")
    if asked.text is not None and asked.template is not None:
        other = "template" if asked.type == "text" else "text"
        raise invalid(other, f"No corresponde a un mensaje de tipo {asked.type}.")
    if asked.template is None:
        return Said(text=asked.text.body if asked.text else "")
    if asked.template.variables and asked.template.components:
        raise invalid("template.components", "Use variables o components, no ambos.")
    variables = asked.template.variables or variables_of(asked.template.components)
    return Said(template_id=await template_id_of(tx, conversation, asked.template), variables=variables)


def _changed(waits: ScheduledMessage, row: Message, asked: ScheduledChange) -> Said:
    if waits.template_id is None:
        if asked.variables is not msgspec.UNSET:
            raise invalid("variables", "Un texto no tiene variables.")
        return Said(text=asked.text.body if asked.text is not msgspec.UNSET else row.text or "")
    if asked.text is not msgspec.UNSET:
        raise invalid("text", "Una plantilla no se vuelve texto.")
    kept = (row.content or {}).get("variables", {})
    variables = asked.variables if asked.variables is not msgspec.UNSET else kept
    return Said(template_id=waits.template_id, variables=variables)


def _terms(at: datetime, events: list[Event]) -> Terms:
    return Terms(at=at, on_reply="reply" in events, on_payment="payment" in events)


def _events(waits: ScheduledMessage) -> list[Event]:
    events: list[tuple[Event, bool]] = [("reply", waits.on_reply), ("payment", waits.on_payment)]
    return [event for event, holds in events if holds]


async def _shown(tx: Tx, rows: Any) -> list[shapes.ScheduledMessage]:  # noqa: ANN401
    messages = {
        row.id: row for row in await tx.scalars(select(Message).where(Message.id.in_([one.message_id for one in rows])))
    }
    template_ids = {one.template_id for one in rows if one.template_id is not None}
    templates = {
        row.id: row for row in await tx.scalars(select(MessageTemplate).where(MessageTemplate.id.in_(template_ids)))
    }
    return [_one(waits, messages[waits.message_id], templates.get(waits.template_id or 0)) for waits in rows]


def _one(waits: ScheduledMessage, row: Message, template: MessageTemplate | None) -> shapes.ScheduledMessage:
    variables = (row.content or {}).get("variables", {})
    return shapes.ScheduledMessage(
        id=str(row.id),
        conversation_id=str(waits.conversation_id),
        author=rendering.author(row),
        type="template" if waits.template_id is not None else "text",
        text=row.text or "",
        template=shapes.ScheduledTemplate(template.name, template.language, variables) if template else None,
        send_at=waits.due_at,
        cancel_on=list(_events(waits)),
        status=cast("shapes.ScheduledStatus", waits.state),
        reason=waits.reason,
        field=waits.field,
        message_id=str(waits.sent_id) if waits.sent_id is not None else None,
        version=row.version,
        created_at=row.created_at,
        ended_at=waits.ended_at,
    )


routes = [list_scheduled, create_scheduled, change_scheduled, cancel_scheduled]
