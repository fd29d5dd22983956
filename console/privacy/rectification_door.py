"""The form in which a person's data are corrected, and what is then to be corrected at the source."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from console import clock, masking
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import policy, queries
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio.corrections import Correction, Field
from console.portfolio.documents import masked
from console.portfolio.models import Account, Creditor, Debtor
from console.privacy import rectifying, requests
from console.privacy.models import Kind, PrivacyRequest, RequestState
from console.settings import Settings
from console.settings_pages.answers import known_id, show

PAGE = "/privacy/{request_id:int}/rectification"
FIELDS = {
    Field.NAME: Words("Nombre"),
    Field.DOCUMENT: Words("Documento"),
    Field.BIRTH: Words("Año de nacimiento"),
    Field.PHONE: Words("Teléfono"),
}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A correction as the page shows it: what stood and stands, and how the source goes on."""

    field: str
    was: str
    became: str
    contested_at: Any
    batch_id: int | None
    is_taken_over: bool


@get(PAGE)
async def rectification_page(
    request_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """What we hold, to be corrected; once it was, what the owner of the source has to correct. Refuses: 403; 404."""
    policy.require(viewer, "handle_privacy")
    return await _page(db, settings, viewer, request_id, typed={}, problem=None)


@post(PAGE, status_code=303)
async def rectify(
    request: Request[Any, Any, Any],
    request_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Correct it and answer the request. A refusal gives the form back. Refuses: 403; 404; as `rectifying.rectify`."""
    policy.require(viewer, "handle_privacy")
    typed = await read_form(request)
    try:
        async with db.transaction() as tx:
            found = await requests.opened(tx, viewer, known_id(request_id))
            if found.kind != Kind.RECTIFICATION:
                raise not_found()
            await rectifying.rectify(tx, found, by=viewer, typed=typed, settings=settings)
    except Refused as refused:
        if refused.status not in {409, 422}:
            raise
        return await _page(db, settings, viewer, request_id, typed=typed, problem=refused)
    return Redirect(f"/privacy/{request_id}/rectification", status_code=303)


async def _page(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    request_id: int,
    *,
    typed: dict[str, str],
    problem: Refused | None,
) -> Response[Any]:
    async with db.reading() as tx:
        request = await requests.seen(tx, viewer, known_id(request_id), kind=Kind.RECTIFICATION)
        contact = await tx.get_one(Contact, request.contact_id)
        people = await rectifying.held_of(tx, contact.id) if request.state == RequestState.OPEN else []
        done = await _done(tx, request)
        sources = await _sources(tx, request)
        conversation = await tx.get_one(Conversation, request.conversation_id)
    today = clock.now().astimezone(settings.zone).date()
    return show(
        "privacy/rectification.html",
        viewer,
        status=problem.status if problem else 200,
        request=request,
        is_open=request.state == RequestState.OPEN,
        days_left=(request.due_on - today).days,
        name=queries.contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        conversation_id=conversation.id,
        people=people,
        done=done,
        sources=sources,
        typed=typed,
        problem=problem,
    )


async def _done(tx: Tx, request: PrivacyRequest) -> list[Done]:
    wanted = select(Correction).where(Correction.request_id == request.id).order_by(Correction.id)
    return [
        Done(
            field=FIELDS[Field(row.field)],
            was=_shown(row, row.was),
            became=_shown(row, row.became),
            contested_at=row.contested_at,
            batch_id=row.batch_id,
            is_taken_over=row.ended_at is not None,
        )
        for row in await tx.scalars(wanted)
    ]


def _shown(row: Correction, value: str | None) -> str:
    """Documents and telephones are masked here as everywhere; whoever needs one reveals it where that is on record."""
    if not value:
        return "—"
    if row.field == Field.PHONE:
        return masking.phone(value)
    if row.field != Field.DOCUMENT:
        return value
    kind, _, number = value.partition(" ")
    return f"{kind} {masked(number)}"


async def _sources(tx: Tx, request: PrivacyRequest) -> list[tuple[str, str]]:
    """Whose books say the old: the creditor, and how it calls each debt of the person."""
    wanted = (
        select(Creditor.name, Account.external_id)
        .join(Account, Account.creditor_id == Creditor.id)
        .join(Debtor, Debtor.id == Account.debtor_id)
        .join(Correction, Correction.debtor_id == Debtor.id)
        .where(Correction.request_id == request.id)
        .distinct()
    )
    return sorted((name, external_id) for name, external_id in await tx.execute(wanted))


routes = [rectification_page, rectify]
