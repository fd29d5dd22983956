"""Searching over HTTP: everything one may see, and one conversation."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import audit, rates
from console.agents import Viewer
from console.db import Database
from console.forms import html, whole
from console.inbox import queries
from console.render import fragment
from console.search import finding
from console.search.found import read_place
from console.search.searcher import Searcher
from console.search.words import Query, read_query

ON_RECORD = 6
"""Digits from which on a number says who somebody is, and having looked for it goes on record."""


@get("/inbox/search")
async def search(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    searcher: NamedDependency[Searcher],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """A page of what was found. Having looked for a document or a telephone goes on record, without the number."""
    rates.charge(request, "search", viewer.id)
    q = request.query_params.get("q", "")
    after = read_place(request.query_params.get("cursor"))
    query = read_query(q)
    async with searcher.reading() as tx:
        found = await finding.find(tx, viewer, query, after=after, version=0)
    if after is None:
        await put_on_record(db, viewer, query, people=len(found.people))
    return html(fragment("search/_found.html", found=found, q=q))


@get("/inbox/{conversation_id:int}/search")
async def search_one(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    searcher: NamedDependency[Searcher],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """All that was found in one conversation, a page of it, the newest first."""
    rates.charge(request, "search", viewer.id)
    q = request.query_params.get("q", "")
    before = request.query_params.get("before")
    below = whole(before, "before") if before else None
    query = read_query(q)
    async with searcher.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        hits = await finding.find_in(tx, conversation, query, before=below)
    more = hits[-1].message_id if len(hits) == finding.IN_ONE else None
    return html(fragment("search/_in_one.html", conversation_id=conversation_id, hits=hits, q=q, more=more))


async def put_on_record(db: Database, viewer: Viewer, query: Query, *, people: int) -> None:
    """Having looked for a document or a telephone goes on record, without the number. Records "search.made"."""
    if not query.digits or len(query.digits) < ON_RECORD:
        return
    async with db.transaction() as tx:
        new = {"digits": len(query.digits), "people": people}
        audit.record(tx, viewer.actor, "search.made", new=new)


routes = [search, search_one]
