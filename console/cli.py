"""The program `aldia`: its subcommands, its exit codes, and one line on standard error when something is wrong."""

from __future__ import annotations

import importlib
import sys

import click

from console.commands import Failed
from console.errors import Refused
from console.settings import UnsafeSettings

# Where each subcommand lives, so that `aldia --help` need not import them all.
_PLACES = {
    "serve": "serving",
    "work": "serving",
    "migrate": "serving",
    "demo": "demonstration",
    "user": "people",
    "token": "tokens",
    "portfolio": "portfolio",
    "payments": "payments",
    "audit": "history",
    "bot": "bots",
    "doctor": "checking",
    "backup": "keeping",
    "restore": "keeping",
}


class Program(click.Group):
    """The subcommands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """In the order an operator meets them."""
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 click's signature
        """One of them, or None."""
        if cmd_name not in _PLACES:
            return None
        command = getattr(importlib.import_module(f"console.commands.{_PLACES[cmd_name]}"), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aldia")
def program() -> None:
    """Al Día: a live WhatsApp console for collections teams."""


def main() -> None:
    """Run `aldia`: exit 0 on success, 2 on bad usage, 1 on failure."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        program.main(arguments, prog_name="aldia", standalone_mode=False)
    except click.UsageError as misuse:
        path = misuse.ctx.command_path if misuse.ctx else "aldia"
        return _say(f"{misuse.format_message()} Vea: {path} --help", 2)
    except click.Abort:
        return _say("Interrumpido.", 1)
    except click.ClickException as failed:
        return _say(failed.format_message(), 1)
    except Refused as refused:
        return _say(refused.text, 1)
    except (Failed, UnsafeSettings, OSError) as failed:
        return _say(str(failed), 1)
    return 0


def _say(text: str, code: int) -> int:
    click.echo(f"aldia: {' '.join(text.split())}", err=True)
    return code
