"""The floor over HTTP: looking, watching, whispering and stepping in."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import headers, policy, queries, rows, threads
from console.inbox.models import Conversation
from console.languages.words import Words
from console.render import fragment, page
from console.supervision import stepping_in, whispers
from console.supervision.alerts import alerts_for
from console.supervision.floor import SHOWS, in_scope, read_floor
from console.supervision.pushes import parts_of
from console.supervision.views import Asked

SHORTEST_KEY, LONGEST_KEY = 8, 64
CARRIED_SHOWN = 30


def asked_in(values: dict[str, str]) -> Asked:
    """What of the floor an address or a frame asks for; Refused(422) for what does not exist."""
    show = values.get("show") or "attention"
    if show not in SHOWS:
        raise Refused(422, Words("Esa vista no existe."), code="invalid", field="show")
    team = whole(values["team"], "team") if values.get("team") else None
    return Asked(team=team, show=show, every=values.get("every") == "1")


@get("/supervisor")
async def floor_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The floor; with `?watch=` a conversation beside it."""
    policy.require(viewer, "watch_floor")
    asked = asked_in(dict(request.query_params))
    async with db.reading() as tx:
        head = await queries.head(tx)
        now = clock.now()
        floor = await read_floor(tx, viewer, asked, now)
        alerts = await alerts_for(tx, viewer, floor, now)
    return html(page("supervision/floor.html", viewer=viewer, head=head, floor=floor, alerts=alerts, shows=SHOWS))


@get("/supervisor/floor")
async def floor_parts(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The parts of the floor, for a page that missed something or asks for others."""
    policy.require(viewer, "watch_floor")
    async with db.reading() as tx:
        parts = await parts_of(tx, viewer, asked_in(dict(request.query_params)))
    return html("\n".join(parts[None].values()))


@get("/supervisor/agents/{agent_id:int}")
async def carried(
    agent_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """What somebody carries of what the viewer may see, who waits longest first."""
    policy.require(viewer, "watch_floor")
    async with db.reading() as tx:
        agent = await stepping_in.led(tx, agent_id, by=viewer)
        wanted = (
            select(Conversation.id)
            .where(Conversation.holder_id == agent_id, Conversation.status == "open", in_scope(viewer, Asked()))
            .order_by(Conversation.waiting_since.is_(None), Conversation.waiting_since, Conversation.id)
            .limit(CARRIED_SHOWN)
        )
        numbers = list(await tx.scalars(wanted))
        facts = {fact.row.conversation_id: fact.row for fact in await rows.rows_by_id(tx, numbers, version=0)}
        members = await headers.candidates(tx, {row.team_id for row in facts.values()})
    people = sorted({one for of in members.values() for one in of if one[0] != agent_id}, key=lambda one: one[1])
    lines = [facts[number] for number in numbers if number in facts]
    return html(fragment("supervision/_carried.html", agent_id=agent_id, name=agent.name, lines=lines, people=people))


@get("/supervisor/conversations/{conversation_id:int}")
async def watch(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """A conversation to watch. It goes on record, and the debtor is told nothing: no blue ticks, no reading mark."""
    policy.require(viewer, "watch_floor")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        said = {"sequence": conversation.last_sequence, "watching": True}
        audit.record(tx, viewer.actor, "conversation.viewed", conversation_id=conversation_id, new=said)
    return await _watched(request, db, viewer, conversation_id)


async def _watched(
    request: Request[Any, Any, Any], db: Database, viewer: Viewer, conversation_id: int
) -> Response[str]:
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        shown = fragment(
            "supervision/_watch.html",
            header=await headers.header_of(tx, viewer, conversation_id, clock.now()),
            thread=await threads.thread_page(tx, conversation),
            presence=request.app.state.presence.people(conversation_id),
            whispers=await whispers.heard_by(tx, viewer, conversation_id),
        )
    return html(shown)


@get("/inbox/{conversation_id:int}/whispers")
async def heard(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """What was whispered to or by the viewer in a conversation."""
    async with db.reading() as tx:
        await queries.open_conversation(tx, viewer, conversation_id)
        said = await whispers.heard_by(tx, viewer, conversation_id)
    return html("\n".join(fragment("supervision/_whisper.html", said=one) for one in said))


@post("/supervisor/conversations/{conversation_id:int}/whispers", status_code=200)
async def say_softly(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Whisper to whoever holds the conversation."""
    policy.require(viewer, "watch_floor")
    form = await read_form(request)
    key = form.get("client_key", "")
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise Refused(422, Words("Falta la clave del envío: recargue la página."), code="invalid", field="client_key")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        said = await whispers.whisper(tx, conversation, by=viewer, text=form.get("text", ""), client_key=key)
        shown = fragment("supervision/_whisper.html", said=said)
    return html(shown)


@post("/supervisor/conversations/{conversation_id:int}/takeover", status_code=200)
async def take_over(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take it, whoever holds it."""
    policy.require(viewer, "watch_floor")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await stepping_in.take_over(tx, conversation, by=viewer)
    return await _bar(db, viewer, conversation_id)


@post("/supervisor/conversations/{conversation_id:int}/return", status_code=200)
async def give_back(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Give it back to who had it."""
    policy.require(viewer, "watch_floor")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await stepping_in.give_back(tx, conversation, by=viewer)
    return await _bar(db, viewer, conversation_id)


async def _bar(db: Database, viewer: Viewer, conversation_id: int) -> Response[str]:
    async with db.reading() as tx:
        await queries.open_conversation(tx, viewer, conversation_id)
        header = await headers.header_of(tx, viewer, conversation_id, clock.now())
    return html(fragment("supervision/_watch_bar.html", header=header))


@post("/supervisor/reassignment", status_code=200)
async def reassign(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Give one or many to somebody (`to`), or back to their queues (`to` empty): all or none."""
    policy.require(viewer, "watch_floor")
    form = await read_form(request)
    ids = [whole(number, "ids") for number in form.get("ids", "").split(".") if number]
    to = whole(form["to"], "to") if form.get("to") else None
    async with db.transaction() as tx:
        await stepping_in.reassign(tx, ids, by=viewer, to=to)
    return html("")


@post("/supervisor/agents/{agent_id:int}/{deed:str}", status_code=200)
async def send_away(
    agent_id: FromPath[int],
    deed: FromPath[str],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """`break`: nothing new for them; `return`: available again; `sign-out`: all their sessions end."""
    policy.require(viewer, "watch_floor")
    async with db.transaction() as tx:
        await _do(tx, deed, agent_id, viewer)
    return html("")


async def _do(tx: Tx, deed: str, agent_id: int, viewer: Viewer) -> None:
    if deed == "break":
        await stepping_in.force_break(tx, agent_id, by=viewer)
    elif deed == "return":
        await stepping_in.let_back(tx, agent_id, by=viewer)
    elif deed == "sign-out":
        await stepping_in.sign_out(tx, agent_id, by=viewer)
    else:
        raise Refused(404, Words("Eso no se puede hacer."), code="not_found")


routes = [
    floor_page,
    floor_parts,
    carried,
    watch,
    heard,
    say_softly,
    take_over,
    give_back,
    reassign,
    send_away,
]
