"""Canned responses as `/` offers them in a conversation: filled in for its person, those of the user included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.api import acting, acting_shapes, listing, shapes
from console.api.asking import number, query
from console.api.cursors import Cursors
from console.api.operations import does
from console.api.tokens import Program
from console.canned import files, keeping, offering
from console.canned.models import CannedFile
from console.db import Database, Tx
from console.errors import not_found
from console.inbox import queries
from console.scheduling.filling import House, known_now
from console.settings import Settings
from console.texts.values import Values

PATH = "/users/{user_id:str}/conversations/{conversation_id:str}/canned-responses"


@get(
    PATH,
    opt=does(acting.SCOPE, returns=shapes.Page[acting_shapes.FilledText], query=listing.Paging, refuses=(404,)),
)
async def list_filled_texts(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[acting_shapes.FilledText]:
    """What a user may use here, filled in, what they use most first."""
    asked = query(request, listing.Paging)
    name = f"filled-texts:{user_id}:{conversation_id}"
    place = listing.begin(cursors, name, asked, (int,))
    begin = int(place[0]) if place is not None else 0
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        offers, values = await _offered(tx, viewer, number(conversation_id), settings)
        some = list(enumerate(offers, start=1))[begin : begin + asked.limit + 1]
        page, following = listing.cut(cursors, name, asked, some, lambda row: (row[0],))
        kept = await files.of(tx, [offer.id for _place, offer in page])
    return shapes.Page([_shown(offer, values, kept) for _place, offer in page], following)


@post(
    PATH + "/{canned_id:str}/uses",
    status_code=200,
    opt=does(acting.SCOPE, returns=acting_shapes.FilledText, refuses=(404,)),
)
async def use_canned_response(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    canned_id: FromPath[str],
    *,
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> acting_shapes.FilledText:
    """One of them filled in, to be put into a message; counted as used. With `missing` blanks it is not sendable."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await queries.open_conversation(tx, viewer, number(conversation_id))
        row = await keeping.open_canned(tx, viewer, number(canned_id))
        if row.retired_at is not None:
            raise not_found()
        await keeping.note_use(tx, row, by=viewer)
        offers, values = await _offered(tx, viewer, conversation.id, settings)
        kept = await files.of(tx, [row.id])
        return next(_shown(offer, values, kept) for offer in offers if offer.id == row.id)


async def _offered(
    tx: Tx, viewer: Viewer, conversation_id: int, settings: Settings
) -> tuple[list[offering.Offer], Values]:
    conversation = await queries.open_conversation(tx, viewer, conversation_id)
    values = await known_now(tx, conversation, agent=viewer.name, house=House.of(settings), moment=clock.now())
    return await offering.offers(tx, viewer, values), values


def _shown(offer: offering.Offer, values: Values, kept: Mapping[int, Sequence[CannedFile]]) -> acting_shapes.FilledText:
    return acting_shapes.FilledText(
        id=str(offer.id),
        name=offer.name,
        folder=offer.folder or None,
        whose=offer.whose,
        text=offer.text,
        missing=offer.missing,
        held_back=values.held_back,
        files=shown_files(kept.get(offer.id, ())),
        used=offer.used,
    )


def shown_files(kept: Sequence[CannedFile]) -> list[shapes.CannedFile]:
    """The files of a canned text, without a word of where they are kept."""
    return [
        shapes.CannedFile(
            id=str(file.id),
            kind=file.kind,
            mime_type=file.mime_type,
            filename=file.filename,
            size=file.size,
            sha256=file.sha256,
        )
        for file in kept
    ]


routes = [list_filled_texts, use_canned_response]
