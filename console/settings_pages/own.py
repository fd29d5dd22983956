"""One's own account: where it is signed in, and its password."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import passwords, sessions, sign_in_alerts, throttle, users
from console.agents import Agent, Viewer
from console.db import Database
from console.errors import Refused, not_found
from console.forms import read_form
from console.languages.words import Words
from console.settings import Settings
from console.settings_pages.answers import back_to, known_id, show
from console.settings_pages.session_lines import session_lines
from console.sign_in import address_of, leave

PAGE = "/settings/sessions"


@get("/settings")
async def settings_home(viewer: NamedDependency[Viewer]) -> Response[Any]:  # noqa: ARG001 for whoever is signed in
    """The first of the quiet pages."""
    return back_to(PAGE)


@get(PAGE)
async def own_sessions(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Where one is signed in."""
    async with db.reading() as tx:
        lines = await session_lines(tx, viewer.id, viewer.session_id)
        alerts = await sign_in_alerts.recent(tx, sign_in_alerts.UNFAMILIAR, agent_id=viewer.id)
    return show("settings/sessions.html", viewer, sessions=lines, alerts=alerts)


@post("/settings/sessions/{session_id:int}/end", status_code=303)
async def end_session(
    session_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """End one of one's own sessions; its sockets close wherever they are."""
    async with db.transaction() as tx:
        ended = await sessions.end(
            tx,
            known_id(session_id),
            by=viewer.actor,
            why="ended_by_owner",
            agent_id=viewer.id,
        )
        if not ended:
            raise not_found()
    return back_to(PAGE)


@post("/settings/sessions/end-all", status_code=303)
async def end_other_sessions(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """End all of one's own sessions but this one."""
    async with db.transaction() as tx:
        await sessions.end_all(tx, viewer.id, by=viewer.actor, why="ended_by_owner", keep=viewer.session_id)
    return back_to(PAGE)


@post("/settings/sessions/end-everywhere", status_code=303)
async def end_everywhere(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """End all of one's own sessions, this one too."""
    async with db.transaction() as tx:
        await sessions.end_all(tx, viewer.id, by=viewer.actor, why="ended_by_owner")
    return leave(settings)


@get("/settings/password")
async def password_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """The form for a new password."""
    return await _password_form(db, viewer)


@post("/settings/password", status_code=200)
async def change_password(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Give oneself a new password, with the present one as proof; every other session ends."""
    fields = await read_form(request)
    try:
        await _change(db, settings, viewer, fields, address_of(request))
    except Refused as refused:
        problems = {refused.field or "form": refused.text}
        return await _password_form(db, viewer, status=refused.status, problems=problems)
    return await _password_form(db, viewer, is_changed=True)


async def _password_form(
    db: Database,
    viewer: Viewer,
    *,
    status: int = 200,
    problems: dict[str, str] | None = None,
    is_changed: bool = False,
) -> Response[Any]:
    async with db.reading() as tx:
        # So that a password manager knows whose password this is.
        email = (await tx.get_one(Agent, viewer.id)).email or ""
    values = {"email": email, "problems": problems or {}, "is_changed": is_changed}
    return show("settings/password.html", viewer, status=status, **values)


async def _change(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    fields: dict[str, str],
    address: str,
) -> None:
    present, new = fields.get("current", ""), fields.get("password", "")
    async with db.reading() as tx:
        person = await tx.get_one(Agent, viewer.id)
    email = person.email or ""
    passwords.check_new(new, company=settings.company, email=email)
    if len(present) > passwords.MAXIMUM:
        raise _wrong()
    # A stolen session must not become a place to guess the password at leisure.
    keys = throttle.keys_for(settings, email=email, address=address, device=None)
    async with passwords.place():
        async with db.transaction() as tx:
            await throttle.charge(tx, keys)
        if not await passwords.is_right(person.password_hash, present):
            raise _wrong()
        password_hash = await passwords.hashed(new)
    async with db.transaction() as tx:
        await throttle.give_back(tx, keys)
        locked = (await tx.scalars(select(Agent).where(Agent.id == viewer.id).with_for_update())).one()
        if locked.password_hash != person.password_hash:
            raise _wrong()
        await users.set_password(tx, locked, password_hash, by=viewer.actor, keep_session=viewer.session_id)


def _wrong() -> Refused:
    return Refused(422, Words("No es su contraseña actual."), code="wrong_password", field="current")


routes = [
    settings_home,
    own_sessions,
    end_session,
    end_other_sessions,
    end_everywhere,
    password_page,
    change_password,
]
