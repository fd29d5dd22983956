"""Showing a masked document or telephone whole, over HTTP. Like every answer it is "no-store": nobody keeps it."""

from __future__ import annotations

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.forms import html
from console.privacy import revealing
from console.privacy.revealing import Revealed
from console.render import page


@post("/inbox/{conversation_id:int}/debtors/{debtor_id:int}/document", status_code=200)
async def reveal_in_conversation(
    conversation_id: FromPath[int],
    debtor_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The whole document, for who attends to the conversation and who leads. Refuses: 403; 404."""
    async with db.transaction() as tx:
        revealed = await revealing.in_conversation(tx, viewer, conversation_id, debtor_id)
    return _shown(revealed)


@post("/portfolio/debtors/{debtor_id:int}/document", status_code=200)
async def reveal_of_debtor(
    debtor_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The whole document, for who leads. Refuses: 403; 404."""
    async with db.transaction() as tx:
        revealed = await revealing.of_debtor(tx, viewer, debtor_id)
    return _shown(revealed)


@post("/portfolio/debtors/{debtor_id:int}/phones/{number_id:int}", status_code=200)
async def reveal_phone_of_debtor(
    debtor_id: FromPath[int],
    number_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The whole telephone, for who leads. Refuses: 403; 404."""
    async with db.transaction() as tx:
        revealed = await revealing.phone_of_debtor(tx, viewer, debtor_id, number_id)
    return _shown(revealed)


@post("/inbox/{conversation_id:int}/phone", status_code=200)
async def reveal_phone_in_conversation(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The whole telephone, for who attends to the conversation and who leads. Refuses: 403; 404."""
    async with db.transaction() as tx:
        revealed = await revealing.phone_in_conversation(tx, viewer, conversation_id)
    return _shown(revealed)


@post("/inbox/{conversation_id:int}/phones/{alias_id:int}", status_code=200)
async def reveal_other_phone_in_conversation(
    conversation_id: FromPath[int],
    alias_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Another telephone of the same person. Refuses like the first."""
    async with db.transaction() as tx:
        revealed = await revealing.phone_in_conversation(tx, viewer, conversation_id, alias_id)
    return _shown(revealed)


def _shown(revealed: Revealed) -> Response[str]:
    return html(page("privacy/revealed.html", document=revealed, seconds=revealing.SECONDS))


routes = [
    reveal_in_conversation,
    reveal_of_debtor,
    reveal_other_phone_in_conversation,
    reveal_phone_in_conversation,
    reveal_phone_of_debtor,
]
