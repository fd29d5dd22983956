"""`aldia bot`: what the bot understands, tried out from a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click
import msgspec

from console import clock, money, settings
from console.bots.actions import Step, step_for
from console.bots.understand import Understood, understand
from console.bots.when import When, when
from console.commands import Failed

COUNTRIES = {
    "PE": ("America/Lima", "PEN"),
    "MX": ("America/Mexico_City", "MXN"),
    "CO": ("America/Bogota", "COP"),
    "CL": ("America/Santiago", "CLP"),
    "AR": ("America/Argentina/Buenos_Aires", "ARS"),
}
"""Where the bot understands people, with the zone and the currency in which they count."""
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_LONGEST = 65_536
"""Characters of a line that are taken in; no message is longer."""


@click.group()
def bot() -> None:
    """The bot that answers after hours: try out what it understands."""


@bot.command(name="try")
@click.option(
    "--country",
    type=click.Choice(list(COUNTRIES), case_sensitive=False),
    help="Whose Spanish, zone and currency. Default: ALDIA_COUNTRY, or PE.",
)
@click.option(
    "--now", metavar="ISO", help="The moment at which it is said: 2026-11-20T20:14 (there) or with an offset."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def try_out(*, country: str | None, now: str | None, as_json: bool) -> None:
    """Read one message a line from standard input and print what the bot understands and would do.

    Nothing is sent, nothing is stored and no debtor is looked up. In a conversation identity comes first: whatever is
    marked so is done only after the right person has been confirmed, and before that not even the existence of a debt
    is mentioned.

    Each object has text, intents (label and score, the main one first), date (YYYY-MM-DD or null), action; and ask
    (days to choose from), confirm, amount, identity_first and rules.
    """
    place = (country or settings.country()).upper()
    if place not in COUNTRIES:
        raise click.UsageError(f"ALDIA_COUNTRY={place}: el bot entiende {', '.join(COUNTRIES)}.")
    zone, currency = ZoneInfo(COUNTRIES[place][0]), COUNTRIES[place][1]
    moment = _moment(now, zone)
    for text in _messages():
        understood = understand(text)
        meant = when(text, understood.labels, moment=moment, zone=zone, currency=currency, country=place)
        step = step_for(understood.labels, doubt=understood.doubt)
        show = _as_json if as_json else _as_words
        click.echo(show(text, understood, meant, step, currency))


def _moment(now: str | None, zone: ZoneInfo) -> datetime:
    if now is None:
        return clock.now()
    wrong = f"--now {now!r} no es una fecha y hora ISO, por ejemplo 2026-11-20T20:14."
    try:
        moment = datetime.fromisoformat(now)
    except ValueError as bad:
        raise click.UsageError(wrong) from bad
    # At the ends of the calendar there is no day before or after to speak of.
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise click.UsageError(wrong)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _messages() -> Iterator[str]:
    """The lines of standard input, empty ones too: answers can be counted off. Bytes that are no text end it."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as bad:
            raise Failed(f"La línea {number} de la entrada no es UTF-8: conviértala, por ejemplo con iconv.") from bad
        yield text[:_LONGEST]


def _as_json(text: str, understood: Understood, meant: When, step: Step, currency: str) -> str:
    shown: dict[str, object] = {
        "text": text,
        "intents": [{"label": intent.label, "score": intent.score} for intent in understood.intents],
        "date": meant.day,
        "action": step.action,
        "identity_first": step.after_identity,
    }
    if meant.ask:
        shown |= {"ask": meant.ask, "confirm": meant.confirm}
    if meant.amount_minor is not None:
        shown["amount"] = {"amount": money.as_text(meant.amount_minor, currency), "currency": currency}
    if understood.rules:
        shown["rules"] = understood.rules
    return msgspec.json.encode(shown).decode()


def _as_words(text: str, understood: Understood, meant: When, step: Step, currency: str) -> str:
    said = ", ".join(f"{intent.label} {intent.score:.2f}" for intent in understood.intents)
    lines = [text, f"  entiende: {said}"]
    if understood.rules:
        lines.append(f"  por regla: {', '.join(understood.rules)}")
    if meant.day:
        lines.append(f"  fecha: {meant.day.isoformat()}{' (por confirmar)' if meant.confirm else ''}")
    if meant.ask:
        lines.append(f"  preguntaría: {' o '.join(day.isoformat() for day in meant.ask)}")
    if meant.amount_minor is not None:
        lines.append(f"  monto: {money.as_text(meant.amount_minor, currency)} {currency}")
    first = " (antes confirma la identidad)" if step.after_identity else ""
    lines.append(f"  haría: {step.action}, {step.said}{first}")
    return "\n".join(lines)
