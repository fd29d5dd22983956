"""`aldia demo`: what `make run` starts."""

from __future__ import annotations

import click

from console.commands import Failed, run
from console.demo import stage


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port of the console.")
@click.option("--reset", is_flag=True, help="Forget earlier demos first.")
def demo(port: int, *, reset: bool) -> None:
    """Run a console with sample data and a simulated WhatsApp number, on this machine alone."""
    try:
        if reset:
            stage.forget()
        run(stage.run(port, click.echo))
    except stage.Impossible as impossible:
        raise Failed(str(impossible)) from impossible
