"""Bearer tokens: which program is calling, and what it may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from console import clock
from console.agents import ApiToken, Role, Viewer
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused
from console.sessions import hash_of

SCOPES = {
    "conversations:read": "See conversations",
    "conversations:write": "Assign, transfer, resolve, snooze and reopen conversations; write internal notes",
    "messages:read": "Read messages",
    "messages:write": "Send messages",
    "contacts:read": "See contacts",
    "contacts:write": "Change what a contact is called",
    "consents:read": "See what contacts allowed and took back, with its proof",
    "consents:write": "Note what contacts allowed and took back",
    "accounts:read": "See accounts, who holds them and their invoices",
    "accounts:write": "State accounts: holder, phones, invoices and balances",
    "payments:read": "See payments",
    "payments:write": "Report payments",
    "audit:read": "Read the history",
    "stream:read": "Follow events, of whatever the other reading scopes allow",
    "catalogues:read": "See users, teams, templates, tags, canned responses and dispositions",
    "users:act": "Act for any user, with that user's rights: all that they do, and what is theirs alone",
    "metrics": "Read /metrics from another machine",
}
"""Every scope and what it allows. "*" stands for all of them."""
ALL = "*"
# How exactly "last used" is known: a write for each call would cost more than it tells.
USED_EVERY = timedelta(minutes=1)
log = structlog.get_logger()
# Far more than a token of ours; what is longer is not even hashed.
_LONGEST = 200


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """The program behind a call. It belongs to no team: within its scopes it sees everything."""

    id: int
    name: str
    scopes: frozenset[str]
    address: str | None = None
    used_at: datetime | None = None

    def may(self, scope: str) -> bool:
        """Whether the token was given `scope`."""
        return scope in self.scopes or ALL in self.scopes

    @property
    def actor(self) -> Actor:
        """The program as the history names it."""
        return Actor(kind="token", id=self.id, name=self.name, origin=self.address)

    @property
    def viewer(self) -> Viewer:
        """The program where the policy asks who looks. No agent has id 0."""
        return Viewer(id=0, name=self.name, role=Role.ADMIN, team_ids=frozenset(), address=self.address)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], route: BaseRouteHandler) -> None:
    """Let a call through only with a token that holds and has the scope its route declares (`opt["scope"]`).

    Refuses: 401 without a valid token, 403 "insufficient_scope" naming the missing one in `details`. Sockets see to it
    themselves: only they can say it before they open.
    """
    if connection.scope["type"] != ScopeType.HTTP:
        return
    db: Database = connection.app.state.db
    async with db.reading() as tx:
        caller = await authenticate(tx, connection)
    if connection.scope["method"] == "OPTIONS":
        # The framework's own answer, which says what methods a path has: no call, and no scope of its own.
        return
    require(caller, route.opt["scope"])
    await note_use(db, caller)
    connection.scope["aldia.program"] = caller  # type: ignore[typeddict-unknown-key]


def program(request: Request[Any, Any, Any]) -> Program:
    """The program calling, as `guard` found it."""
    caller: Program = request.scope["aldia.program"]  # type: ignore[typeddict-item]
    return caller


async def authenticate(tx: Tx, connection: ASGIConnection[Any, Any, Any, Any]) -> Program:
    """Who calls, by the Authorization header alone: a token in an address would end up in logs."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    caller = await _find(tx, token.strip()) if kind.lower() == "bearer" else None
    if caller is None:
        raise Refused(401, "Envíe un token válido: «Authorization: Bearer TOKEN».", code="unauthorized")
    address = connection.client.host if connection.client else None
    return msgspec.structs.replace(caller, address=address)


def require(caller: Program, scope: str) -> None:
    """Raise Refused(403) unless the token has `scope`."""
    if not caller.may(scope):
        raise Refused(
            403,
            f"El token no tiene el permiso «{scope}».",
            code="insufficient_scope",
            details={"scope": scope},
        )


async def still_holds(tx: Tx, token_id: int) -> bool:
    """Whether a token found earlier has been neither revoked nor outlived since."""
    found = await tx.scalar(select(ApiToken.id).where(ApiToken.id == token_id, *holding()))
    return found is not None


async def note_use(db: Database, caller: Program) -> None:
    """Note that the token opened something, at most once a minute; a full disk takes no reading away."""
    now = clock.now()
    if caller.used_at is not None and now - caller.used_at <= USED_EVERY:
        return
    try:
        async with db.transaction() as tx:
            await tx.execute(update(ApiToken).where(ApiToken.id == caller.id).values(used_at=now))
    except SQLAlchemyError as unwritable:
        log.warning("token.use_not_noted", reason=type(unwritable).__name__)


def holding() -> tuple[ColumnElement[bool], ...]:
    """What makes a token hold at this moment, as conditions on ApiToken."""
    lives = or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > clock.now())
    return ApiToken.revoked_at.is_(None), lives


async def _find(tx: Tx, token: str) -> Program | None:
    if not token or len(token) > _LONGEST or not token.isascii():
        return None
    query = select(ApiToken.id, ApiToken.name, ApiToken.scopes, ApiToken.used_at).where(
        ApiToken.token_hash == hash_of(token), *holding()
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    return Program(id=row.id, name=row.name, scopes=frozenset(map(str, row.scopes)), used_at=row.used_at)
