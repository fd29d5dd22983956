"""`aldia token`: the keys programs use."""

from __future__ import annotations

import click
from sqlalchemy import select

from console import clock
from console.agents import ApiToken
from console.api.tokens import ALL, SCOPES
from console.api_tokens import keeping
from console.audit import Actor
from console.commands import Failed, database, run

OPERATOR = Actor(kind="system", name="Operación", origin="aldia token")
_LONGEST_NUMBER = 18


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
    click.echo(run(_add(keeping.name_of(name), wanted)))


async def _add(name: str, scopes: list[str]) -> str:
    async with database() as db, db.transaction() as tx:
        return await keeping.issue(tx, name=name, scopes=scopes, by=OPERATOR)


@token.command("list")
def list_() -> None:
    """List tokens: number, name, scopes, and whether they still open anything, separated by tabs. Keys are not kept."""
    for line in run(_list()):
        click.echo(line)


async def _list() -> list[str]:
    async with database() as db, db.reading() as tx:
        rows = (await tx.scalars(select(ApiToken).order_by(ApiToken.id))).all()
    return ["\t".join([str(row.id), row.name, ",".join(map(str, row.scopes)), _state(row)]) for row in rows]


def _state(row: ApiToken) -> str:
    if row.revoked_at:
        return "revocado"
    return "vencido" if row.expires_at and row.expires_at <= clock.now() else "activo"


@token.command()
@click.argument("number_or_name", metavar="ID|NAME")
def revoke(number_or_name: str) -> None:
    """Revoke a token, by its number or its name; from now on it opens nothing."""
    run(_revoke(number_or_name))
    click.echo("El token ya no abre nada.", err=True)


async def _revoke(wanted: str) -> None:
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_NUMBER
    is_it = ApiToken.id == int(wanted) if is_number else ApiToken.name == wanted
    async with database() as db, db.transaction() as tx:
        wanted_ones = select(ApiToken).where(is_it, ApiToken.revoked_at.is_(None)).with_for_update()
        revoked = (await tx.scalars(wanted_ones)).all()
        keeping.take_back(tx, revoked, by=OPERATOR)
    if not revoked:
        raise Failed(f"No hay un token activo {wanted}: vea aldia token list.")
