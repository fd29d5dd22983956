"""`aldia user`: the people who sign in."""

from __future__ import annotations

import sys
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import aliased

from console import passwords, second_factor, settings, users
from console.agents import Agent, AgentTeam, Team
from console.audit import Actor
from console.commands import Failed, database, run
from console.db import Tx
from console.errors import Refused
from console.settings import Settings

OPERATOR = Actor(kind="system", name="Operación", origin="aldia user")


@click.group()
def user() -> None:
    """The people who sign in: add, list, disable, reset-password."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="As colleagues read it.")
@click.option("--role", required=True, type=click.Choice([str(role) for role in users.PEOPLE]))
@click.option("--team", "teams", multiple=True, help="A team by name, made if it is new; repeat for several.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
def add(email: str, name: str, role: str, teams: tuple[str, ...], *, password_stdin: bool) -> None:
    """Create a user. Without --password-stdin a password is made and printed once, as the last line."""
    config = settings.load()
    password = _read(config, email) if password_stdin else passwords.generated()
    run(_add(config, {"email": email, "name": name, "role": role}, teams, password))
    click.echo(f"{users.clean_email(email)} puede ingresar como {role} en {config.base_url}", err=True)
    if not password_stdin:
        click.echo(password)


async def _add(config: Settings, person: dict[str, Any], teams: tuple[str, ...], password: str) -> None:
    password_hash = await passwords.hashed(password)
    async with database(config) as db, db.transaction() as tx:
        joined = [await users.add_team(tx, team.strip()) for team in teams if team.strip()]
        await users.add(tx, **person, password_hash=password_hash, by=OPERATOR, teams=joined)


@user.command("list")
def list_() -> None:
    """List users: address, role, teams, and whether they are disabled, separated by tabs."""
    for line in run(_list()):
        click.echo(line)


async def _list() -> list[str]:
    async with database() as db, db.reading() as tx:
        query = select(Agent).where(Agent.role.in_(users.PEOPLE)).order_by(Agent.id)
        people = list(await tx.scalars(query))
        team = aliased(Team)
        memberships = (
            await tx.execute(select(AgentTeam.agent_id, team.name).join(team, team.id == AgentTeam.team_id))
        ).all()
    teams: dict[int, list[str]] = {}
    for agent_id, name in memberships:
        teams.setdefault(agent_id, []).append(name)
    return [
        "\t".join(
            [
                str(person.email),
                person.role,
                person.name,
                ", ".join(sorted(teams.get(person.id, []))),
                "inhabilitada" if person.disabled_at else "activa",
            ],
        )
        for person in people
    ]


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Shut a user out at once: every session ends, every socket closes."""
    run(_disable(email))
    click.echo(f"{users.clean_email(email)} ya no puede ingresar.", err=True)


async def _disable(email: str) -> None:
    async with database() as db, db.transaction() as tx:
        await users.disable(tx, await _who(tx, email), by=OPERATOR)


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the new password from standard input.")
def reset_password(email: str, *, password_stdin: bool) -> None:
    """Give a user a new password and end their sessions. Without --password-stdin it is printed once."""
    config = settings.load()
    password = _read(config, email) if password_stdin else passwords.generated()
    run(_reset(config, email, password))
    click.echo(f"Contraseña nueva para {users.clean_email(email)}; sus sesiones terminaron.", err=True)
    if not password_stdin:
        click.echo(password)


async def _reset(config: Settings, email: str, password: str) -> None:
    password_hash = await passwords.hashed(password)
    async with database(config) as db, db.transaction() as tx:
        await users.set_password(tx, await _who(tx, email), password_hash, by=OPERATOR)


@user.command("remove-factor")
@click.argument("email")
def remove_factor(email: str) -> None:
    """Take away the second factor of a user who lost theirs, and end their sessions."""
    run(_remove_factor(settings.load(), email))
    click.echo(f"{users.clean_email(email)} ingresa solo con su contraseña; sus sesiones terminaron.", err=True)


async def _remove_factor(config: Settings, email: str) -> None:
    async with database(config) as db, db.transaction() as tx:
        await second_factor.remove(tx, (await _who(tx, email)).id, by=OPERATOR)


async def _who(tx: Tx, email: str) -> Agent:
    try:
        return await users.with_email(tx, email)
    except Refused as refused:
        if refused.status != 404:
            raise
        raise Failed(f"No hay nadie con el correo {email}: vea aldia user list.") from refused


def _read(config: Settings, email: str) -> str:
    """One line, without its line end: everything else in it is part of the password."""
    typed = sys.stdin.readline()
    password = typed.removesuffix("\n").removesuffix("\r")
    passwords.check_new(password, company=config.company, email=email)
    return password
