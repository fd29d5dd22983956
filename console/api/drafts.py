"""Drafts: what a user is writing in a conversation, as a reply or as a note. Nobody else sees them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import tuple_

from console.agents import Viewer
from console.api import acting, acting_shapes, listing, shapes
from console.api.asking import body, id_in, number, query
from console.api.cursors import Cursors
from console.api.operations import does
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import not_found
from console.inbox import drafts, queries
from console.inbox.models import Conversation, Draft

LISTING = "drafts"
PATH = "/users/{user_id:str}/conversations/{conversation_id:str}/drafts/{mode:str}"


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the listing."""

    conversation: str | None = None
    mode: Literal["reply", "note"] | None = None


class DraftToKeep(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is being written. Without words there is no draft."""

    text: Annotated[str, msgspec.Meta(max_length=drafts.LONGEST)]


@get(
    "/users/{user_id:str}/drafts",
    opt=does(acting.SCOPE, returns=shapes.Page[acting_shapes.Draft], query=Filters, refuses=(404,)),
)
async def list_drafts(
    user_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[acting_shapes.Draft]:
    """What a user is writing in the conversations they may see, by conversation."""
    asked = query(request, Filters)
    place = listing.begin(cursors, f"{LISTING}:{user_id}", asked, (int, str))
    keys = (Draft.conversation_id, Draft.mode)
    async with db.reading() as tx:
        wanted = drafts.drafts_of(await acting.acting(tx, program, user_id)).order_by(*keys)
        if asked.conversation is not None:
            wanted = wanted.where(Draft.conversation_id == id_in(asked.conversation, "conversation"))
        if asked.mode is not None:
            wanted = wanted.where(Draft.mode == asked.mode)
        if place is not None:
            wanted = wanted.where(tuple_(*keys) > tuple_(*place))
        found = (await tx.scalars(wanted.limit(asked.limit + 1))).all()
    page, following = listing.cut(
        cursors, f"{LISTING}:{user_id}", asked, found, lambda row: (row.conversation_id, row.mode)
    )
    return shapes.Page([_shown(row) for row in page], following)


@put(PATH, opt=does(acting.SCOPE, returns=acting_shapes.Draft, body=DraftToKeep, refuses=(404,)))
async def keep_draft(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    mode: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> acting_shapes.Draft:
    """Keep what a user is writing; the same again changes nothing. `mode` is `reply` or `note`.

    Their screens show it when they next open the conversation. Sending does not take it away: DELETE does.
    """
    asked = await body(request, DraftToKeep)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await _opened(tx, viewer, conversation_id, mode)
        await drafts.keep(tx, conversation, mode, asked.text, by=viewer)
        key = (viewer.id, conversation.id, mode)
        return _shown(await tx.get_one(Draft, key, populate_existing=True))


@delete(PATH, status_code=200, opt=does(acting.SCOPE, returns=acting_shapes.Draft, refuses=(404,)))
async def forget_draft(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    mode: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> acting_shapes.Draft:
    """Forget a draft: it was sent, or is no longer wanted. Answers with what it was."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await _opened(tx, viewer, conversation_id, mode)
        row = await tx.get(Draft, (viewer.id, conversation.id, mode))
        if row is None:
            raise not_found()
        shown = _shown(row)
        await drafts.forget(tx, conversation, mode, by=viewer)
        return shown


async def _opened(tx: Tx, viewer: Viewer, conversation_id: str, mode: str) -> Conversation:
    conversation = await queries.open_conversation(tx, viewer, number(conversation_id))
    if mode not in drafts.MODES or conversation.status == "merged":
        raise not_found()
    return conversation


def _shown(row: Draft) -> acting_shapes.Draft:
    return acting_shapes.Draft(
        conversation_id=str(row.conversation_id),
        mode="note" if row.mode == "note" else "reply",
        text=row.text,
        updated_at=row.updated_at,
    )


routes = [list_drafts, keep_draft, forget_draft]
