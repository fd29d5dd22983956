"""The history of everything, for supervisors (their teams' conversations) and administrators (all of it)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from sqlalchemy import ColumnElement, func, select

from console.agents import Agent, Viewer
from console.audit import AuditEntry
from console.db import Database
from console.inbox import policy
from console.inbox.models import Conversation
from console.inbox.words import history_line
from console.settings import Settings
from console.settings_pages.answers import cursor_of, show

AT_ONCE = 50
KINDS = {"contact": "La persona", "agent": "Agente", "bot": "Bot", "system": "Al Día", "token": "Programa"}

# What conversations do not know about; {actor} is who did it.
_WORDS = {
    "session.started": "{actor} ingresó",
    "session.ended": "Terminó una sesión",
    "session.refused": "Un ingreso no coincidió",
    "agent.created": "{actor} agregó a una persona",
    "agent.disabled": "{actor} inhabilitó a una persona",
    "agent.updated": "{actor} cambió a una persona",
    "agent.password_changed": "Cambió una contraseña",
    "token.created": "{actor} creó un token",
    "token.revoked": "{actor} revocó un token",
    "channel.paused": "{actor} detuvo todos los envíos",
    "channel.resumed": "{actor} reanudó los envíos",
    "channel.troubled": "Algo falla en la línea de WhatsApp",
    "channel.recovered": "La línea de WhatsApp se recuperó",
    "channel.updated": "Cambió el estado del número",
    "hours.updated": "{actor} cambió el horario de atención",
    "hours.day_set": "{actor} cambió el horario de un día",
    "hours.day_dropped": "{actor} devolvió un día a su horario",
    "template.updated": "Cambió una plantilla",
    "delivery.dead_lettered": "Llegó una entrega que no se entendió",
    "delivery.replayed": "{actor} repitió una entrega",
    "delivery.set_aside": "{actor} apartó una entrega",
    "review.opened": "Surgió una duda de identidad",
    "review.closed": "{actor} resolvió una duda de identidad",
    "contact.created": "Contacto nuevo",
    "contact.updated": "Cambió un contacto",
    "contact.merged": "Dos contactos se unieron",
    "view.saved": "{actor} guardó una vista",
    "view.renamed": "{actor} cambió el nombre de una vista",
    "view.moved": "{actor} cambió una vista de lugar",
    "view.removed": "{actor} eliminó una vista",
    "bulk.asked": "{actor} pidió una operación sobre muchas conversaciones",
    "bulk.started": "{actor} empezó una operación sobre muchas conversaciones",
    "bulk.cancelled": "{actor} detuvo una operación sobre muchas conversaciones",
    "bulk.finished": "Terminó una operación sobre muchas conversaciones",
    "search.made": "{actor} buscó por un documento o teléfono",
    "backup.restored": "Se restauró una copia de seguridad",
}


class Filters(msgspec.Struct, frozen=True):
    """What was asked for, as it was typed."""

    conversation: str = ""
    actor: str = ""
    action: str = ""
    since: str = ""
    until: str = ""


class Line(msgspec.Struct, frozen=True):
    """An entry as it is read."""

    id: int
    at: datetime
    actor_name: str
    actor_kind: str
    action: str
    words: str
    conversation_id: int | None
    origin: str | None


@get("/audit")
async def audit_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The newest entries that fit; what cannot be a filter fits nothing."""
    policy.require(viewer, "read_history")
    asked = request.query_params.get
    filters = Filters(
        conversation=asked("conversation", "").strip(),
        actor=asked("actor", "").strip(),
        action=asked("action", "").strip(),
        since=asked("from", "").strip(),
        until=asked("to", "").strip(),
    )
    query = select(AuditEntry).where(*_conditions(filters, viewer, settings))
    cursor = cursor_of(request)
    if cursor is not None:
        query = query.where(AuditEntry.id < cursor)
    async with db.reading() as tx:
        rows = (await tx.scalars(query.order_by(AuditEntry.id.desc()).limit(AT_ONCE + 1))).all()
    lines = [_line(row) for row in rows[:AT_ONCE]]
    next_cursor = str(lines[-1].id) if len(rows) > AT_ONCE else None
    return show("audit/audit.html", viewer, lines=lines, filters=filters, next_cursor=next_cursor)


def _conditions(filters: Filters, viewer: Viewer, settings: Settings) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not viewer.sees_all:
        found.append(AuditEntry.conversation_id.in_(select(Conversation.id).where(policy.visible(viewer))))
    if filters.conversation:
        found.append(AuditEntry.conversation_id == _number(filters.conversation))
    if filters.actor:
        found.append(_done_by(filters.actor))
    if filters.action:
        found.append(AuditEntry.action == filters.action.replace("\0", ""))
    if filters.since:
        found.append(AuditEntry.at_us >= _begin_of_day(filters.since, settings))
    if filters.until:
        found.append(AuditEntry.at_us < _begin_of_day(filters.until, settings, days_later=1))
    return found


def _done_by(typed: str) -> ColumnElement[bool]:
    """By kind, by an agent's number, or by a part of an agent's name."""
    if typed in KINDS:
        return AuditEntry.actor_kind == typed
    if typed.isascii() and typed.isdigit():
        who = select(Agent.id).where(Agent.id == _number(typed))
    else:
        who = select(Agent.id).where(func.lower(Agent.name).contains(typed.lower().replace("\0", ""), autoescape=True))
    return AuditEntry.actor_kind.in_(["agent", "bot"]) & AuditEntry.actor_id.in_(who)


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else -1


def _begin_of_day(typed: str, settings: Settings, *, days_later: int = 0) -> int:
    """The first microsecond of a local day since 1970; what is no day is before everything."""
    try:
        day = date.fromisoformat(typed) + timedelta(days=days_later)
        return int(datetime.combine(day, time(), settings.zone).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return 0


def _line(row: AuditEntry) -> Line:
    words = _WORDS.get(row.action)
    actor = row.actor_name or KINDS.get(row.actor_kind, row.actor_kind)
    new = msgspec.json.decode(row.new) if row.new else {}
    return Line(
        id=row.id,
        at=row.at,
        actor_name=actor,
        actor_kind=row.actor_kind,
        action=row.action,
        words=words.format(actor=actor) if words else history_line(row.action, actor, new, None),
        conversation_id=row.conversation_id,
        origin=row.origin,
    )


routes = [audit_page]
