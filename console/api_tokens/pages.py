"""API tokens in the settings: which programs have one, what each may do, when it was last used; making and revoking."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.agents import Agent, ApiToken, Viewer
from console.api.tokens import ALL, holding
from console.api_tokens import keeping
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy
from console.languages.words import Words
from console.settings_pages.answers import back_to, known_id, show
from console.settings_pages.change_lines import Terms, among, moment, newest

PAGE = "/settings/tokens"
WORDS = {
    "conversations:read": Words("Ver conversaciones"),
    "conversations:write": Words(
        "Asignar, transferir, resolver, posponer y reabrir conversaciones; escribir notas internas"
    ),
    "messages:read": Words("Leer mensajes"),
    "messages:write": Words("Enviar mensajes"),
    "contacts:read": Words("Ver contactos"),
    "contacts:write": Words("Cambiar el nombre de un contacto"),
    "consents:read": Words("Ver qué autorizó y a qué se opuso cada contacto, con su prueba"),
    "consents:write": Words("Anotar autorizaciones y bajas de contactos"),
    "accounts:read": Words("Ver cuentas, sus titulares y sus cuotas"),
    "accounts:write": Words("Informar cuentas: titular, teléfonos, cuotas y saldos"),
    "payments:read": Words("Ver pagos"),
    "payments:write": Words("Informar pagos"),
    "audit:read": Words("Leer el historial"),
    "stream:read": Words("Seguir lo que pasa en vivo, de lo que permitan los otros permisos de ver"),
    "catalogues:read": Words("Ver personas, equipos y plantillas"),
    "users:act": Words(
        "Obrar en nombre de cualquier persona, con sus permisos: todo lo que hace en sus conversaciones y lo que es "
        "solo suyo"
    ),
    "metrics": Words("Leer las métricas (/metrics) desde otra máquina"),
    ALL: Words("Todo lo anterior, y lo que se agregue después"),
}
"""Each scope in words for who gives it."""
TERMS = Terms(
    fields={"expires_at": Words("Vence"), "revoked": Words("Revocada"), "scopes": Words("Permisos")},
    said={"scopes": among(WORDS), "expires_at": moment},
)
PAST = 20
CHANGES = 20


class TokenLine(msgspec.Struct, frozen=True, kw_only=True):
    """A token as an administrator sees it; its key is not kept. `state`: active | expired | revoked."""

    id: int
    name: str
    scopes: list[str]
    made_by: str | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    state: str


@get(PAGE)
async def tokens_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """All tokens that hold, those that lately did, and what was changed."""
    policy.require(viewer, "manage_tokens")
    return await _show(db, viewer)


@post(PAGE, status_code=200)
async def add_token(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Make one; its key is shown this once."""
    policy.require(viewer, "manage_tokens")
    form = await read_form(request)
    scopes = [name.removeprefix("scope.") for name in form if name.startswith("scope.")]
    try:
        async with db.transaction() as tx:
            key = await keeping.create(
                tx, by=viewer, name=form.get("name", ""), scopes=scopes, days=form.get("days", "")
            )
    except Refused as refused:
        return await _show(db, viewer, refused=refused, typed=form)
    return await _show(db, viewer, key=key)


@post(PAGE + "/{token_id:int}/revocation", status_code=303)
async def revoke_token(
    token_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Let it open nothing any more."""
    policy.require(viewer, "manage_tokens")
    async with db.transaction() as tx:
        await keeping.revoke(tx, known_id(token_id), by=viewer)
    return back_to(PAGE)


async def _show(
    db: Database,
    viewer: Viewer,
    *,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
    key: str | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        lines = await _lines(tx)
        changes = await newest(tx, ("token.created", "token.revoked"), TERMS, most=CHANGES)
    past = [line for line in lines if line.state != "active"]
    return show(
        "settings/tokens.html",
        viewer,
        status=refused.status if refused else 200,
        tokens=[line for line in lines if line.state == "active"],
        past=past[:PAST],
        words=WORDS,
        key=key,
        history=changes,
        typed=typed or {},
        problems={refused.field or "form": refused.text} if refused else {},
    )


async def _lines(tx: Tx) -> list[TokenLine]:
    """Those that hold, and the newest of those that do not."""
    rows = select(ApiToken, Agent.name).outerjoin(Agent, Agent.id == ApiToken.made_by).order_by(ApiToken.id.desc())
    alive = await tx.execute(rows.where(*holding()))
    gone = await tx.execute(rows.where(ApiToken.id.not_in(select(ApiToken.id).where(*holding()))).limit(PAST))
    return [_line(token, maker) for found in (alive, gone) for token, maker in found]


def _line(token: ApiToken, maker: str | None) -> TokenLine:
    expired = token.expires_at is not None and token.expires_at <= clock.now()
    return TokenLine(
        id=token.id,
        name=token.name,
        scopes=[str(scope) for scope in token.scopes],
        made_by=maker,
        created_at=token.created_at,
        used_at=token.used_at,
        expires_at=token.expires_at,
        state="revoked" if token.revoked_at else "expired" if expired else "active",
    )


routes = [tokens_page, add_token, revoke_token]
