"""Putting a conversation aside, over HTTP."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form
from console.inbox import assign, headers, queries
from console.portfolio.whereabouts import whereabouts
from console.render import fragment
from console.settings import Settings
from console.snoozing import moments


@get("/inbox/{conversation_id:int}/snooze")
async def snooze_form(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks until when, in the debtor's time."""
    return html(await _form(db, settings, viewer, conversation_id))


@post("/inbox/{conversation_id:int}/snooze", status_code=200)
async def snooze(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Put it aside; a refusal shows the form again with what was chosen."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
            choice = moments.chosen(form.get("until", ""), form.get("at", ""), clock.now(), zone, country)
            words = choice.label[0].lower() + choice.label[1:]
            await assign.snooze(tx, conversation, by=viewer, until=choice.at, what=words)
    except Refused as refused:
        if refused.status != 422:
            raise
        again = await _form(db, settings, viewer, conversation_id, at=form.get("at", ""), problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    async with db.reading() as tx:
        header = await headers.header_of(tx, viewer, conversation_id, clock.now())
    return html(fragment("inbox/_header.html", header=header))


async def _form(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    conversation_id: int,
    *,
    at: str = "",
    problem: Refused | None = None,
) -> str:
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
    moment = clock.now()
    return fragment(
        "inbox/snooze_form.html",
        conversation_id=conversation_id,
        choices=moments.choices(moment, zone, country),
        zone=zone.key,
        clock=f"{moment.astimezone(zone):%H:%M}",
        least=f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}",
        at=at,
        problem=problem,
    )


routes = [snooze_form, snooze]
