"""Scheduling a text or a template, changing it and cancelling it, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import answering, drafts, queries
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio.whereabouts import whereabouts
from console.render import fragment
from console.scheduling import forming, later
from console.scheduling.filling import House, Said
from console.scheduling.later import Terms
from console.settings import Settings
from console.snoozing import moments

PREFIX = "variable."


@get("/inbox/{conversation_id:int}/schedule")
async def schedule_form(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks when, and shows what is to leave then: a text, or the template of `?template_id=`."""
    typed = dict(request.query_params)
    return html(await _form(db, settings, viewer, conversation_id, typed=typed))


@get("/inbox/{conversation_id:int}/schedule/preview")
async def schedule_preview(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """How the template would read if it left now."""
    typed = dict(request.query_params)
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        shown = await forming.template_shown(
            tx,
            conversation,
            viewer,
            House.of(settings),
            template_id=whole(typed.get("template_id"), "template_id"),
            typed=_blanks(typed),
        )
    return html(fragment("inbox/schedule_preview.html", template=shown))


@post("/inbox/{conversation_id:int}/scheduled-messages", status_code=201)
async def schedule(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Let a text or a template leave later; a refusal shows the form again with what was written."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            said, terms = await _asked(tx, conversation, form, settings)
            key, house = answering.key_in(form), House.of(settings)
            row = await later.schedule(tx, conversation, by=viewer, said=said, terms=terms, client_key=key, house=house)
            if said.template_id is None:
                await drafts.forget(tx, conversation, "reply", by=viewer)
    except Refused as refused:
        return await _again(refused, db, settings, viewer, conversation_id, form=form)
    return await answering.shown(db, row.id, status=201)


@get("/inbox/{conversation_id:int}/scheduled-messages/{message_id:int}/change")
async def change_form(
    conversation_id: FromPath[int],
    message_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The form with what waits, to say it otherwise or at another moment."""
    return html(await _form(db, settings, viewer, conversation_id, typed={}, of=message_id))


@post("/inbox/{conversation_id:int}/scheduled-messages/{message_id:int}/change", status_code=200)
async def change(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    message_id: FromPath[int],
    *,
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Change it; a refusal shows the form again with what was written."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            said, terms = await _asked(tx, conversation, form, settings)
            row = await later.change(
                tx,
                conversation,
                min(message_id, queries.LARGEST_ID),
                by=viewer,
                said=said,
                terms=terms,
                version=whole(form["version"], "version") if form.get("version") else None,
                house=House.of(settings),
            )
    except Refused as refused:
        return await _again(refused, db, settings, viewer, conversation_id, form=form, of=message_id)
    return await answering.shown(db, row.id)


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


async def _asked(tx: Tx, conversation: Conversation, form: Mapping[str, str], settings: Settings) -> tuple[Said, Terms]:
    zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
    # A box that is not ticked is not sent: whoever sends no boxes at all has both.
    on_reply, on_payment = (not form.get("terms") or form.get(box) == "1" for box in ("on_reply", "on_payment"))
    terms = Terms(at=_moment(form, zone, country), on_reply=on_reply, on_payment=on_payment)
    if form.get("template_id"):
        return Said(template_id=whole(form["template_id"], "template_id"), variables=_blanks(form)), terms
    return Said(text=form.get("text", "")), terms


def _moment(form: Mapping[str, str], zone: ZoneInfo, country: str) -> datetime:
    choice = moments.chosen(form.get("until", ""), form.get("at", ""), clock.now(), zone, country)
    if choice.at is None:
        raise Refused(422, Words("Elija cuándo sale."), code="invalid", field="until")
    return choice.at


def _blanks(form: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PREFIX): words for name, words in form.items() if name.startswith(PREFIX)}


async def _again(
    refused: Refused,
    db: Database,
    settings: Settings,
    viewer: Viewer,
    conversation_id: int,
    *,
    form: Mapping[str, str],
    of: int | None = None,
) -> Response[str]:
    if refused.status == 404 or refused.code == "already_ended":
        raise refused
    again = await _form(db, settings, viewer, conversation_id, typed=form, of=of, problem=refused)
    return html(again, status=refused.status, headers={"x-refused": refused.code})


async def _form(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    conversation_id: int,
    *,
    typed: Mapping[str, str],
    of: int | None = None,
    problem: Refused | None = None,
) -> str:
    house = House.of(settings)
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
        if of is not None and not typed:
            typed = await forming.as_typed(tx, conversation, min(of, queries.LARGEST_ID), zone)
        template = None
        if typed.get("template_id"):
            number = whole(typed["template_id"], "template_id")
            template = await forming.template_shown(
                tx, conversation, viewer, house, template_id=number, typed=_blanks(typed)
            )
        offer = forming.moments_offered(conversation, clock.now(), zone, country, is_template=template is not None)
    return fragment(
        "inbox/schedule_form.html",
        conversation_id=conversation_id,
        of=of,
        template=template,
        offer=offer,
        typed=typed,
        problem=problem,
    )


routes = [schedule_form, schedule_preview, schedule, change_form, change, cancel]
