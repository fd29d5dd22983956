"""The page of payments to look at, for supervisors and administrators."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Redirect

from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import policy, queries
from console.languages.words import Words
from console.portfolio import resolving
from console.portfolio.to_look_at import to_look_at
from console.render import page

PAGE = "/portfolio/payments"


@get(PAGE)
async def payments_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What waits for a person, oldest first."""
    policy.require(viewer, "apply_payments")
    return await _page(db, viewer)


@post("/portfolio/payments/{payment_id:int}/resolution", status_code=303)
async def resolve_payment(
    request: Request[Any, Any, Any],
    payment_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Assign, use, return or dismiss one, with a reason. A refusal gives the page back with the reason in it."""
    policy.require(viewer, "apply_payments")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await _resolve(tx, _known(payment_id), form, viewer)
    except Refused as refused:
        if refused.status in {403, 404}:
            raise
        return await _page(db, viewer, form=form, at=f"payment-{payment_id}", refused=refused)
    return Redirect(PAGE, status_code=303)


@post("/portfolio/payments/notices/{notice_id:int}/resolution", status_code=303)
async def resolve_notice(
    request: Request[Any, Any, Any],
    notice_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Say that a notice was looked at."""
    policy.require(viewer, "apply_payments")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await resolving.dismiss_notice(tx, _known(notice_id), by=viewer, note=form.get("note", ""))
    except Refused as refused:
        if refused.status in {403, 404}:
            raise
        return await _page(db, viewer, form=form, at=f"notice-{notice_id}", refused=refused)
    return Redirect(PAGE, status_code=303)


async def _resolve(tx: Tx, payment_id: int, form: dict[str, str], viewer: Viewer) -> None:
    note = form.get("note", "")
    match form.get("deed"):
        case "assign":
            await resolving.assign(tx, payment_id, to=form.get("account", ""), by=viewer, note=note)
        case "use":
            await resolving.use_excess(tx, payment_id, by=viewer, note=note)
        case "return":
            await resolving.give_back(tx, payment_id, by=viewer, note=note)
        case "dismiss":
            await resolving.dismiss(tx, payment_id, by=viewer, note=note)
        case _:
            raise Refused(422, Words("Elija qué se hace con el pago."), code="invalid", field="deed")


async def _page(
    db: Database,
    viewer: Viewer,
    *,
    form: dict[str, str] | None = None,
    at: str | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        waiting = await to_look_at(tx, viewer)
    shown = {*(f"payment-{each.id}" for each in waiting.payments), *(f"notice-{each.id}" for each in waiting.notices)}
    body = page(
        "portfolio/payments.html",
        viewer=viewer,
        waiting=waiting,
        typed=form or {},
        # What somebody else resolved meanwhile is no longer there: the reason stands above them all.
        at=at if at in shown else "top",
        problem=refused,
    )
    return Response(body, status_code=refused.status if refused else 200, media_type=MediaType.HTML)


def _known(number: int) -> int:
    if not 0 < number <= queries.LARGEST_ID:
        raise not_found()
    return number


routes = [payments_page, resolve_payment, resolve_notice]
