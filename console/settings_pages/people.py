"""People, for administrators: who may sign in, as what, and who no longer."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select

from console import passwords, second_factor, sessions, users
from console.agents import Agent, AgentTeam, OwnRole, Role, SignInSession, Team, Viewer, own_deeds
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import policy
from console.roles import giving
from console.settings_pages.answers import back_to, known_id, show
from console.settings_pages.people_changes import changes_of
from console.settings_pages.session_lines import session_lines

PAGE = "/settings/users"


class PersonLine(msgspec.Struct, frozen=True):
    """Somebody who signs in, as an administrator sees them."""

    id: int
    name: str
    email: str
    role: str
    teams: str
    is_disabled: bool
    is_oneself: bool
    sessions: int


class Made(msgspec.Struct, frozen=True):
    """A password that was just made, shown this once."""

    email: str
    password: str


@get(PAGE)
async def people_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Everybody who signs in, or did."""
    policy.require(viewer, "manage_users")
    return await _show(db, viewer)


@post(PAGE, status_code=200)
async def add_person(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Add somebody, with a password that is shown once and that they change."""
    policy.require(viewer, "manage_users")
    fields = await read_form(request)
    typed = {name: fields.get(name, "").strip() for name in ("name", "email", "role", "team")}
    password = passwords.generated()
    try:
        async with passwords.place():
            password_hash = await passwords.hashed(password)
        async with db.transaction() as tx:
            teams = [await users.add_team(tx, typed["team"][:80])] if typed["team"] else None
            role, own_role = await giving.chosen(tx, viewer, typed["role"])
            person = {"name": typed["name"], "email": typed["email"], "role": role}
            await users.add(tx, **person, password_hash=password_hash, teams=teams, by=viewer.actor, own_role=own_role)
    except Refused as refused:
        problems = {refused.field or "form": refused.text}
        return await _show(db, viewer, status=refused.status, typed=typed, problems=problems)
    return await _show(db, viewer, made=Made(users.clean_email(typed["email"]), password))


@post("/settings/users/{agent_id:int}/reset-password", status_code=200)
async def reset_password(
    agent_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Give somebody a new password, shown once; all their sessions end."""
    policy.require(viewer, "manage_users")
    password = passwords.generated()
    async with passwords.place():
        password_hash = await passwords.hashed(password)
    async with db.transaction() as tx:
        agent = await _person(tx, agent_id, viewer)
        await users.set_password(tx, agent, password_hash, by=viewer.actor)
    return await _show(db, viewer, made=Made(agent.email or "", password))


@post("/settings/users/{agent_id:int}/disable", status_code=303)
async def disable_person(
    agent_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Shut somebody out at once."""
    policy.require(viewer, "manage_users")
    async with db.transaction() as tx:
        await users.disable(tx, await _person(tx, agent_id, viewer), by=viewer.actor)
    return back_to(PAGE)


@post("/settings/users/{agent_id:int}/end-sessions", status_code=303)
async def end_sessions(
    agent_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Sign somebody out everywhere; they may sign in again."""
    policy.require(viewer, "manage_users")
    async with db.transaction() as tx:
        agent = await _person(tx, agent_id, viewer)
        await sessions.end_all(tx, agent.id, by=viewer.actor, why="ended_by_admin")
    return back_to(PAGE)


@get("/settings/users/{agent_id:int}")
async def person_page(
    agent_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """One person: role, teams, second factor, where they are signed in, and what was changed about them."""
    policy.require(viewer, "manage_users")
    return await _show_one(db, viewer, agent_id)


@post("/settings/users/{agent_id:int}", status_code=200)
async def change_person(
    request: Request[Any, Any, Any],
    agent_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Give somebody another role or other teams; their sessions end."""
    policy.require(viewer, "manage_users")
    form = await read_form(request)
    team_ids = [int(name.removeprefix("team-")) for name in form if re.fullmatch(r"team-\d{1,18}", name, re.ASCII)]
    try:
        async with db.transaction() as tx:
            agent = await _person(tx, agent_id, viewer)
            role, own_role = await giving.chosen(tx, viewer, form.get("role", ""))
            await users.change(tx, agent, role=role, team_ids=team_ids, by=viewer.actor, own_role=own_role)
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _show_one(db, viewer, agent_id, refused=refused)
    return await _show_one(db, viewer, agent_id, saved=True)


@post("/settings/users/{agent_id:int}/remove-factor", status_code=303)
async def remove_factor(
    agent_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Take away the second factor of who lost theirs; all their sessions end."""
    policy.require(viewer, "manage_users")
    async with db.transaction() as tx:
        agent = await _person(tx, agent_id, viewer)
        await second_factor.remove(tx, agent.id, by=viewer.actor)
    return back_to(f"{PAGE}/{agent_id}")


@post("/settings/users/{agent_id:int}/sessions/{session_id:int}/end", status_code=303)
async def end_one_session(
    agent_id: FromPath[int],
    session_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Sign somebody out in one place."""
    policy.require(viewer, "manage_users")
    async with db.transaction() as tx:
        agent = await _person(tx, agent_id, viewer)
        ended = await sessions.end(tx, known_id(session_id), by=viewer.actor, why="ended_by_admin", agent_id=agent.id)
        if not ended:
            raise not_found()
    return back_to(f"{PAGE}/{agent_id}")


async def _show_one(
    db: Database, viewer: Viewer, agent_id: int, *, refused: Refused | None = None, saved: bool = False
) -> Response[Any]:
    async with db.reading() as tx:
        agent = await tx.scalar(select(Agent).where(Agent.id == known_id(agent_id), Agent.role.in_(users.PEOPLE)))
        if agent is None:
            raise not_found()
        theirs = set(await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent.id)))
        teams = [(row.id, row.name, row.id in theirs) for row in await tx.scalars(select(Team).order_by(Team.name))]
        lines = await session_lines(tx, agent.id, viewer.session_id)
        has_factor = await second_factor.is_on(tx, agent.id)
        history = await changes_of(tx, agent)
        roles = await giving.offered(tx)
    return show(
        "settings/person.html",
        viewer,
        status=refused.status if refused else 200,
        somebody=agent,
        teams=teams,
        roles=roles,
        chosen=f"own-{agent.own_role_id}" if agent.own_role_id else agent.role,
        sessions=lines,
        has_factor=has_factor,
        history=history,
        is_oneself=agent.id == viewer.id,
        problem=refused,
        saved=saved,
    )


async def _person(tx: Tx, agent_id: int, viewer: Viewer) -> Agent:
    """Whom something is to be done to, held until `tx` ends; 403 for who may do what the viewer may not."""
    query = select(Agent).where(Agent.id == known_id(agent_id), Agent.role.in_(users.PEOPLE)).with_for_update()
    agent = await tx.scalar(query)
    if agent is None:
        raise not_found()
    policy.require_reach(viewer, agent.role, await own_deeds(tx, agent))
    return agent


async def _show(
    db: Database,
    viewer: Viewer,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    made: Made | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        people = await _lines(tx, viewer)
        teams = (await tx.scalars(select(Team.name).order_by(Team.name))).all()
        roles = await giving.offered(tx)
    blank = dict.fromkeys(("name", "email", "role", "team"), "")
    return show(
        "settings/users.html",
        viewer,
        status=status,
        people=people,
        teams=teams,
        roles=roles,
        typed=typed or blank,
        problems=problems or {},
        made=made,
    )


async def _lines(tx: Tx, viewer: Viewer) -> list[PersonLine]:
    people = (await tx.scalars(select(Agent).where(Agent.role.in_(users.PEOPLE)).order_by(Agent.name, Agent.id))).all()
    own = dict((await tx.execute(select(OwnRole.id, OwnRole.name))).all())
    teams: dict[int, list[str]] = {}
    memberships = select(AgentTeam.agent_id, Team.name).join(Team, Team.id == AgentTeam.team_id).order_by(Team.name)
    for agent_id, name in await tx.execute(memberships):
        teams.setdefault(agent_id, []).append(name)
    are_open = await sessions.open_now(tx)
    counting = select(SignInSession.agent_id, func.count()).where(*are_open).group_by(SignInSession.agent_id)
    open_sessions = dict((await tx.execute(counting)).all())
    return [
        PersonLine(
            id=person.id,
            name=person.name,
            email=person.email or "",
            role=own[person.own_role_id] if person.own_role_id else giving.NAMES[Role(person.role)],
            teams=", ".join(teams.get(person.id, [])),
            is_disabled=person.disabled_at is not None,
            is_oneself=person.id == viewer.id,
            sessions=open_sessions.get(person.id, 0),
        )
        for person in people
    ]


routes = [
    person_page,
    change_person,
    remove_factor,
    end_one_session,
    people_page,
    add_person,
    reset_password,
    disable_person,
    end_sessions,
]
