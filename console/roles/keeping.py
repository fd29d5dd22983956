"""Making, changing and retiring roles of one's own; whoever holds one feels a change at once, wherever they look."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from console import audit, clock
from console.agents import Agent, OwnRole, Role, Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.queries import LARGEST_ID
from console.languages.words import Words, plural

LONGEST_NAME = 40
MOST = 50
BASES = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
BUILT_IN = frozenset({"agente", "supervisión", "administración", *(str(role) for role in Role)})


async def create(tx: Tx, *, by: Viewer, name: str, base: str, deeds: Collection[str]) -> OwnRole:
    """A new role with the scope of teams of `base`. Records "role.created".

    Refuses: 403 unless `by` may manage users and has all that it gives; 422 naming the field; 409 for a name in use.
    """
    policy.require(by, "manage_users")
    name = _named(name)
    if base not in BASES:
        raise Refused(422, Words("Elija una base de la lista."), code="invalid", field="base")
    wanted = _checked(base, deeds)
    policy.require_reach(by, base, frozenset(wanted))
    alive = select(func.count()).select_from(OwnRole).where(OwnRole.retired_at.is_(None))
    if (await tx.scalar(alive) or 0) >= MOST:
        raise Refused(422, Words("Ya hay {most}: retire alguno antes.", most=MOST), code="too_many", field="name")
    made = OwnRole(name=name, base=str(base), deeds=wanted, created_at=clock.now())
    tx.add(made)
    await _flushed(tx)
    new = {"name": name, "base": str(base), "deeds": wanted}
    audit.record(tx, by.actor, "role.created", subject=f"role:{made.id}", new=new)
    return made


async def change(tx: Tx, number: int, *, by: Viewer, name: str, deeds: Collection[str]) -> None:
    """Give it another name, or other deeds, for all who hold it. Records "role.updated" with what changed.

    For each holder "agent.updated" is recorded as well: on it their open screens look again at what they may.

    The base stays: another scope is another role. Refuses as `create`, and 404 for a retired one; 403 for one that can
    do what `by` cannot, whichever way it is changed.
    """
    policy.require(by, "manage_users")
    role = await open_role(tx, number, lock=True)
    wanted = _checked(role.base, deeds)
    policy.require_reach(by, role.base, frozenset(wanted) | frozenset(map(str, role.deeds)))
    old: dict[str, Any] = {"name": role.name, "deeds": sorted(map(str, role.deeds))}
    new: dict[str, Any] = {"name": _named(name), "deeds": wanted}
    changed = [field for field in new if new[field] != old[field]]
    if not changed:
        return
    role.name, role.deeds = new["name"], wanted
    role.version += 1
    await _flushed(tx)
    before, after = ({field: side[field] for field in changed} for side in (old, new))
    audit.record(tx, by.actor, "role.updated", subject=f"role:{role.id}", old=before, new=after)
    for holder in await tx.scalars(select(Agent.id).where(Agent.own_role_id == role.id).order_by(Agent.id)):
        about = {"own_role": role.id, "own_role_version": role.version}
        audit.record(tx, by.actor, "agent.updated", subject=f"agent:{holder}", new=about)


async def retire(tx: Tx, number: int, *, by: Viewer) -> None:
    """Let nobody be given it any more. Records "role.retired". Refuses: 409 while somebody who may sign in holds it."""
    policy.require(by, "manage_users")
    role = await open_role(tx, number, lock=True)
    policy.require_reach(by, role.base, frozenset(map(str, role.deeds)))
    held = select(func.count()).select_from(Agent).where(Agent.own_role_id == role.id, Agent.disabled_at.is_(None))
    holders = await tx.scalar(held) or 0
    if holders:
        said = plural(
            "Lo tiene una persona: dele antes otro rol.", "Lo tienen {n} personas: deles antes otro rol.", n=holders
        )
        raise Refused(409, said, code="role_in_use")
    role.retired_at = clock.now()
    old = {"name": role.name, "base": role.base, "deeds": sorted(map(str, role.deeds))}
    audit.record(tx, by.actor, "role.retired", subject=f"role:{role.id}", old=old)


async def open_role(tx: Tx, number: int, *, lock: bool = False) -> OwnRole:
    """A role that was not retired, held until `tx` ends with `lock`; Refused(404) for any other."""
    wanted = select(OwnRole).where(OwnRole.id == number, OwnRole.retired_at.is_(None))
    wanted = wanted.with_for_update().execution_options(populate_existing=True) if lock else wanted
    found = (await tx.scalars(wanted)).one_or_none() if 0 < number <= LARGEST_ID else None
    if found is None:
        raise not_found()
    return found


async def _flushed(tx: Tx) -> None:
    try:
        await tx.flush()
    except IntegrityError as taken:
        raise Refused(409, Words("Ya hay un rol con ese nombre."), code="already_exists", field="name") from taken


def _named(typed: str) -> str:
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    if name.casefold() in BUILT_IN:
        raise Refused(409, Words("Ese nombre es de un rol de la casa."), code="already_exists", field="name")
    return name


def _checked(base: str, deeds: Collection[str]) -> list[str]:
    """The deeds in order. What is the whole business's can only be done by who sees the whole business."""
    wanted = sorted(set(deeds))
    if not set(wanted) <= policy.EVERY_DEED:
        raise Refused(422, Words("Ese permiso no existe."), code="invalid", field="deeds")
    if base != Role.ADMIN and set(wanted) & policy.OF_THE_BUSINESS:
        text = Words("Los permisos de empresa piden un rol con base de administración.")
        raise Refused(422, text, code="invalid", field="deeds")
    return wanted
