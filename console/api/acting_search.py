"""Searching as a user: people and what was said with them, as far as that user sees, marked where it was found."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import rates
from console.api import acting, shapes
from console.api.asking import query
from console.api.cursors import Cursors
from console.api.operations import does
from console.api.tokens import Program
from console.db import Database
from console.search import finding
from console.search.door import put_on_record
from console.search.found import Group, Hit, read_place
from console.search.searcher import Searcher
from console.search.words import LONGEST, Pieces, read_query

_Q = "Words of a name, a document, a telephone, an invoice, or of anything that was said; no operators."


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is looked for. A page holds as much as the screen's."""

    q: Annotated[str, msgspec.Meta(max_length=LONGEST, description=_Q)]
    cursor: Annotated[str, msgspec.Meta(description="`next_cursor` of the page before.")] | None = None


class Piece(msgspec.Struct):
    """Some letters, and whether they were asked for."""

    text: str
    found: bool


class FoundMessage(msgspec.Struct):
    """A message or a note that was found, in an excerpt."""

    id: str
    sequence: int
    at: datetime
    type: str
    author: str
    words: list[Piece]


class FoundPerson(msgspec.Struct):
    """A person who was found, or with whom something was said that was: then `message` is the newest, `more` if others.

    `alike`: a name of another spelling.
    """

    conversation_id: str
    name: list[Piece]
    phone: str | None
    message: FoundMessage | None
    more: bool
    alike: bool


@get(acting.USER + "/search", opt=does(acting.SCOPE, returns=shapes.Page[FoundPerson], query=Asked, refuses=(404, 429)))
async def search_as_user(
    user_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    searcher: NamedDependency[Searcher],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[FoundPerson]:
    """People by who they are, then by what was said with them, newest first. Notes are among what was said.

    Refuses 422 (field `q`) `nothing_to_find` and `too_short`. A document or telephone looked for goes on record.
    """
    asked = query(request, Asked)
    name, filters = f"search:{user_id}", {"q": asked.q}
    after = read_place(str(cursors.read(name, filters, asked.cursor, (str,))[0])) if asked.cursor is not None else None
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
    rates.charge(request, "search", viewer.id)
    wanted = read_query(asked.q)
    async with searcher.reading() as tx:
        found = await finding.find(tx, viewer, wanted, after=after, version=0)
    if after is None:
        await put_on_record(db, viewer, wanted, people=len(found.people))
    following = cursors.write(name, filters, (found.following.text(),)) if found.following else None
    return shapes.Page([_person(group) for group in (*found.people, *found.groups)], following)


@get(
    acting.CONVERSATION + "/search",
    opt=does(acting.SCOPE, returns=shapes.Page[FoundMessage], query=Asked, refuses=(404, 429)),
)
async def search_one_as_user(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    searcher: NamedDependency[Searcher],
    cursors: NamedDependency[Cursors],
    db: NamedDependency[Database],
) -> shapes.Page[FoundMessage]:
    """All that was found in one conversation, newest first."""
    asked = query(request, Asked)
    name, filters = f"search:{user_id}:{conversation_id}", {"q": asked.q}
    before = int(cursors.read(name, filters, asked.cursor, (int,))[0]) if asked.cursor is not None else None
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id)
    rates.charge(request, "search", viewer.id)
    wanted = read_query(asked.q)
    async with searcher.reading() as tx:
        hits = await finding.find_in(tx, conversation, wanted, before=before)
    more = len(hits) == finding.IN_ONE
    following = cursors.write(name, filters, (hits[-1].message_id,)) if more else None
    return shapes.Page([_message(hit) for hit in hits], following)


def _person(group: Group) -> FoundPerson:
    return FoundPerson(
        conversation_id=str(group.row.conversation_id),
        name=_pieces(group.name),
        phone=group.phone,
        message=_message(group.hit) if group.hit is not None else None,
        more=group.has_more,
        alike=group.is_alike,
    )


def _message(hit: Hit) -> FoundMessage:
    return FoundMessage(
        id=str(hit.message_id),
        sequence=hit.sequence,
        at=hit.at,
        type=hit.kind,
        author=hit.author,
        words=_pieces(hit.words),
    )


def _pieces(pieces: Pieces) -> list[Piece]:
    return [Piece(text, is_found) for text, is_found in pieces]


routes = [search_as_user, search_one_as_user]
