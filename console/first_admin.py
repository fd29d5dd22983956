"""/setup: the first administrator of a new house, and then a door that does not exist."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy import select

from console import passwords, users
from console.agents import Role
from console.audit import Actor, AuditHead
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form
from console.languages import readers
from console.languages.words import Words
from console.render import page
from console.settings import Settings
from console.sign_in import address_of, language_of


def setup_code(settings: Settings) -> str:
    """What proves that whoever opens /setup also runs the server: printed by `aldia serve` and `aldia doctor`.

    160 bits derived from the secret key, so every process and host knows the same one and none keeps it.
    """
    return hmac.digest(settings.secret_key.encode(), b"first administrator", "sha256").hex()[:40]


@get("/setup", opt={"public": True})
async def setup_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> Response[str]:
    """The form for the first account, while there is none."""
    async with db.reading() as tx:
        await _must_be_empty(tx)
    return _setup_form(request, settings)


@post("/setup", status_code=303, opt={"public": True})
async def setup(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Create the first administrator. Of two at once exactly one wins; afterwards this door does not exist."""
    fields = await read_form(request)
    async with db.reading() as tx:
        await _must_be_empty(tx)
    typed = {name: fields.get(name, "") for name in ("name", "email")}
    if not hmac.compare_digest(fields.get("code", "").strip().encode(), setup_code(settings).encode()):
        problems = {"code": Words("No es el código que mostró aldia serve al arrancar.")}
        return _setup_form(request, settings, status=403, problems=problems, **typed)
    try:
        passwords.check_new(fields.get("password", ""), company=settings.company, email=typed["email"])
        async with passwords.place():
            password_hash = await passwords.hashed(fields.get("password", ""))
        await _add_first(db, password_hash=password_hash, origin=address_of(request), **typed)
    except Refused as refused:
        if refused.field is None:
            raise
        return _setup_form(request, settings, status=refused.status, problems={refused.field: refused.text}, **typed)
    chosen = _chosen(request)
    return Redirect(f"/login?lang={chosen}" if chosen else "/login", status_code=303)


async def _add_first(db: Database, *, name: str, email: str, password_hash: str, origin: str) -> None:
    async with db.transaction() as tx:
        # Everybody who wants to be first waits for this row.
        await tx.execute(select(AuditHead.id).where(AuditHead.id == 1).with_for_update())
        await _must_be_empty(tx)
        by = Actor(kind="system", name="Instalación", origin=origin)
        await users.add(tx, email=email, name=name, role=Role.ADMIN, password_hash=password_hash, by=by)


async def _must_be_empty(tx: Tx) -> None:
    if await users.any_person(tx):
        raise Refused(404, Words("No existe."), code="not_found")


def _setup_form(
    request: Request[Any, Any, Any],
    settings: Settings,
    *,
    status: int = 200,
    name: str = "",
    email: str = "",
    problems: Mapping[str, str] | None = None,
) -> Response[str]:
    """In the language of `language_of`."""
    content = page(
        "sign_in/setup.html",
        reader=language_of(request, settings),
        chosen=_chosen(request),
        company=settings.company,
        name=name,
        email=email,
        problems=problems or {},
    )
    return Response(content, status_code=status, media_type="text/html", headers={"Vary": "Accept-Language"})


def _chosen(request: Request[Any, Any, Any]) -> str | None:
    chosen = request.query_params.get("lang")
    return chosen if chosen in readers.TAGS else None


routes = [setup_page, setup]
