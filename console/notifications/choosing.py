"""What may be told of, in which words, and when nothing rings. Pure.

A locked screen is read by whoever stands beside it: no name, no number, no word of what was written (compliance §6).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from console.errors import Refused
from console.languages.words import Words

KINDS = {
    "mine": Words("Escriben en una conversación mía"),
    "assigned": Words("Me asignan una conversación"),
    "mention": Words("Me mencionan en una nota interna"),
    "team": Words("Llega una conversación nueva a mi equipo"),
    "danger": Words("Supervisión: alguien puede estar en peligro, o prueba datos ajenos con el bot"),
    "alert": Words("Supervisión: el bot pide ayuda, los envíos se detienen, vence el acceso a WhatsApp"),
}
WORDS = {
    "mine": Words("Alguien escribió en una conversación suya"),
    "assigned": Words("Le asignaron una conversación"),
    "mention": Words("Le mencionaron en una nota interna"),
    "team": Words("Hay una conversación nueva en su equipo"),
    "danger": Words("El asistente automático le pide mirar una conversación ahora"),
    "alert": Words("Hay un aviso para usted"),
}
_ALWAYS_RINGS = frozenset({"danger"})
"""A life may depend on it, and the bot calls mostly at night: no quiet hour holds it back."""
# Nobody chooses not to know, and no hour is too late: whoever hears of it a day later hears too late.
SECURITY = {
    "sign_in": Words("Ingresaron a su cuenta desde un navegador o una red nuevos. Si no fue usted, cierre esa sesión"),
    "disowned": Words("Alguien de su equipo dice que un ingreso a su cuenta no fue suyo"),
    "attempts": Words("Fallaron muchos ingresos a una cuenta de su equipo"),
}
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent wants; see `models.NotificationChoice`."""

    kinds: Collection[str] = tuple(KINDS)
    sound: bool = True
    quiet_from: int | None = None
    quiet_to: int | None = None


def is_quiet(choice: Choice, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether nothing rings for this agent at `moment`: from the first minute up to, and without, the last."""
    start, end = choice.quiet_from, choice.quiet_to
    if start is None or end is None or start == end:
        return False
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def wants(choice: Choice, kind: str, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether this agent is told of a thing of this kind now. Danger is told of in the quiet hours too."""
    if kind in SECURITY:
        return True
    return kind in choice.kinds and (kind in _ALWAYS_RINGS or not is_quiet(choice, moment, zone))


def minutes(text: str, field: str) -> int | None:
    """`20:30` in minutes of the day; None for nothing. Refuses 422 naming `field`."""
    if not text.strip():
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Refused(422, Words("Escriba la hora así: 20:30."), code="invalid", field=field)
    return int(found[1]) * 60 + int(found[2])


def as_time(minute: int | None) -> str:
    """Minutes of the day as `20:30`; empty for None."""
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"
