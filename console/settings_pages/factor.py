"""One's own second factor: set up with a drawing, proved by a code, kept open for bad days by codes on paper."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from console import second_factor, sessions, throttle
from console.agents import Agent, Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form
from console.settings import Settings
from console.settings_pages.answers import show
from console.sign_in import address_of

PAGE = "/settings/second-factor"


@get(PAGE)
async def factor_page(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """How one's second factor stands."""
    return await _show(db, settings, viewer)


@post(PAGE, status_code=200)
async def turn_on(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Prove that the secret arrived; from now on signing in needs a code."""
    return await _with_code(request, db, settings, viewer, second_factor.confirm)


@post(f"{PAGE}/codes", status_code=200)
async def renew_codes(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """New codes on paper for old ones."""
    return await _with_code(request, db, settings, viewer, second_factor.renew_codes)


@post(f"{PAGE}/removal", status_code=303)
async def turn_off(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Take one's own factor away, proved by a code; not where the role needs one. Every session ends."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await throttle.charge(tx, await _keys(db, settings, viewer, request))
        async with db.transaction() as tx:
            await second_factor.turn_off(tx, by=viewer, code=form.get("code", "")[:40], key=settings.secret_key)
    except Refused as refused:
        if refused.status == 429:
            raise
        return await _show(db, settings, viewer, refused=refused)
    return Redirect("/login?out=", status_code=303, cookies=[sessions.cookie_gone(settings)])


async def _with_code(
    request: Request[Any, Any, Any],
    db: Database,
    settings: Settings,
    viewer: Viewer,
    deed: Any,  # noqa: ANN401 a verb
) -> Response[Any]:
    form = await read_form(request)
    # A stolen session must not become a place to guess the code at leisure.
    keys = await _keys(db, settings, viewer, request)
    async with db.transaction() as tx:
        await throttle.charge(tx, keys)
    try:
        async with db.transaction() as tx:
            codes = await deed(tx, by=viewer, code=form.get("code", "")[:40], key=settings.secret_key)
            await throttle.give_back(tx, keys)
    except Refused as refused:
        return await _show(db, settings, viewer, refused=refused)
    return await _show(db, settings, viewer, codes=codes)


async def _keys(db: Database, settings: Settings, viewer: Viewer, request: Request[Any, Any, Any]) -> list[str]:
    async with db.reading() as tx:
        email = (await tx.get_one(Agent, viewer.id)).email or ""
    return throttle.keys_for(settings, email=email, address=address_of(request), device=None)


async def _show(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    *,
    codes: list[str] | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    async with db.transaction() as tx:
        is_on = await second_factor.is_on(tx, viewer.id)
        enrolment = None
        if not is_on:
            enrolment = await second_factor.begin(tx, by=viewer, company=settings.company, key=settings.secret_key)
        left = await second_factor.codes_left(tx, viewer.id) if is_on else 0
        must = viewer.role in await second_factor.roles_that_must(tx)
    return show(
        "settings/second_factor.html",
        viewer,
        status=refused.status if refused else 200,
        is_on=is_on,
        must=must,
        enrolment=enrolment,
        left=left,
        codes=codes,
        problem=refused,
    )


routes = [factor_page, turn_on, renew_codes, turn_off]
