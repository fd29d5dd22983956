"""How the bot behaves for a team: when it speaks, what it asks, how much it may say. Decided by people, on record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from console import audit, clock
from console.agents import Team, Viewer
from console.audit import Actor
from console.bots.models import BotRules, Mode
from console.bots.right_party import QUESTIONS
from console.bots.texts import TONES
from console.db import Tx
from console.errors import Refused
from console.inbox.thread import actor_of
from console.languages.words import Words

USUAL_QUESTIONS = ["document_last4", "birth_year"]
LONGEST_WORDS = 500
_BOUNDS = {
    "unanswered_minutes": (1, 24 * 60, Words("minutos")),
    "quiet_minutes": (0, 24 * 60, Words("minutos")),
    "tries": (1, 5, Words("intentos")),
    "verified_days": (0, 365, Words("días")),
    "stale_hours": (1, 24 * 30, Words("horas")),
    "most_replies": (1, 200, Words("respuestas")),
    "most_a_night": (1, 1_000_000, Words("respuestas")),
    "reply_price_minor": (0, 1_000_000, Words("centésimos")),
}


async def rules_of(tx: Tx, team_id: int) -> BotRules:
    """What is in force for the team: its row, or the usual values in a row that is not kept."""
    return await tx.get(BotRules, team_id) or usual(team_id)


async def rules_by_team(tx: Tx) -> dict[int, BotRules]:
    """What is in force, for every team that has decided something; the others have `usual`."""
    return {row.team_id: row for row in await tx.scalars(select(BotRules))}


async def teams_of(tx: Tx, viewer: Viewer) -> list[tuple[int, str]]:
    """The teams whose bot `viewer` may look after, by name."""
    wanted = select(Team.id, Team.name).order_by(Team.name)
    if not viewer.sees_all:
        wanted = wanted.where(Team.id.in_(viewer.team_ids))
    return [(number, name) for number, name in await tx.execute(wanted)]


def usual(team_id: int) -> BotRules:
    """How the bot behaves until somebody decides otherwise."""
    return BotRules(
        team_id=team_id,
        mode=Mode.AFTER_HOURS,
        unanswered_minutes=10,
        quiet_minutes=15,
        tone="cordial",
        questions=list(USUAL_QUESTIONS),
        tries=3,
        verified_days=30,
        stale_hours=48,
        most_replies=40,
        most_a_night=5000,
        reply_price_minor=0,
        version=1,
    )


async def change(tx: Tx, team_id: int, *, by: Viewer | Actor, version: int | None = None, **values: Any) -> BotRules:  # noqa: ANN401 by name
    """Decide otherwise. `paused_until` is an instant or None; the others are the columns of BotRules.

    Announces bot.rules_changed. Refuses: 404 for a team that is none; 422 naming the field; 409 "version_conflict".
    """
    if await tx.get(Team, team_id) is None:
        raise Refused(404, Words("Ese equipo no existe."), code="not_found")
    row = await tx.get(BotRules, team_id, with_for_update=True)
    if version is not None and version != (row.version if row else 1):
        raise Refused(
            409, Words("Los ajustes cambiaron mientras tanto; revise cómo quedaron."), code="version_conflict"
        )
    if row is None:
        row = usual(team_id)
        tx.add(row)
    old: dict[str, Any] = {}
    for name, value in values.items():
        checked = _checked(name, value)
        if getattr(row, name) != checked:
            old[name] = getattr(row, name)
            setattr(row, name, checked)
    if old:
        row.updated_at, row.version = clock.now(), row.version + 1
        new = {name: getattr(row, name) for name in old}
        audit.record(tx, actor_of(by), "bot.rules_changed", subject=f"team:{team_id}", old=old, new=new)
    await tx.flush()
    return row


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401 whatever a form held
    if name in _BOUNDS:
        least, most, unit = _BOUNDS[name]
        if not isinstance(value, int) or not least <= value <= most:
            raise _bad(name, Words("De {least} a {most} {unit}.", least=least, most=most, unit=unit))
    elif name == "mode" and value not in set(Mode):
        raise _bad(name, Words("Elija cuándo responde el bot."))
    elif name == "tone" and value not in TONES:
        raise _bad(name, Words("Elija un tono."))
    elif name == "questions" and (not value or set(value) - set(QUESTIONS) or len(set(value)) < len(value)):
        raise _bad(name, Words("Elija las preguntas de identidad."))
    elif name in {"helpline", "methods"}:
        value = (value or "").strip() or None
        if value is not None and len(value) > LONGEST_WORDS:
            raise _bad(name, Words("Use {longest_words} letras o menos.", longest_words=LONGEST_WORDS))
    elif name not in {"mode", "tone", "questions", "paused_until"}:
        raise _bad(name, Words("Ese ajuste no existe."))
    return list(value) if name == "questions" else value


def _bad(field: str, text: str) -> Refused:
    return Refused(422, text, code="invalid", field=field)
