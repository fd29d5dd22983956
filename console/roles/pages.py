"""Roles in the settings: the built-in ones as they are, one's own to make, change and retire."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select

from console.agents import Agent, OwnRole, Role, Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy
from console.languages.words import Words
from console.roles import giving, keeping
from console.roles.words import GROUPS
from console.settings_pages.answers import back_to, known_id, show
from console.settings_pages.change_lines import Terms, among, newest

PAGE = "/settings/roles"
ONE = "/settings/roles/{role_id:int}"
BASES = {
    Role.AGENT: Words("Agente: sus equipos y lo que atiende"),
    Role.SUPERVISOR: Words("Supervisión: sus equipos"),
    Role.ADMIN: Words("Administración: todos los equipos"),
}
MOST = 20
CHANGES = ("role.created", "role.updated", "role.retired")
DEEDS = {deed: words for _title, deeds in GROUPS for deed, words in deeds.items()}
TERMS = Terms(
    fields={"deeds": Words("Permisos"), "base": Words("Base")}, said={"deeds": among(DEEDS), "base": among(BASES)}
)


class RoleLine(msgspec.Struct, frozen=True, kw_only=True):
    """A role of one's own in the list."""

    id: int
    name: str
    base: str
    deeds: int
    holders: int


@get(PAGE)
async def roles_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """All roles, and a form for another."""
    policy.require(viewer, "manage_users")
    return await _show(db, viewer)


@post(PAGE, status_code=303)
async def add_role(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Make one."""
    policy.require(viewer, "manage_users")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            made = await keeping.create(
                tx, by=viewer, name=form.get("name", ""), base=form.get("base", ""), deeds=_ticked(form)
            )
            number = made.id
    except Refused as refused:
        return await _show(db, viewer, refused=refused, typed=form)
    return back_to(f"{PAGE}/{number}")


@get(ONE)
async def role_page(
    role_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """One: what it may, who holds it, and what was changed."""
    policy.require(viewer, "manage_users")
    return await _show_one(db, viewer, known_id(role_id))


@post(ONE, status_code=303)
async def change_role(
    request: Request[Any, Any, Any],
    role_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Change its name and what it may; all who hold it feel it at once."""
    policy.require(viewer, "manage_users")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await keeping.change(tx, known_id(role_id), by=viewer, name=form.get("name", ""), deeds=_ticked(form))
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _show_one(db, viewer, role_id, refused=refused, typed=form)
    return back_to(f"{PAGE}/{role_id}")


@post(ONE + "/retirement", status_code=303)
async def retire_role(
    role_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Take it out of use, once nobody holds it."""
    policy.require(viewer, "manage_users")
    try:
        async with db.transaction() as tx:
            await keeping.retire(tx, known_id(role_id), by=viewer)
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _show_one(db, viewer, role_id, refused=refused)
    return back_to(PAGE)


def _ticked(form: dict[str, str]) -> list[str]:
    return [name.removeprefix("deed.") for name in form if name.startswith("deed.")]


async def _show(
    db: Database, viewer: Viewer, *, refused: Refused | None = None, typed: dict[str, str] | None = None
) -> Response[Any]:
    async with db.reading() as tx:
        holding = select(Agent.own_role_id, func.count()).where(
            Agent.own_role_id.is_not(None), Agent.disabled_at.is_(None)
        )
        holders = {row[0]: row[1] for row in await tx.execute(holding.group_by(Agent.own_role_id))}
        every = list(await tx.scalars(select(OwnRole).order_by(OwnRole.name)))
        names = {f"role:{row.id}": row.name for row in every}
        history = await newest(tx, CHANGES, msgspec.structs.replace(TERMS, about=names), most=MOST)
        lines = [
            RoleLine(
                id=row.id,
                name=row.name,
                base=giving.NAMES[Role(row.base)],
                deeds=len(row.deeds),
                holders=holders.get(row.id, 0),
            )
            for row in every
            if row.retired_at is None
        ]
    return show(
        "settings/roles.html",
        viewer,
        status=refused.status if refused else 200,
        roles=lines,
        history=history,
        bases=[(str(base), words) for base, words in BASES.items()],
        groups=GROUPS,
        gives=policy.deeds_of(viewer.role, viewer.deeds),
        typed=typed or {},
        problems={refused.field or "form": refused.text} if refused else {},
    )


async def _show_one(
    db: Database,
    viewer: Viewer,
    number: int,
    *,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        role = await keeping.open_role(tx, number)
        people = select(Agent.id, Agent.name).where(Agent.own_role_id == role.id, Agent.disabled_at.is_(None))
        holders = [(row[0], row[1]) for row in await tx.execute(people.order_by(Agent.name))]
        about = (f"role:{role.id}",)
        history = await newest(tx, ("role.created", "role.updated"), TERMS, subjects=about, most=MOST)
    has = {"name": role.name, **{f"deed.{deed}": "1" for deed in role.deeds}}
    return show(
        "settings/role.html",
        viewer,
        status=refused.status if refused else 200,
        role=role,
        base=BASES[Role(role.base)],
        groups=GROUPS if role.base == Role.ADMIN else GROUPS[:-1],
        gives=policy.deeds_of(viewer.role, viewer.deeds),
        holders=holders,
        history=history,
        typed=has if typed is None else typed,
        problems={refused.field or "form": refused.text} if refused else {},
    )


routes = [roles_page, add_role, role_page, change_role, retire_role]
