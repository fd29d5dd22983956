"""The door everybody comes through: signing in and out, the first administrator, and who is behind a request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.response import Redirect
from litestar.types import Scope
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from console import audit, clock, passwords, second_factor, sessions, sign_in_alerts, throttle, users
from console.agents import Agent, Viewer
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused
from console.forms import own_path, read_form
from console.languages import readers
from console.languages.words import Words
from console.refusals import READER
from console.render import page
from console.settings import Settings
from console.sign_in_letters.keeping import Origin

log = structlog.get_logger()

# Whom the demo's sign-in page offers; console.demo.story makes them.
DEMO_USERS = (
    ("rosa.quispe@andes.example", Words("Rosa, agente")),
    ("diego.salas@andes.example", Words("Diego, agente")),
    ("victor.rojas@andes.example", Words("Víctor, supervisor")),
    ("elena.paredes@andes.example", Words("Elena, administradora")),
    ("carla.nunez@andes.example", Words("Carla, de otro equipo")),
)
DOOR = "Ingreso"
FACTOR_PAGE = "/settings/second-factor"
"""All that opens to who owes a second factor."""


class NotSignedIn(Refused):
    """Nobody is behind the request. Pages lead to the sign-in, everything else is told 401."""

    def __init__(self) -> None:
        super().__init__(401, "Su sesión terminó. Ingrese de nuevo.", code="not_signed_in")


class OwesFactor(Refused):
    """Whoever is signed in must first set up the second factor that their role needs."""

    def __init__(self) -> None:
        super().__init__(403, "Su rol necesita un segundo factor: actívelo para seguir.", code="second_factor_required")


# Who is behind a request


async def signed_in(scope: Scope, db: NamedDependency[Database], settings: NamedDependency[Settings]) -> Viewer:
    """The viewer behind an HTTP request or a socket's handshake, from the session cookie alone.

    Notes at most once a minute that the session is in use. Raises NotSignedIn.
    """
    connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
    found = await session_of(connection, db, settings)
    if found is None:
        raise NotSignedIn
    if found.viewer.owes_factor and not scope["path"].startswith(FACTOR_PAGE):
        raise OwesFactor
    if clock.now() - found.seen_at > sessions.SEEN_EVERY and found.viewer.session_id is not None:
        try:
            async with db.transaction() as tx:
                await sessions.touch(tx, found.viewer.session_id)
        except SQLAlchemyError as unwritable:
            # A full disk must not take the pages away: they can still be read.
            log.warning("session.not_touched", reason=type(unwritable).__name__)
    scope["state"][READER] = found.viewer.language
    return found.viewer


async def session_of(
    connection: ASGIConnection[Any, Any, Any, Any],
    db: Database,
    settings: Settings,
) -> sessions.Found | None:
    """The session that the connection's cookie opens, if any."""
    token = connection.cookies.get(sessions.cookie_name(settings))
    if not token or len(token) > 100:
        return None
    return await db.read(partial(sessions.find, token=token, address=address_of(connection)))


async def reader_of(request: Request[Any, Any, Any]) -> str | None:
    """The language of whoever is signed in; None where nobody is."""
    state = request.app.state
    found = await session_of(request, state["db"], state["settings"])
    return found.viewer.language if found else None


# What app.py provides to every handler that names it.
dependencies = {"viewer": Provide(signed_in)}


def ask_to_sign_in(request: Request[Any, Any, Any], refused: NotSignedIn) -> Response[Any]:
    """How NotSignedIn is answered: a page leads to the sign-in and back, a swap reloads as one, a program gets 401."""
    if request.headers.get("hx-request") == "true":
        back = own_path(request.headers.get("hx-current-url", "").removeprefix(_origin_of(request)), "")
        return Response(b"", status_code=401, headers={"HX-Redirect": _login_address(back)})
    if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", ""):
        query = request.scope["query_string"].decode("latin-1")
        back = own_path(f"{request.url.path}?{query}" if query else request.url.path, "")
        return Redirect(_login_address(back), status_code=303)
    problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": refused.text}
    problem["code"] = refused.code
    return Response(problem, status_code=401, media_type="application/problem+json")


def ask_for_factor(request: Request[Any, Any, Any], refused: OwesFactor) -> Response[Any]:
    """How OwesFactor is answered: pages and swaps lead to where it is set up, a program gets 403."""
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=403, headers={"HX-Redirect": FACTOR_PAGE})
    if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", ""):
        return Redirect(FACTOR_PAGE, status_code=303)
    problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": refused.text, "code": refused.code}
    return Response(problem, status_code=403, media_type="application/problem+json")


exception_handlers: dict[int | type[Exception], Any] = {NotSignedIn: ask_to_sign_in, OwesFactor: ask_for_factor}


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Where the request comes from; a proxy's word for it was judged in console.security."""
    return connection.client.host if connection.client and connection.client.host else "local"


def language_of(request: Request[Any, Any, Any], settings: Settings) -> str:
    """What to speak to whoever is not signed in: their choice on the form, the company's, the browser's."""
    chosen = request.query_params.get("lang")
    return readers.asked(
        request.headers.get("accept-language"), chosen=chosen if chosen in readers.TAGS else settings.language
    )


def _origin_of(request: Request[Any, Any, Any]) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _login_address(back: str) -> str:
    return f"/login?{urlencode({'next': back})}" if back else "/login"


# Signing in


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What the form brings."""

    email: str
    password: str
    code: str
    ticket: str
    demo: bool


class CodeWanted(Exception):  # noqa: N818 not an error: the second half of a sign-in
    """The password was right; `ticket` says so to the form that asks for the code."""

    def __init__(self, ticket: str) -> None:
        super().__init__()
        self.ticket = ticket


@get("/login", opt={"public": True})
async def login_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """The sign-in form; whoever is signed in already goes on."""
    back = request.query_params.get("next", "")
    if await session_of(request, db, settings) is not None:
        return Redirect(own_path(back), status_code=303)
    async with db.reading() as tx:
        if not await users.any_person(tx):
            return Redirect("/setup", status_code=303)
    if "out" in request.query_params:
        return answer_form(request, settings, back=back, notice="out")
    had_one = sessions.cookie_name(settings) in request.cookies
    return answer_form(request, settings, back=back, notice="ended" if had_one else None)


@post("/login", status_code=303, opt={"public": True})
async def login(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Sign in with `email`, `password` and, where a second factor is on, `code`; 401 when one does not match.

    With a right password and no code the form asks for it. 429 with the seconds to wait after too many attempts.
    """
    fields = await read_form(request)
    email, password = fields.get("email", "").strip().lower(), fields.get("password", "")
    if not email or len(email) > 254 or len(password) > passwords.MAXIMUM:
        raise Refused(400, Words("Faltan el correo o la contraseña, o son demasiado largos."), code="invalid")
    back = own_path(fields.get("next"))
    typed = Typed(
        email=email,
        password=password,
        code=fields.get("code", "")[:40],
        ticket=fields.get("ticket", "")[:200],
        demo=fields.get("demo") == "1",
    )
    try:
        token = await _try(request, db, settings, typed)
    except CodeWanted as wanted:
        return answer_form(request, settings, back=back, email=email, notice="code", status=401, ticket=wanted.ticket)
    except Refused as refused:
        if refused.status != 429:
            raise
        wait = int(str(refused.details["retry_after"]))
        return answer_form(request, settings, back=back, email=email, notice="throttled", status=429, wait=wait)
    if token is None:
        return answer_form(request, settings, back=back, email=email, notice="wrong", status=401)
    cookies = [sessions.cookie(settings, token), throttle.device_cookie(settings, email)]
    return Redirect(back, status_code=303, cookies=cookies)


async def _try(
    request: Request[Any, Any, Any],
    db: Database,
    settings: Settings,
    typed: Typed,
) -> str | None:
    """A new session's token, or None when they do not match (which takes as long as when they do).

    Raises CodeWanted when the password is right and the code is missing or does not open.
    """
    email = typed.email
    device = request.cookies.get(throttle.device_cookie_name(settings))
    keys = throttle.keys_for(settings, email=email, address=address_of(request), device=device)
    async with passwords.place():
        async with db.transaction() as tx:
            await throttle.charge(tx, keys)
            query = select(Agent).where(Agent.email == email, Agent.role.in_(users.PEOPLE))
            agent = await tx.scalar(query)
        is_one_of_us = agent is not None and agent.disabled_at is None
        known = agent.password_hash if agent and is_one_of_us else None
        # In the demo the page itself offers who to be.
        invited = typed.demo and settings.demo and email in dict(DEMO_USERS) and known is not None
        # Whoever comes with a code showed the password a moment ago, or the company's provider vouched for them.
        shown = bool(typed.code) and second_factor.is_ticket(typed.ticket, email, known or "", key=settings.secret_key)
        right = invited or (shown and is_one_of_us) or await passwords.is_right(known, typed.password)
        stale = right and not invited and not shown and passwords.is_outdated(known or "")
        better = await passwords.hashed(typed.password) if stale else None
    async with db.transaction() as tx:
        if agent is None or not right:
            await _record_refusal(tx, agent, address_of(request), keys=keys)
            return None
        factor = await _factor(tx, agent, typed, settings, known or "")
        if factor is None:
            return await _start(tx, request, settings, agent, keys=keys, known=known, better=better)
        await _record_refusal(tx, agent, address_of(request), "code" if typed.code else "no_code", keys=keys)
    # What a code used up, and what was refused, is kept.
    raise factor


async def _factor(tx: Tx, agent: Agent, typed: Typed, settings: Settings, known: str) -> CodeWanted | None:
    """What stands between a right password and a session: a code, where a second factor is on."""
    key = settings.secret_key
    if not await second_factor.is_on(tx, agent.id):
        return None
    door = Actor(kind="agent", id=agent.id, name=agent.name)
    if typed.code and await second_factor.passes(tx, agent.id, typed.code, key=key, by=door):
        return None
    return CodeWanted(second_factor.ticket(typed.email, known, key=key))


async def _start(
    tx: Tx,
    request: Request[Any, Any, Any],
    settings: Settings,
    agent: Agent,
    *,
    keys: list[str],
    known: str | None,
    better: str | None,
) -> str | None:
    # Read again under its lock: a password changed or a person disabled meanwhile must not let this one in.
    current = await tx.scalar(select(Agent).where(Agent.id == agent.id).with_for_update())
    if current is None or current.disabled_at is not None or current.password_hash != known:
        await _record_refusal(tx, agent, address_of(request))
        return None
    if better is not None:
        current.password_hash = better
    await throttle.give_back(tx, keys)
    former = request.cookies.get(sessions.cookie_name(settings))
    found = await sessions.find(tx, former) if former else None
    if found is not None and found.viewer.session_id is not None:
        await sessions.end(tx, found.viewer.session_id, by=found.viewer.actor, why="signed_in_again")
    origin = origin_of(request, settings, current)
    is_mailed = settings.smtp_url is not None
    await sign_in_alerts.note_origin(tx, current, origin, door=door_of(origin.address), by_mail=is_mailed)
    return await sessions.start(
        tx, current, address=origin.address, user_agent=origin.user_agent, language=origin.language
    )


def origin_of(request: Request[Any, Any, Any], settings: Settings, agent: Agent) -> Origin:
    """Where a sign-in of `agent` comes from."""
    return Origin(
        address=address_of(request),
        user_agent=request.headers.get("user-agent", "")[:300],
        is_new_browser=not throttle.knows(settings, agent.email or "", request.cookies),
        language=language_of(request, settings),
    )


def door_of(address: str) -> Actor:
    """Who notes what happens at the door: nobody is behind it yet."""
    return Actor(kind="system", name=DOOR, origin=address)


async def _record_refusal(
    tx: Tx, agent: Agent | None, address: str, why: str | None = None, *, keys: Sequence[str] = ()
) -> None:
    """Never what was typed: people type passwords into the wrong field. A right password is no failure of it."""
    door = door_of(address)
    told = {"why": why} if why else None
    audit.record(tx, door, "session.refused", subject=f"agent:{agent.id}" if agent else None, new=told)
    if why != "no_code":
        await sign_in_alerts.note_failure(tx, agent, keys, door=door)


def answer_form(
    request: Request[Any, Any, Any],
    settings: Settings,
    *,
    back: str = "",
    email: str = "",
    notice: str | None = None,
    status: int = 200,
    wait: int = 0,
    ticket: str = "",
) -> Response[str]:
    """The sign-in form, with what it has to say, in the language of `language_of`."""
    chosen = request.query_params.get("lang")
    content = page(
        "sign_in/login.html",
        reader=language_of(request, settings),
        chosen=chosen if chosen in readers.TAGS else None,
        company=settings.company,
        email=email,
        notice=notice,
        wait_seconds=wait,
        next=back,
        ticket=ticket,
        provider=settings.oidc_name if settings.oidc_issuer else None,
        demo_users=DEMO_USERS if settings.demo else (),
    )
    headers = {"Vary": "Accept-Language", **({"Retry-After": str(wait)} if wait else {})}
    return Response(content, status_code=status, media_type="text/html", headers=headers)


@post("/logout", status_code=303, opt={"public": True})
async def logout(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """End this session, close its sockets everywhere, and have the browser forget what it kept."""
    found = await session_of(request, db, settings)
    if found is not None and found.viewer.session_id is not None:
        async with db.transaction() as tx:
            await sessions.end(tx, found.viewer.session_id, by=found.viewer.actor, why="signed_out")
    return leave(settings)


def leave(settings: Settings) -> Response[Any]:
    """To the sign-in, with nothing left behind in this browser."""
    # Not "cookies": that would empty every other application on this host.
    headers = {"Clear-Site-Data": '"cache", "storage"', "Cache-Control": "no-store"}
    return Redirect("/login?out=", status_code=303, headers=headers, cookies=[sessions.cookie_gone(settings)])


routes = [login_page, login, logout]
