"""`aldia audit`: whether the history is whole, and the anchor to keep elsewhere."""

from __future__ import annotations

import re

import click
import msgspec

from console import audit as history
from console import settings
from console.audit import AuditHead, Verdict
from console.commands import Failed, database, run

_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """The history: verify it, or print its head to be kept elsewhere."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as one JSON object.")
@click.option("--anchor", help="N:HASH, as printed by `aldia audit head` and kept outside the database.")
def verify(*, as_json: bool, anchor: str | None) -> None:
    """Check every entry. Exit 0 and a count when all is intact, exit 1 naming the first entry that is not."""
    verdict = run(_verify(_parsed(anchor) if anchor else None))
    if as_json:
        click.echo(msgspec.json.encode(verdict).decode())
    elif verdict.intact:
        click.echo(f"{verdict.entries} entradas, íntegras. Cabecera: {verdict.entries}:{verdict.head}")
    if not verdict.intact:
        raise Failed(f"El historial no está íntegro: entrada {verdict.first_bad}, {verdict.reason}.")


async def _verify(anchor: tuple[int, str] | None) -> Verdict:
    config = settings.load()
    async with database(config) as db, db.reading() as tx:
        return await history.verify(tx, config.secret_key, anchor=anchor)


def _parsed(anchor: str) -> tuple[int, str]:
    match = _ANCHOR.fullmatch(anchor.strip())
    if match is None:
        raise click.UsageError("El ancla se escribe N:HASH, como la imprime aldia audit head.")
    return int(match[1]), match[2]


@audit.command()
def head() -> None:
    """Print the newest entry's number and hash as N:HASH. Kept elsewhere, it exposes a history rewritten as a whole."""
    click.echo(run(_head()))


async def _head() -> str:
    async with database() as db, db.reading() as tx:
        newest = await tx.get(AuditHead, 1)
    if newest is None:
        raise Failed("El historial no tiene cabecera: ejecute aldia audit verify.")
    return f"{newest.entry_id}:{newest.hash}"
