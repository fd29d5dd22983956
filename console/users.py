"""The people on our side: adding, disabling, new passwords. Every verb ends what must not go on."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from console import audit, clock, sessions
from console.agents import Agent, AgentTeam, OwnRole, Role, Team
from console.audit import Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox.channel_state import FIRST_TEAM
from console.languages.words import Words

PEOPLE = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)


def clean_email(typed: str) -> str:
    """The sign-in name as it is kept: trimmed and in lower case. Refuses (422) what is no address."""
    email = typed.strip().lower()
    name, at, host = email.rpartition("@")
    if not (name and at and host) or len(email) > 254 or any(c.isspace() or not c.isprintable() for c in email):
        raise Refused(
            422, Words("Escriba un correo completo, como rosa@empresa.example."), code="invalid", field="email"
        )
    return email


async def any_person(tx: Tx) -> bool:
    """Whether anybody who can sign in was ever added."""
    return await tx.scalar(select(Agent.id).where(Agent.role.in_(PEOPLE)).limit(1)) is not None


async def add(
    tx: Tx,
    *,
    email: str,
    name: str,
    role: str,
    password_hash: str,
    by: Actor,
    teams: list[Team] | None = None,
    own_role: OwnRole | None = None,
) -> Agent:
    """Add somebody who can sign in, to `teams` or else to the first team. Records agent.created.

    With `own_role`, `role` is its base.

    Refuses 422 for a bad name, address or role, 409 for an address in use.
    """
    email, name = clean_email(email), " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise Refused(422, Words("Escriba un nombre de hasta 80 letras."), code="invalid", field="name")
    if role not in PEOPLE:
        raise Refused(422, Words("El rol debe ser agent, supervisor o admin."), code="invalid", field="role")
    if await tx.scalar(select(Agent.id).where(Agent.email == email)) is not None:
        raise _in_use()
    agent = Agent(
        email=email,
        name=name,
        role=role,
        own_role_id=own_role.id if own_role else None,
        password_hash=password_hash,
        created_at=clock.now(),
    )
    tx.add(agent)
    try:
        await tx.flush()
    except IntegrityError as taken:
        # Somebody else was adding the same person at this very moment.
        raise _in_use() from taken
    joined = teams or [await first_team(tx)]
    tx.add_all([AgentTeam(agent_id=agent.id, team_id=team.id) for team in joined])
    new = {"role": role, "team_ids": [team.id for team in joined], **_named(own_role)}
    audit.record(tx, by, "agent.created", subject=f"agent:{agent.id}", new=new)
    return agent


def _in_use() -> Refused:
    return Refused(409, Words("Ya hay una persona con ese correo."), code="already_exists", field="email")


async def first_team(tx: Tx) -> Team:
    """The oldest team; made on the spot in a house that has none yet."""
    team = await tx.scalar(select(Team).order_by(Team.id).limit(1))
    return team or await add_team(tx, FIRST_TEAM)


async def add_team(tx: Tx, name: str) -> Team:
    """A new team, or the one that already has this name."""
    team = await tx.scalar(select(Team).where(Team.name == name))
    if team is None:
        team = Team(name=name, created_at=clock.now())
        tx.add(team)
        await tx.flush()
    return team


async def with_email(tx: Tx, email: str) -> Agent:
    """The person who signs in as `email`; refuses with 404."""
    agent = await tx.scalar(select(Agent).where(Agent.email == clean_email(email)))
    if agent is None:
        raise not_found()
    return agent


async def disable(tx: Tx, agent: Agent, *, by: Actor) -> None:
    """Shut somebody out, at once and everywhere. Records agent.disabled. Refuses (409) for the last administrator."""
    if agent.disabled_at is not None:
        return
    if _has_all_keys(agent):
        await _require_another_admin(tx)
    agent.disabled_at = clock.now()
    agent.version += 1
    audit.record(tx, by, "agent.disabled", subject=f"agent:{agent.id}", old={"disabled": False}, new={"disabled": True})
    await sessions.end_all(tx, agent.id, by=by, why="disabled")


async def change(
    tx: Tx, agent: Agent, *, role: str, team_ids: list[int], by: Actor, own_role: OwnRole | None = None
) -> None:
    """Give somebody another role and other teams. Records agent.updated with both, before and after.

    With `own_role`, `role` is its base.

    What they have open follows at once: their sessions end, so that no screen shows what is no longer theirs.
    Refuses 422 for an unknown role or team, or without a team; 409 for the last administrator.
    """
    if role not in PEOPLE:
        raise Refused(422, Words("Ese rol no existe."), code="invalid", field="role")
    teams = sorted(set(team_ids))
    known = set(await tx.scalars(select(Team.id).where(Team.id.in_(teams))))
    if not teams or known != set(teams):
        raise Refused(422, Words("Elija al menos un equipo que exista."), code="invalid", field="teams")
    memberships = select(AgentTeam.team_id).where(AgentTeam.agent_id == agent.id).order_by(AgentTeam.team_id)
    former = await tx.get(OwnRole, agent.own_role_id) if agent.own_role_id else None
    old = {"role": agent.role, "team_ids": list(await tx.scalars(memberships)), **_named(former)}
    new = {"role": str(role), "team_ids": teams, **_named(own_role)}
    if old == new:
        return
    if _has_all_keys(agent) and (role != Role.ADMIN or own_role is not None):
        await _require_another_admin(tx)
    agent.role = str(role)
    agent.own_role_id = own_role.id if own_role else None
    agent.version += 1
    await tx.execute(delete(AgentTeam).where(AgentTeam.agent_id == agent.id))
    tx.add_all([AgentTeam(agent_id=agent.id, team_id=team) for team in teams])
    audit.record(tx, by, "agent.updated", subject=f"agent:{agent.id}", old=old, new=new)
    await sessions.end_all(tx, agent.id, by=by, why="role_changed")


def _named(own_role: OwnRole | None) -> dict[str, object]:
    """How the history names a role of the business's own."""
    return {"own_role": {"id": own_role.id, "name": own_role.name}} if own_role else {}


def _has_all_keys(agent: Agent) -> bool:
    """Whether this is an administrator as built in: roles made from it may have fewer keys, and count for none."""
    return agent.role == Role.ADMIN and agent.own_role_id is None


async def _require_another_admin(tx: Tx) -> None:
    # Locking them all keeps two administrators from disabling each other in the same instant.
    admins = select(Agent.id).where(Agent.role == Role.ADMIN, Agent.own_role_id.is_(None), Agent.disabled_at.is_(None))
    if len((await tx.scalars(admins.with_for_update())).all()) < 2:
        raise Refused(409, Words("Es la última persona con rol admin: nombre antes a otra."), code="last_admin")


async def set_password(tx: Tx, agent: Agent, password_hash: str, *, by: Actor, keep_session: int | None = None) -> None:
    """Give somebody a new password and end all their sessions but `keep_session`. Records agent.password_changed."""
    agent.password_hash = password_hash
    agent.version += 1
    audit.record(tx, by, "agent.password_changed", subject=f"agent:{agent.id}", new={"by_owner": by.id == agent.id})
    await sessions.end_all(tx, agent.id, by=by, why="password_changed", keep=keep_session)


async def count(tx: Tx) -> int:
    """How many people can sign in now."""
    query = select(func.count()).select_from(Agent).where(Agent.role.in_(PEOPLE), Agent.disabled_at.is_(None))
    return await tx.scalar(query) or 0
