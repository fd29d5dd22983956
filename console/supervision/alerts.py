"""What needs somebody who leads: each alert names what it is about and opens it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Select, func, select

from console.agents import Agent, Role, Viewer
from console.audit import AuditEntry, instant
from console.bots.models import BotAlert
from console.db import Tx, says
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.listing import CLOSING
from console.inbox.models import Conversation, Message
from console.inbox.policy import SAFETY_MARGIN
from console.inbox.queries import contact_name
from console.languages.words import Words
from console.number.keeping import WARN_BEFORE, ends_soon
from console.number.models import NumberReport
from console.render import long_when, number
from console.scanning.models import ScannedFile, Verdict
from console.scanning.verdicts import scans
from console.supervision.floor import in_scope
from console.supervision.views import Asked, Floor
from console.targets.late import answer_late, answer_soon

OF_EACH = 8
"""Alerts of one kind that are shown; the queues say how many there are."""
FAILURES_OF = timedelta(hours=24)
SCANNER_MAY_TAKE = timedelta(minutes=2)
"""How long a file that just came may wait for a verdict."""
_BOT = {
    "distress": (Words("Posible angustia"), "now"),
    "doubt": (Words("Mensaje que preocupa"), "soon"),
    "guessing": (Words("Adivinan la identidad"), "now"),
    "loop": (Words("El bot da vueltas"), "now"),
    "flood": (Words("Escribe sin parar"), "soon"),
    "spent": (Words("El bot llegó a su límite"), "soon"),
}
_CONDUCT = {
    "threat": Words("Amenaza en un mensaje nuestro"),
    "insult": Words("Insulto en un mensaje nuestro"),
    "third_party": Words("Terceros en un mensaje nuestro"),
    "false_legal": Words("Consecuencia legal falsa en un mensaje nuestro"),
}


class Alert(msgspec.Struct, kw_only=True):
    """Something to look at. `tone`: now | soon | watch. It opens a conversation, or else `href`.

    Of an answer that somebody waits for, `at` is since when they do.
    """

    kind: str
    tone: str
    icon: str
    title: str
    who: str
    detail: str
    at: datetime
    conversation_id: int | None = None
    href: str | None = None


async def alerts_for(tx: Tx, viewer: Viewer, floor: Floor, moment: datetime) -> list[Alert]:
    """All alerts of the teams looked at, the pressing ones first: a fixed number of statements."""
    asked = floor.asked
    found = [
        *await _late(tx, viewer, asked, moment),
        *await _nearly_late(tx, viewer, asked, moment),
        *await _unsettled(tx, viewer, asked, moment),
        *await _of_bot(tx, viewer, asked),
        *await _of_conduct(tx, viewer, asked, moment),
        *await _of_files(tx, viewer, asked, moment),
        *await _of_scanner(tx, moment),
        *await _closing(tx, viewer, asked, moment),
        *await _failures(tx, viewer, asked, moment),
        *_pauses(floor),
        *await _of_number(tx, viewer, moment),
    ]
    order = ("now", "soon", "watch")
    return sorted(found, key=lambda alert: (order.index(alert.tone), alert.at))


_NAMES = (Conversation.id, Contact.name, Contact.profile_name, Contact.username, Contact.wa_id, Agent.name)


def _open(viewer: Viewer, asked: Asked, *more: Any) -> Select[Any]:  # noqa: ANN401 columns
    return (
        select(*_NAMES, *more)
        .select_from(Conversation)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Agent, Agent.id == Conversation.holder_id)
        .where(in_scope(viewer, asked))
    )


def _who(row: Any) -> str:  # noqa: ANN401 a database row
    name = contact_name(*row[1:5])
    if row[5]:
        return Words("{name}, con {holder}", name=name, holder=row[5])
    return Words("{name}, sin asignar", name=name)


_ANSWER = (Conversation.waiting_since, Conversation.answer_due_at, Conversation.answered_at)


async def _late(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    due = Conversation.answer_due_at
    # What the bot has, it answers: it says itself when it needs a person.
    late = _open(viewer, asked, *_ANSWER).where(
        Conversation.status == "open", answer_late(moment), Agent.role.is_distinct_from(Role.BOT)
    )
    return [
        Alert(
            kind="late",
            tone="now",
            icon="clock",
            title=Words("Respuesta sobre la meta") if row[8] else Words("Primera respuesta tarde"),
            who=_who(row),
            detail=Words("venció {when}", when=long_when(row[7])),
            at=row[6] or row[7],
            conversation_id=row[0],
        )
        for row in await tx.execute(late.order_by(due).limit(OF_EACH))
    ]


async def _nearly_late(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    due = Conversation.answer_due_at
    soon = _open(viewer, asked, *_ANSWER).where(
        Conversation.status == "open", answer_soon(moment), Agent.role.is_distinct_from(Role.BOT)
    )
    return [
        Alert(
            kind="nearly_late",
            tone="soon",
            icon="clock",
            title=Words("Respuesta por vencer") if row[8] else Words("Primera respuesta por vencer"),
            who=_who(row),
            detail=Words("vence {when}", when=long_when(row[7])),
            at=row[6] or row[7],
            conversation_id=row[0],
        )
        for row in await tx.execute(soon.order_by(due).limit(OF_EACH))
    ]


async def _unsettled(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    due = Conversation.resolution_due_at
    late = _open(viewer, asked, due).where(Conversation.status == "open", due <= moment)
    return [
        Alert(
            kind="unsettled",
            tone="watch",
            icon="flag",
            title=Words("Resolución sobre la meta"),
            who=_who(row),
            detail=Words("venció {when}", when=long_when(row[6])),
            at=row[6],
            conversation_id=row[0],
        )
        for row in await tx.execute(late.order_by(due).limit(OF_EACH))
    ]


async def _closing(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    closes = Conversation.window_closes_at
    soon = _open(viewer, asked, closes).where(
        Conversation.status == "open",
        Conversation.waiting_since.is_not(None),
        closes > moment + SAFETY_MARGIN,
        closes <= moment + CLOSING,
    )
    return [
        Alert(
            kind="window",
            tone="soon",
            icon="hourglass",
            title=Words("Ventana por cerrar"),
            who=_who(row),
            detail=Words("después, solo con plantilla"),
            at=row[6],
            conversation_id=row[0],
        )
        for row in await tx.execute(soon.order_by(closes).limit(OF_EACH))
    ]


async def _of_bot(tx: Tx, viewer: Viewer, asked: Asked) -> list[Alert]:
    told = (
        _open(viewer, asked, BotAlert.kind, BotAlert.at)
        .join(BotAlert, BotAlert.conversation_id == Conversation.id)
        .where(BotAlert.seen_at.is_(None))
        # What is only a doubt never takes the place of a danger.
        .order_by(BotAlert.kind == "doubt", BotAlert.id.desc())
        .limit(OF_EACH)
    )
    return [
        Alert(
            kind=row[6],
            tone=_BOT.get(row[6], ("", "soon"))[1],
            icon="id-card" if row[6] == "guessing" else "bot",
            title=_BOT.get(row[6], (row[6], ""))[0],
            who=_who(row),
            detail=Words("aviso del bot"),
            at=row[7],
            conversation_id=row[0],
        )
        for row in await tx.execute(told)
    ]


async def _of_conduct(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    told = (
        _open(viewer, asked, AuditEntry.new, AuditEntry.at_us, AuditEntry.actor_name)
        .join(AuditEntry, AuditEntry.conversation_id == Conversation.id)
        .where(AuditEntry.action == "conduct.flagged", AuditEntry.at_us >= _us(moment - FAILURES_OF))
        .order_by(AuditEntry.id.desc())
        .limit(OF_EACH)
    )
    return [
        Alert(
            kind="conduct",
            tone="now",
            icon="triangle-alert",
            title=_CONDUCT[msgspec.json.decode(row[6])["kind"]],
            who=Words("{author} a {name}", author=row[8], name=contact_name(*row[1:5])),
            detail=f"«{msgspec.json.decode(row[6])['words']}»",
            at=instant(row[7]),
            conversation_id=row[0],
        )
        for row in await tx.execute(told)
    ]


async def _of_files(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    held = (
        _open(viewer, asked, AuditEntry.new, AuditEntry.at_us)
        .join(AuditEntry, AuditEntry.conversation_id == Conversation.id)
        .where(
            AuditEntry.action.in_(["media.quarantined", "file.quarantined"]),
            AuditEntry.at_us >= _us(moment - FAILURES_OF),
        )
        .order_by(AuditEntry.id.desc())
        .limit(OF_EACH)
    )
    return [
        Alert(
            kind="quarantined",
            tone="now",
            icon="ban",
            title=Words("El antivirus retuvo un archivo"),
            who=_who(row),
            detail=str(msgspec.json.decode(row[6])["signature"]),
            at=instant(row[7]),
            conversation_id=row[0],
        )
        for row in await tx.execute(held)
    ]


async def _of_scanner(tx: Tx, moment: datetime) -> list[Alert]:
    """Files that came lately, anybody's, and wait for a verdict: those of before a scanner was connected may."""
    if not scans(tx):
        return []
    lately = ScannedFile.due_at >= ScannedFile.created_at
    late = (says(ScannedFile.verdict, Verdict.WAITING), lately, ScannedFile.created_at <= moment - SCANNER_MAY_TAKE)
    n, since = (await tx.execute(select(func.count(), func.min(ScannedFile.created_at)).where(*late))).one()
    if not n:
        return []
    return [
        Alert(
            kind="unscanned",
            tone="now",
            icon="hourglass",
            title=Words("El antivirus no ha revisado lo que llegó"),
            who=Words("archivos que esperan: {n}", n=number(n)),
            detail=Words("nadie los abre hasta que los revise"),
            at=since,
            href="/audit?group=malware",
        )
    ]


async def _failures(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> list[Alert]:
    """One alert for each reason that WhatsApp gave, opening the newest conversation it happened in."""
    told = (
        select(Message.error_code, func.count(), func.max(AuditEntry.at_us), func.max(Conversation.id))
        .select_from(AuditEntry)
        .join(Message, Message.id == AuditEntry.message_id)
        .join(Conversation, Conversation.id == AuditEntry.conversation_id)
        .where(
            AuditEntry.action == "message.failed",
            AuditEntry.at_us >= _us(moment - FAILURES_OF),
            in_scope(viewer, asked),
        )
        .group_by(Message.error_code)
        .order_by(func.count().desc())
        .limit(OF_EACH)
    )
    return [
        Alert(
            kind="failed",
            tone="watch",
            icon="triangle-alert",
            title=Words("Envíos fallidos"),
            who=Words("{n} en las últimas 24 horas", n=number(n)),
            detail=Words("código {code}", code=code) if code else Words("sin código de WhatsApp"),
            at=instant(at),
            conversation_id=newest,
        )
        for code, n, at, newest in await tx.execute(told)
    ]


def _pauses(floor: Floor) -> Sequence[Alert]:
    return [
        Alert(
            kind="pause",
            tone="soon",
            icon="pause",
            title=Words("Pausa excedida"),
            who=line.name,
            detail=line.state.label,
            at=line.state.until or line.state.since,
            href=f"/supervisor?agent={line.agent_id}",
        )
        for line in floor.agents
        if line.is_overdue
    ][:OF_EACH]


async def _of_number(tx: Tx, viewer: Viewer, moment: datetime) -> list[Alert]:
    """The number is everybody's: that its quality falls is for all who lead. The history says how it came to it.

    Its access token is for administrators, who alone can make another.
    """
    about = select(Channel, NumberReport).outerjoin(NumberReport, NumberReport.channel_id == Channel.id)
    found: list[Alert] = []
    rows: Sequence[Any] = (await tx.execute(about)).all()
    for channel, report in rows:
        phone = channel.display_phone_number or Words("Número de WhatsApp")
        if channel.quality in {"YELLOW", "RED"}:
            found.append(_of_quality(viewer, channel, phone))
        if report is not None and viewer.sees_all and ends_soon(report, moment):
            found.append(_of_token(report, phone, moment))
    return found


def _of_quality(viewer: Viewer, channel: Channel, phone: str) -> Alert:
    at, is_fair = channel.quality_since or channel.created_at, channel.quality == "YELLOW"
    return Alert(
        kind="quality",
        tone="watch" if is_fair else "now",
        icon="mail-warning",
        title=Words("Bajó la calidad del número"),
        who=phone,
        detail=Words("calidad media desde {when}" if is_fair else "calidad baja desde {when}", when=long_when(at)),
        at=at,
        href="/settings/number" if viewer.sees_all else "/audit?action=channel.updated",
    )


def _of_token(report: NumberReport, phone: str, moment: datetime) -> Alert:
    ends = report.token_expires_at
    is_over = report.token_valid is False or (ends is not None and ends <= moment)
    return Alert(
        kind="token",
        tone="now" if is_over else "soon",
        icon="lock",
        title=Words("El acceso a WhatsApp venció" if is_over else "El acceso a WhatsApp está por vencer"),
        who=phone,
        detail=Words("nada sale: renueve la clave")
        if is_over or ends is None
        else Words("vence {when}", when=long_when(ends)),
        at=min(ends - WARN_BEFORE, moment) if ends else report.asked_at or moment,
        href="/settings/number",
    )


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
