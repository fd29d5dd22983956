"""One conversation in a user's name: taken, put off, resolved, handed on with a note, read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import Select, select

from console.agents import Team, Viewer
from console.api import acting, conversations, rendering, shapes
from console.api.asking import body, id_in, number
from console.api.conversations import ConversationChange
from console.api.idempotency import created, key_of
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.inbox import assign, policy, reading, reply, wrap_up
from console.inbox.models import Conversation, Message, ReadMark
from console.portfolio import right_party
from console.routing import transfer

_MENTIONS = "Agents to tell of it, beside those whom the note names as `@Full Name`."


class HandingOn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """To whom a conversation goes, a user (`assignee`) or the queue of a `team`, and the note that says why."""

    note: Annotated[str, msgspec.Meta(max_length=transfer.LONGEST_NOTE)]
    assignee: str | None = None
    team: str | None = None
    mentions: Annotated[list[str], msgspec.Meta(description=_MENTIONS)] = []
    version: int | None = None


class HandedOn(msgspec.Struct, kw_only=True):
    """A conversation handed on: to whom, and the note that stands in its thread."""

    conversation_id: str
    assignee: str | None
    team: str | None
    note: shapes.Note


class Reading(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Up to which `sequence` of the thread the user has read."""

    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class ReadUpTo(msgspec.Struct, kw_only=True):
    """How far a user has read in a conversation."""

    conversation_id: str
    sequence: int
    at: datetime


class RightParty(msgspec.Struct, kw_only=True):
    """That the debtor is known to answer in a conversation."""

    conversation_id: str
    verified: bool


@patch(
    acting.CONVERSATION,
    opt=does(acting.SCOPE, returns=shapes.Conversation, body=ConversationChange, refuses=(404, 409)),
)
async def change_own_conversation(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.Conversation:
    """What the user themselves would do: take it (their own id as `assignee`), let go, put off, resolve, tag.

    The body is that of `PATCH /conversations/{id}`. Refuses 409 `already_held` with the holder where a colleague was
    faster, and 422 `note_required` to hand on what one holds: `…/transfer` does that. Answers with what it became,
    also where the user sees it no longer.
    """
    change = await body(request, ConversationChange)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        if change.status == "resolved":
            await wrap_up.hold(tx, await acting.opened(tx, viewer, conversation_id))
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        await _take_or_refuse(tx, conversation, change, by=viewer)
        await conversations.apply(tx, conversation, change, by=viewer)
        await tx.flush()
        return (await conversations.shown(tx, [conversation], program))[0]


async def _take_or_refuse(tx: Tx, conversation: Conversation, change: ConversationChange, *, by: Viewer) -> None:
    """Who takes learns who was faster; who hands on says why."""
    to = id_in(change.assignee, "assignee") if isinstance(change.assignee, str) else None
    if to == by.id and not policy.may(by, "assign_others"):
        conversations.require_version(conversation, change)
        await assign.claim(tx, conversation, by=by)
        change.assignee, change.version = msgspec.UNSET, msgspec.UNSET
    elif to not in {None, by.id} or change.team is not msgspec.UNSET:
        assign.require_note(conversation, by=by)


@post(
    acting.CONVERSATION + "/transfer",
    opt=does(acting.SCOPE, returns=HandedOn, body=HandingOn, status=201, refuses=(404, 409), idempotent=True),
)
async def transfer_conversation(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[HandedOn]:
    """Hand a conversation to a colleague or to a team's queue, with a note that says why. `Idempotency-Key` as ever.

    Refuses 422 `note_required`, 422 naming who or which team cannot have it, 403 to who neither holds it nor may assign
    others.
    """
    asked = await body(request, HandingOn)
    key = key_of(request, program)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        before = await _handed_on_before(tx, viewer, number(conversation_id), asked, key)
        row = before or await _hand_on(tx, viewer, conversation_id, asked, key)
        shown = HandedOn(
            conversation_id=str(row.conversation_id),
            assignee=asked.assignee,
            team=asked.team,
            note=rendering.note(row),
        )
    return created(shown, repeated=before is not None)


async def _hand_on(tx: Tx, viewer: Viewer, conversation_id: str, asked: HandingOn, key: str) -> Message:
    """Hand it on; the note in its thread."""
    if (asked.assignee is None) == (asked.team is None):
        raise invalid("assignee", "Indique assignee o team, y solo uno.", code="missing_field")
    conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
    try:
        await transfer.transfer(
            tx,
            conversation,
            by=viewer,
            note=asked.note,
            client_key=key,
            to_agent=id_in(asked.assignee, "assignee") if asked.assignee is not None else None,
            to_team=id_in(asked.team, "team") if asked.team is not None else None,
            version=asked.version,
            mentions={id_in(text, "mentions") for text in asked.mentions},
        )
    except Refused as refused:
        field = {"to": "assignee", "text": "note"}.get(refused.field or "", refused.field)
        raise Refused(
            refused.status, refused.text, code=refused.code, field=field, details=refused.details
        ) from refused
    return (await tx.scalars(_noted(conversation.id, key))).one()


async def _handed_on_before(tx: Tx, viewer: Viewer, conversation_id: int, asked: HandingOn, key: str) -> Message | None:
    """The note of this very request, made before: its author may see the conversation no longer. Refuses as `reply`."""
    await tx.execute(select(Conversation.id).where(Conversation.id == conversation_id).with_for_update())
    note = (await tx.scalars(_noted(conversation_id, key))).one_or_none()
    if note is None:
        return None
    # The line after the note, in the same breath, says where it went.
    went = select(Message).where(Message.conversation_id == conversation_id, Message.sequence == note.sequence + 1)
    line = (await tx.scalars(went)).one_or_none()
    told = (line.content or {}) if line is not None else {}
    team = await tx.get(Team, id_in(asked.team, "team")) if asked.team is not None else None
    there = str(told.get("to_id")) == asked.assignee if team is None else told.get("to", team.name) == team.name
    mine = (note.author_kind, note.author_id) == (viewer.actor.kind, viewer.id)
    if not (mine and there and note.text == reply.tidy(asked.note)):
        text = "Esa clave ya se usó para otra cosa en esta conversación."
        raise Refused(409, text, code="key_reused", field="Idempotency-Key")
    return note


def _noted(conversation_id: int, key: str) -> Select[Message]:
    return select(Message).where(Message.conversation_id == conversation_id, Message.client_key == key)


@put(
    acting.CONVERSATION + "/read-mark",
    opt=does(acting.SCOPE, returns=ReadUpTo, body=Reading, refuses=(404,)),
)
async def mark_own_reading(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> ReadUpTo:
    """Note how far the user has read; the mark only moves forward. Where they hold it, the contact gets blue ticks."""
    asked = await body(request, Reading)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        await reading.mark_read(tx, conversation, by=viewer, sequence=asked.sequence)
        await tx.flush()
        mark = await tx.get(ReadMark, (viewer.id, conversation.id))
        if mark is None:
            raise not_found()  # nobody has said anything yet
        return ReadUpTo(conversation_id=str(conversation.id), sequence=mark.sequence, at=mark.at)


@put(acting.CONVERSATION + "/right-party", opt=does(acting.SCOPE, returns=RightParty, refuses=(404, 409)))
async def confirm_right_party(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> RightParty:
    """Note that the debtor themselves answers here, as the user made sure: what is owed is filled in from then on.

    Refuses 409 `wrong_number`, `identity_in_doubt`, `no_debtor`, `several_debtors`.
    """
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id, lock=True)
        await right_party.confirm(tx, conversation, by=viewer)
    return RightParty(conversation_id=str(conversation.id), verified=True)


routes = [change_own_conversation, transfer_conversation, mark_own_reading, confirm_right_party]
