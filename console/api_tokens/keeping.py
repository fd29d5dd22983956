"""Making a token and taking it back: whoever does it, and wherever, it is on record; the key itself is kept nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from console import audit, clock
from console.agents import ApiToken, Viewer
from console.api.tokens import ALL, SCOPES, holding
from console.audit import Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.languages.words import Words
from console.sessions import hash_of

LONGEST_NAME = 60
LONGEST_LIFE = 3650
"""Days."""
MOST = 100
_NEEDS: dict[str, policy.Deed] = {
    "audit:read": "read_history",
    "accounts:write": "import_portfolio",
    "payments:write": "apply_payments",
}
"""Scopes that let a program do what people need a permission for."""


async def create(tx: Tx, *, by: Viewer, name: str, scopes: Collection[str], days: str) -> str:
    """A new token for the program `name`, good for `days` (as typed; empty: until it is revoked). Returns its key.

    The key is returned this once. Records "token.created". Two that hold may not have the same name: by it people know
    which to revoke. Refuses: 403 unless `by` may manage tokens; 422 naming the field.
    """
    policy.require(by, "manage_tokens")
    name = name_of(name)
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= {*SCOPES, ALL}:
        raise Refused(422, Words("Elija al menos un permiso."), code="invalid", field="scopes")
    _require_own(by, wanted)
    expires_at = _expiry(days)
    alive = list(await tx.scalars(select(ApiToken.name).where(*holding())))
    if name in alive:
        raise Refused(422, Words("Ya hay una clave con ese nombre."), code="already_exists", field="name")
    if len(alive) >= MOST:
        raise Refused(422, Words("Ya hay {most}: revoque alguna antes.", most=MOST), code="too_many", field="name")
    return await issue(
        tx, name=name, scopes=[ALL] if ALL in wanted else wanted, by=by.actor, made_by=by.id, expires_at=expires_at
    )


def name_of(typed: str) -> str:
    """A program's name as it is kept. Refuses (422) none, and one that no list could show."""
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    return name


async def issue(
    tx: Tx,
    *,
    name: str,
    scopes: list[str],
    by: Actor,
    made_by: int | None = None,
    expires_at: datetime | None = None,
) -> str:
    """The row of a new token, with its entry in the history; returns the key, of which only the hash is kept."""
    key = f"aldia_{secrets.token_urlsafe(32)}"
    made = ApiToken(
        name=name,
        token_hash=hash_of(key),
        scopes=scopes,
        created_at=clock.now(),
        made_by=made_by,
        expires_at=expires_at,
    )
    tx.add(made)
    await tx.flush()
    new = {"name": name, "scopes": scopes, "expires_at": expires_at.isoformat() if expires_at else None}
    audit.record(tx, by, "token.created", subject=f"token:{made.id}", new=new)
    return key


async def revoke(tx: Tx, token_id: int, *, by: Viewer) -> None:
    """Let it open nothing from now on; an open stream ends within a second or so. Records "token.revoked".

    Refuses: 403 unless `by` may manage tokens; 404 for one that is not there. Revoked already: nothing to do.
    """
    policy.require(by, "manage_tokens")
    found = (await tx.scalars(select(ApiToken).where(ApiToken.id == token_id).with_for_update())).one_or_none()
    if found is None:
        raise not_found()
    take_back(tx, [found], by=by.actor)


def take_back(tx: Tx, tokens: Sequence[ApiToken], *, by: Actor) -> None:
    """Revoke those of these rows that are not, each on record with what it could do before."""
    for token in tokens:
        if token.revoked_at is None:
            token.revoked_at = clock.now()
            old = {"name": token.name, "scopes": token.scopes, "revoked": False}
            audit.record(tx, by, "token.revoked", subject=f"token:{token.id}", old=old, new={"revoked": True})


def _require_own(by: Viewer, scopes: Collection[str]) -> None:
    """Refuse (403) to give a program what `by`, in a role with fewer keys, may not do themselves."""
    if by.deeds is None:
        return
    # Who acts for anybody may do whatever anybody may.
    if {ALL, "users:act"}.intersection(scopes) and not by.deeds >= policy.EVERY_DEED:
        raise Refused(403, Words("Solo quien lo puede todo da una clave que lo puede todo."), code="beyond_reach")
    for scope in scopes:
        if scope in _NEEDS:
            policy.require(by, _NEEDS[scope])


def _expiry(days: str) -> datetime | None:
    typed = days.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or len(typed) > 5 or not 0 < int(typed) <= LONGEST_LIFE:
        text = Words("Escriba cuántos días vale, de 1 a {longest_life}, o déjelo vacío.", longest_life=LONGEST_LIFE)
        raise Refused(422, text, code="invalid", field="days")
    return clock.now() + timedelta(days=int(typed))
