"""`aldia token`: the keys programs use."""

from __future__ import annotations

import secrets

import click
from sqlalchemy import select, update

from console import audit, clock
from console.agents import ApiToken
from console.api.tokens import ALL, SCOPES
from console.audit import Actor
from console.commands import Failed, database, run
from console.sessions import hash_of

OPERATOR = Actor(kind="system", name="Operación", origin="aldia token")


@click.group()
def token() -> None:
    """The keys programs use for /api/v1: add, list, revoke."""


@token.command()
@click.option("--name", required=True, help="The program it is for.")
@click.option("--scope", "scopes", multiple=True, required=True, help='What it may do; several, or "*" for everything.')
@click.argument("more_scopes", nargs=-1, metavar="[SCOPE]...")
def add(name: str, scopes: tuple[str, ...], more_scopes: tuple[str, ...]) -> None:
    """Create a token and print it once, as the last line."""
    wanted = sorted({scope for given in (*scopes, *more_scopes) for scope in given.replace(",", " ").split()})
    unknown = [scope for scope in wanted if scope not in {*SCOPES, ALL}]
    if unknown or not wanted:
        raise click.UsageError(
            f"No hay un permiso {', '.join(unknown) or 'vacío'}; los que hay: *, {', '.join(SCOPES)}."
        )
    click.echo(run(_add(name.strip(), wanted)))


async def _add(name: str, scopes: list[str]) -> str:
    key = f"aldia_{secrets.token_urlsafe(32)}"
    async with database() as db, db.transaction() as tx:
        row = ApiToken(name=name, token_hash=hash_of(key), scopes=scopes, created_at=clock.now())
        tx.add(row)
        await tx.flush()
        audit.record(tx, OPERATOR, "token.created", subject=f"token:{row.id}", new={"scopes": scopes})
    return key


@token.command("list")
def list_() -> None:
    """List tokens: number, name, scopes, and whether they are revoked, separated by tabs. Keys are not kept."""
    for line in run(_list()):
        click.echo(line)


async def _list() -> list[str]:
    async with database() as db, db.reading() as tx:
        rows = (await tx.scalars(select(ApiToken).order_by(ApiToken.id))).all()
    return [
        "\t".join([str(row.id), row.name, ",".join(map(str, row.scopes)), "revocado" if row.revoked_at else "activo"])
        for row in rows
    ]


@token.command()
@click.argument("number_or_name", metavar="ID|NAME")
def revoke(number_or_name: str) -> None:
    """Revoke a token, by its number or its name; from now on it opens nothing."""
    run(_revoke(number_or_name))
    click.echo("El token ya no abre nada.", err=True)


async def _revoke(wanted: str) -> None:
    is_it = ApiToken.id == int(wanted) if wanted.isascii() and wanted.isdigit() else ApiToken.name == wanted
    async with database() as db, db.transaction() as tx:
        ending = update(ApiToken).where(is_it, ApiToken.revoked_at.is_(None)).values(revoked_at=clock.now())
        revoked = (await tx.scalars(ending.returning(ApiToken.id))).all()
        for number in revoked:
            audit.record(tx, OPERATOR, "token.revoked", subject=f"token:{number}")
    if not revoked:
        raise Failed(f"No hay un token activo {wanted}: vea aldia token list.")
