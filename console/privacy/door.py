"""The page of privacy requests, for supervisors; erasing itself is for administrators."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy, queries
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio.models import ContactPoint, Debtor, PointState
from console.privacy import erasing, requests
from console.privacy.models import Kind, PrivacyRequest, RequestState
from console.settings import Settings
from console.settings_pages.answers import cursor_of, known_id, show

PAGE = "/privacy"
AT_ONCE = 50
KINDS = {Kind.ACCESS: Words("Acceso"), Kind.RECTIFICATION: Words("Rectificación"), Kind.ERASURE: Words("Borrado")}
STATES = {
    RequestState.OPEN: Words("Por responder"),
    RequestState.DONE: Words("Respondida"),
    RequestState.REFUSED: Words("Rechazada"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A request in the list. `late` and `left` speak of the last day to answer."""

    id: int
    kind: str
    kind_word: str
    state: str
    state_word: str
    person: str
    conversation_id: int
    country: str
    asked_on: date
    due_on: date
    days_left: int
    reason: str | None


@get(PAGE)
async def privacy_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Open requests first, the most urgent on top; then the answered ones, newest first."""
    policy.require(viewer, "handle_privacy")
    cursor = cursor_of(request)
    async with db.reading() as tx:
        lines = await _lines(tx, viewer, settings, cursor)
    return show(
        "privacy/privacy.html",
        viewer,
        lines=lines[:AT_ONCE],
        next_cursor=str(lines[AT_ONCE - 1].id) if len(lines) > AT_ONCE else None,
        kinds=KINDS,
        conversation=request.query_params.get("conversation", "")[:18],
        today=clock.now().astimezone(settings.zone).date().isoformat(),
    )


@post(PAGE, status_code=303)
async def note_request(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Note a request: `conversation`, `kind` and the day it was `asked_on`.

    Refuses: 403; 404; 422 "invalid" naming the field (a day to come among them).
    """
    policy.require(viewer, "handle_privacy")
    form = await read_form(request)
    kind, number = form.get("kind", ""), form.get("conversation", "").strip()
    if kind not in set(Kind):
        raise Refused(422, Words("Elija qué pide la persona."), code="invalid", field="kind")
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise Refused(422, Words("Escriba el número de la conversación."), code="invalid", field="conversation")
    asked_on = _day(form.get("asked_on", ""), clock.now().astimezone(settings.zone).date())
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, int(number), lock=True)
        country = await _country(tx, conversation) or settings.country
        await requests.note(
            tx, conversation, by=viewer, kind=Kind(kind), asked_on=asked_on, country=country, message_id=None
        )
    return Redirect(PAGE, status_code=303)


@post(PAGE + "/{request_id:int}/answer", status_code=303)
async def answer_request(
    request_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Do what was asked: an erasure erases, the others note that they were done. Erasing is for administrators.

    Refuses: 403; 404; 409 "already_answered", "in_flight".
    """
    policy.require(viewer, "handle_privacy")
    gone = None
    async with db.transaction() as tx:
        request = await requests.opened(tx, viewer, known_id(request_id))
        facts: dict[str, object] = {}
        if request.kind == Kind.ERASURE:
            policy.require(viewer, "erase_person")
            gone = await erasing.erase(tx, request.contact_id, by=viewer.actor)
            facts = {"messages": gone.messages, "media": gone.media}
        requests.answer(tx, request, by=viewer, facts=facts)
    if gone is not None:
        await asyncio.to_thread(erasing.remove, gone, settings.media_dir)
    return Redirect(PAGE, status_code=303)


@post(PAGE + "/{request_id:int}/refusal", status_code=303)
async def refuse_request(
    request: Request[Any, Any, Any],
    request_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Refuse it, with the ground. Refuses: 403; 404; 409; 422 "invalid" (field reason)."""
    policy.require(viewer, "handle_privacy")
    form = await read_form(request)
    async with db.transaction() as tx:
        found = await requests.opened(tx, viewer, known_id(request_id))
        requests.refuse(tx, found, by=viewer, reason=form.get("reason", ""))
    return Redirect(PAGE, status_code=303)


async def _lines(tx: Tx, viewer: Viewer, settings: Settings, cursor: int | None) -> list[Line]:
    wanted = (
        select(PrivacyRequest, Contact)
        .join(Conversation, Conversation.id == PrivacyRequest.conversation_id)
        .join(Contact, Contact.id == PrivacyRequest.contact_id)
        .where(policy.visible(viewer))
    )
    answered = wanted.where(PrivacyRequest.state != RequestState.OPEN).order_by(PrivacyRequest.id.desc())
    if cursor is not None:
        rows = (await tx.execute(answered.where(PrivacyRequest.id < cursor).limit(AT_ONCE + 1))).all()
    else:
        open_ = wanted.where(PrivacyRequest.state == RequestState.OPEN)
        rows = list((await tx.execute(open_.order_by(PrivacyRequest.due_on, PrivacyRequest.id).limit(500))).all())
        rows += (await tx.execute(answered.limit(AT_ONCE + 1))).all()
    today = clock.now().astimezone(settings.zone).date()
    return [_line(request, contact, today) for request, contact in rows]


def _line(request: PrivacyRequest, contact: Contact, today: date) -> Line:
    return Line(
        id=request.id,
        kind=request.kind,
        kind_word=KINDS[Kind(request.kind)],
        state=request.state,
        state_word=STATES[RequestState(request.state)],
        person=queries.contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        conversation_id=request.conversation_id,
        country=request.country,
        asked_on=request.asked_on,
        due_on=request.due_on,
        days_left=(request.due_on - today).days,
        reason=request.reason,
    )


async def _country(tx: Tx, conversation: Conversation) -> str | None:
    of = select(Debtor.country).join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
    here = of.where(ContactPoint.contact_id == conversation.contact_id, ContactPoint.state == PointState.ACTIVE)
    return (await tx.scalars(here.limit(1))).first()


def _day(typed: str, today: date) -> date:
    try:
        day = date.fromisoformat(typed) if typed else today
    except ValueError:
        raise Refused(422, Words("Escriba el día en que lo pidió."), code="invalid", field="asked_on") from None
    if day > today or (today - day).days > 3650:
        raise Refused(422, Words("El día en que lo pidió no puede ser futuro."), code="invalid", field="asked_on")
    return day


routes = [privacy_page, note_request, answer_request, refuse_request]
