"""Scheduling a message and cancelling it, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form
from console.inbox import answering, policy, queries
from console.portfolio.contact_hours import is_open
from console.portfolio.whereabouts import whereabouts
from console.render import fragment
from console.scheduling import later
from console.settings import Settings
from console.snoozing import moments


@get("/inbox/{conversation_id:int}/schedule")
async def schedule_form(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks when, and shows what is to leave then."""
    return html(await _form(db, settings, viewer, conversation_id, form={}))


@post("/inbox/{conversation_id:int}/scheduled-messages", status_code=201)
async def schedule(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Let a text leave later; a refusal shows the form again with what was written."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
            at = _moment(form, zone, country)
            row = await later.schedule(
                tx,
                conversation,
                by=viewer,
                text=form.get("text", ""),
                at=at,
                client_key=answering.key_in(form),
                zone=zone,
                country=country,
            )
            await answering.forget_draft(tx, viewer, conversation, "reply")
    except Refused as refused:
        if refused.status == 404:
            raise
        again = await _form(db, settings, viewer, conversation_id, form=form, problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return await answering.shown(db, row.id, status=201)


@post("/inbox/{conversation_id:int}/scheduled-messages/{message_id:int}/cancellation", status_code=200)
async def cancel(
    conversation_id: FromPath[int],
    message_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Let it not leave; answers with how it stands."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        row = await later.cancel(tx, conversation, min(message_id, queries.LARGEST_ID), by=viewer)
    return await answering.shown(db, row.id)


def _moment(form: dict[str, str], zone: ZoneInfo, country: str) -> datetime:
    choice = moments.chosen(form.get("until", ""), form.get("at", ""), clock.now(), zone, country)
    if choice.at is None:
        raise Refused(422, "Elija cuándo sale.", code="invalid", field="until")
    return choice.at


async def _form(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    conversation_id: int,
    *,
    form: dict[str, str],
    problem: Refused | None = None,
) -> str:
    moment = clock.now()
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
        window = policy.window(conversation, moment)
    offered = [
        choice
        for choice in moments.choices(moment, zone, country)
        if choice.at is not None
        and window.free_text_until is not None
        and choice.at < window.free_text_until
        and is_open(choice.at, zone, country)
    ]
    return fragment(
        "inbox/schedule_form.html",
        conversation_id=conversation_id,
        choices=offered,
        zone=zone.key,
        clock=f"{moment.astimezone(zone):%H:%M}",
        least=f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}",
        most=f"{window.free_text_until.astimezone(zone):%Y-%m-%dT%H:%M}" if window.free_text_until else "",
        key=form.get("client_key", ""),
        text=form.get("text", ""),
        at=form.get("at", ""),
        problem=problem,
    )


routes = [schedule_form, schedule, cancel]
