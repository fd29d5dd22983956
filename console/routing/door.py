"""The queue over HTTP: one's own state, the next conversation, and handing one on."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import policy, queries
from console.inbox.answering import mentioned_in
from console.languages.words import Words
from console.render import fragment
from console.routing import availability, serve, views
from console.routing.transfer import transfer
from console.settings import Settings

SHORTEST_KEY, LONGEST_KEY = 8, 64


@get("/inbox/state")
async def state_now(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[str]:
    """How the viewer stands to the queue."""
    async with db.reading() as tx:
        state = await views.own_state(tx, viewer.id)
    return html(fragment("routing/_own_state.html", state=state))


@post("/inbox/state", status_code=200)
async def change_state(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Be available, pause for a reason, or be away."""
    form = await read_form(request)
    state, _of, reason = form.get("state", "").partition(":")
    async with db.transaction() as tx:
        await availability.stand(tx, viewer.id, by=viewer, state=state, reason=reason or form.get("reason"))
        now = await views.own_state(tx, viewer.id)
    return html(fragment("routing/_own_state.html", state=now))


@post("/inbox/next", status_code=200)
async def next_conversation(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take the next conversation of the queue; the header `x-conversation` says which one it is."""
    async with db.transaction() as tx:
        conversation = await serve.take_next(tx, viewer, moment=clock.now(), zone=settings.zone)
    return html("", headers={"x-conversation": str(conversation.id)})


@get("/inbox/{conversation_id:int}/transfer")
async def transfer_form(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks to whom, and for the note."""
    return await _form(db, viewer, conversation_id, {})


@post("/inbox/{conversation_id:int}/transfer", status_code=200)
async def hand_on(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Hand it to a person or to a team's queue; a refusal shows what was typed and why not."""
    typed = await read_form(request)
    try:
        to, key, named = _receiver(typed), _key(typed), mentioned_in(typed)
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            await transfer(
                tx, conversation, by=viewer, note=typed.get("note", ""), client_key=key, mentions=named, **to
            )
    except Refused as refused:
        if refused.status != 422:
            raise
        return await _form(db, viewer, conversation_id, typed, refused)
    return html("")


def _receiver(typed: dict[str, str]) -> dict[str, int]:
    """Whom a form names: `agent:7` or `team:2`; nobody when it names none."""
    kind, _of, number = typed.get("to", "").partition(":")
    return {f"to_{kind}": whole(number, "to")} if kind in {"agent", "team"} else {}


def _key(typed: dict[str, str]) -> str:
    key = typed.get("client_key", "")
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise Refused(422, Words("Falta la clave del envío: recargue la página."), code="invalid", field="client_key")
    return key


async def _form(
    db: Database, viewer: Viewer, conversation_id: int, typed: dict[str, str], refused: Refused | None = None
) -> Response[str]:
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        if conversation.holder_id != viewer.id:
            policy.require(viewer, "assign_others")
        form = fragment(
            "routing/transfer_form.html",
            conversation_id=conversation_id,
            receivers=await views.receivers(tx, conversation),
            teams=await views.teams(tx),
            own_team=conversation.team_id,
            typed=typed,
            problem=refused,
        )
    return html(form, status=refused.status if refused else 200)


routes = [state_now, change_state, next_conversation, transfer_form, hand_on]
