"""`aldia backup` and `aldia restore`."""

from __future__ import annotations

import tarfile
from pathlib import Path

import click

from console import backup as copies
from console import settings
from console.backup import Manifest
from console.commands import Failed, run
from console.commands.serving import only_one
from console.postgres_copies import Unusable
from console.settings import Settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of database and attachments to FILE, while serving."""
    config = settings.load()
    if not file.absolute().parent.is_dir():
        raise Failed(f"No existe la carpeta {file.absolute().parent}: créela antes.")
    try:
        manifest = run(copies.back_up(config, file.absolute()))
    except Unusable as unusable:
        raise Failed(str(unusable)) from unusable
    click.echo(f"Copia en {file}: {manifest.messages} mensajes, historial {manifest.head}", err=True)
    click.echo(f"sha256 {copies.digest_of(file)}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put the copy in FILE back in place of what is there. Stop the console first."""
    config = settings.load()
    try:
        manifest = run(_restore(config, file))
    except Unusable as unusable:
        raise Failed(str(unusable)) from unusable
    except tarfile.TarError as unreadable:
        raise Failed(f"{file} no es una copia de aldia backup.") from unreadable
    click.echo(
        f"Restaurado como el {manifest.made_at}: {manifest.messages} mensajes. Todos deben ingresar de nuevo.", err=True
    )
    click.echo("Lo que esperaba salir quedó «sin confirmar»: revíselo en la bandeja.", err=True)
    click.echo(f"Lo programado para antes de ahora quedó retenido: revíselo en {config.base_url}/scheduled", err=True)


async def _restore(config: Settings, file: Path) -> Manifest:
    async with only_one(config):
        return await copies.restore(config, file)
