"""Canned text while writing: the list under `/`, counting what is used, and confirming whom one speaks with."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.canned import keeping, offering
from console.db import Database
from console.errors import not_found
from console.forms import html
from console.inbox import queries
from console.portfolio import right_party
from console.render import fragment
from console.settings import Settings
from console.texts.values import values_of


@get("/inbox/{conversation_id:int}/canned-texts")
async def canned_texts(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """What `/` offers here, filled in."""
    return await _picker(db, settings, viewer, conversation_id)


@post("/inbox/{conversation_id:int}/canned-texts/{canned_id:int}/uses", status_code=204)
async def use_canned_text(
    conversation_id: FromPath[int],
    canned_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> None:
    """Count that it was put into a message."""
    async with db.transaction() as tx:
        await queries.open_conversation(tx, viewer, conversation_id)
        if canned_id > queries.LARGEST_ID:
            raise not_found()
        await keeping.note_use(tx, await keeping.open_canned(tx, viewer, canned_id), by=viewer)


@post("/inbox/{conversation_id:int}/right-party", status_code=200)
async def confirm_right_party(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Note that the debtor themselves answers here; the list comes back with what is about the debt filled in."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await right_party.confirm(tx, conversation, by=viewer)
    return await _picker(db, settings, viewer, conversation_id)


async def _picker(db: Database, settings: Settings, viewer: Viewer, conversation_id: int) -> Response[str]:
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        values = await values_of(
            tx,
            conversation,
            agent=viewer.name,
            company=settings.company,
            base_url=settings.base_url,
            zone=settings.zone,
            moment=clock.now(),
        )
        offered = await offering.offers(tx, viewer, values)
    shown = fragment(
        "inbox/_canned.html",
        conversation_id=conversation_id,
        offers=offered,
        held_back=values.held_back,
        can_confirm=values.can_confirm,
    )
    return html(shown)


routes = [canned_texts, use_canned_text, confirm_right_party]
