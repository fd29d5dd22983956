"""`aldia doctor`."""

from __future__ import annotations

import click

from console import doctor as examination
from console import settings
from console.commands import Failed, run
from console.settings import Settings


@click.command()
def doctor() -> None:
    """Check configuration, database, Redis, WhatsApp credentials and webhook reachability, one line each."""
    unwell = run(_examine(settings.load()))
    if unwell:
        raise Failed(f"Hay que revisar: {', '.join(unwell)}.")


async def _examine(config: Settings) -> list[str]:
    unwell: list[str] = []
    async for finding in examination.examine(config):
        click.echo(f"{'bien ' if finding.is_well else 'FALLA'}  {finding.about}: {finding.said}")
        if not finding.is_well:
            unwell.append(finding.about)
    return unwell
