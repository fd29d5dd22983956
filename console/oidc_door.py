"""Signing in through the company's own provider (OpenID Connect): out with a state, back with a proof.

Nobody is made by it: whoever the provider vouches for must be a person here already, by a verified address.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy import select

from console import audit, clock, second_factor, sessions, sign_in_alerts, throttle, users
from console.agents import Agent
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import own_path
from console.settings import Settings
from console.sign_in import DOOR, address_of, answer_form, door_of, origin_of
from integrations import oidc

log = structlog.get_logger()
JOURNEY_SECONDS = 600
"""How long somebody may take at the provider."""
CALLBACK = "/login/oidc/callback"


class Packed(msgspec.Struct, frozen=True):
    """A journey as the browser carries it."""

    journey: oidc.Journey
    back: str
    until: int


@get("/login/oidc", status_code=303, opt={"public": True})
async def set_out(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Response[Any]:
    """Send the browser to the provider, with what only it may come back with."""
    provider = _provider(request, settings)
    journey = oidc.set_out()
    try:
        address = await provider.address(journey)
    except oidc.NotProven as failure:
        log.warning("oidc.unreachable", reason=str(failure))
        return answer_form(request, settings, notice="oidc_failed", status=502)
    until = int(clock.now().timestamp()) + JOURNEY_SECONDS
    packed = Packed(journey, own_path(request.query_params.get("next")), until)
    return Redirect(address, status_code=303, cookies=[_cookie(settings, _sealed(packed, settings))])


@get(CALLBACK, status_code=303, opt={"public": True})
async def come_back(
    request: Request[Any, Any, Any], db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> Response[Any]:
    """Let in whom the provider proves; whatever else comes is refused, and on record."""
    provider = _provider(request, settings)
    packed = _opened(request.cookies.get(_cookie_name(settings), ""), settings)
    query = request.query_params
    try:
        packed = _of_this_browser(packed, query, settings)
        identity = await provider.who(query["code"][:2000], packed.journey)
    except oidc.NotProven as failure:
        return await _refuse(request, db, settings, str(failure))
    return await _let_in(request, db, settings, identity, packed.back)


def _of_this_browser(packed: Packed | None, query: Mapping[str, str], settings: Settings) -> Packed:
    """The journey that this answer ends. Raises NotProven for any other (RFC 9207: or another issuer's)."""
    if packed is None or not hmac.compare_digest(query.get("state", "").encode(), packed.journey.state.encode()):
        raise oidc.NotProven("the answer is not to a question of this browser")
    if not query.get("code") or query.get("iss", settings.oidc_issuer) != settings.oidc_issuer:
        raise oidc.NotProven("the provider refused")
    return packed


async def _let_in(
    request: Request[Any, Any, Any], db: Database, settings: Settings, identity: oidc.Identity, back: str
) -> Response[Any]:
    async with db.transaction() as tx:
        agent = await _person(tx, identity)
        if agent is not None and not await second_factor.is_on(tx, agent.id):
            await _end_former(tx, request, settings)
            origin = origin_of(request, settings, agent)
            is_mailed = settings.smtp_url is not None
            await sign_in_alerts.note_origin(tx, agent, origin, door=door_of(origin.address), by_mail=is_mailed)
            token = await sessions.start(
                tx, agent, address=origin.address, user_agent=origin.user_agent, language=origin.language
            )
            mark = throttle.device_cookie(settings, agent.email or "")
            cookies = [sessions.cookie(settings, token), mark, _cookie(settings, "", age=0)]
            return Redirect(back, status_code=303, cookies=cookies)
    if agent is None:
        return await _refuse(request, db, settings, "nobody here has that address")
    email, known = agent.email or "", agent.password_hash or ""
    ticket = second_factor.ticket(email, known, key=settings.secret_key)
    return answer_form(request, settings, notice="code", status=401, email=email, ticket=ticket, back=back)


async def _person(tx: Tx, identity: oidc.Identity) -> Agent | None:
    if identity.email is None:
        return None
    wanted = select(Agent).where(
        Agent.email == identity.email.strip().lower(), Agent.role.in_(users.PEOPLE), Agent.disabled_at.is_(None)
    )
    return (await tx.scalars(wanted.with_for_update())).one_or_none()


async def _end_former(tx: Tx, request: Request[Any, Any, Any], settings: Settings) -> None:
    former = request.cookies.get(sessions.cookie_name(settings))
    found = await sessions.find(tx, former) if former else None
    if found is not None and found.viewer.session_id is not None:
        await sessions.end(tx, found.viewer.session_id, by=found.viewer.actor, why="signed_in_again")


async def _refuse(request: Request[Any, Any, Any], db: Database, settings: Settings, why: str) -> Response[Any]:
    """Say no, and have it on record; as often as a wrong password may be tried from one address, and no more often."""
    address = address_of(request)
    try:
        async with db.transaction() as tx:
            await throttle.charge(tx, [throttle.key_of(address)])
            door = Actor(kind="system", name=DOOR, origin=address)
            audit.record(tx, door, "session.refused", new={"why": f"oidc: {why}"})
    except Refused as refused:
        wait = int(str(refused.details["retry_after"]))
        return answer_form(request, settings, notice="throttled", status=429, wait=wait)
    answer = answer_form(request, settings, notice="oidc_failed", status=401)
    answer.set_cookie(_cookie(settings, "", age=0))
    return answer


def _provider(request: Request[Any, Any, Any], settings: Settings) -> oidc.Provider:
    """The provider of this process; Refused(404) where none is configured."""
    if settings.oidc_issuer is None:
        raise not_found()
    state = request.app.state
    if "oidc" not in state:
        state["oidc"] = oidc.Provider(
            state["console"].http,
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            secret=settings.oidc_client_secret,
            redirect_uri=settings.base_url + CALLBACK,
        )
    provider: oidc.Provider = state["oidc"]
    return provider


def _cookie_name(settings: Settings) -> str:
    return "__Host-aldia-oidc" if settings.is_https else "aldia-oidc"


def _cookie(settings: Settings, value: str, *, age: int = JOURNEY_SECONDS) -> Cookie:
    return Cookie(
        key=_cookie_name(settings),
        value=value,
        path="/",
        max_age=age,
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def _sealed(packed: Packed, settings: Settings) -> str:
    body = base64.urlsafe_b64encode(msgspec.json.encode(packed)).decode()
    return f"{body}.{_mac(body, settings)}"


def _opened(text: str, settings: Settings) -> Packed | None:
    body, _, mark = text.partition(".")
    if not hmac.compare_digest(mark.encode(), _mac(body, settings).encode()):
        return None
    packed = msgspec.json.decode(base64.urlsafe_b64decode(body), type=Packed)
    return packed if packed.until > clock.now().timestamp() else None


def _mac(body: str, settings: Settings) -> str:
    return hmac.digest(settings.secret_key.encode(), f"oidc journey\0{body}".encode(), "sha256").hex()


routes = [set_out, come_back]
