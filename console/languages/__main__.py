"""`python -m console.languages`: bring the catalogues up to what screens say, and tell what they lack."""

from __future__ import annotations

import click

from console.languages.extracting import update


def main() -> None:
    """Update, and print what waits for a translator."""
    for language, lacking in update():
        click.echo(f"{language}: {len(lacking)} sin traducir")
        for text in lacking:
            click.echo(f"  {text}")


if __name__ == "__main__":
    main()
