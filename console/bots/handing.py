"""Handing a conversation to people: at once where that cannot wait, the others when they come in the morning.

What they find is made of facts only: who it was, whether that was proved, what they asked and what they were told.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from console import audit, clock
from console.agents import Agent
from console.bots import sessions
from console.bots.memory import read
from console.bots.models import BotSession
from console.db import Tx
from console.inbox import assign, thread
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.targets import setting

ASKED = {
    "balance": Words("saldo"),
    "payment_link": Words("enlace de pago"),
    "payment_methods": Words("medios de pago"),
    "due_date": Words("vencimiento"),
    "already_paid": Words("dice que ya pagó"),
    "promise_to_pay": Words("ofrece pagar"),
    "payment_plan": Words("plan de pagos"),
    "dispute": Words("no reconoce la deuda"),
    "wrong_person": Words("dice que el número es de otra persona"),
    "opt_out": Words("que no le escriban"),
    "human": Words("hablar con una persona"),
    "complaint": Words("presenta una queja"),
    "hardship": Words("cuenta una dificultad"),
    "distress": Words("señales de peligro"),
    "hours": Words("horario"),
    "deny": Words("dijo que no"),
}
"""What was asked, in a summary."""
REASONS = {
    "distress": Words("Angustia"),
    "doubt": Words("Mensaje que preocupa"),
    "guessing": Words("Identidad: demasiados intentos"),
    "complaint": Words("Queja"),
    "dispute": Words("Disputa"),
    "hardship": Words("Dificultad"),
    "third_party": Words("Escribe otra persona"),
    "wrong_person": Words("Número equivocado"),
    "opt_out": Words("Pidió la baja"),
    "receipt": Words("Pago por verificar"),
    "plan": Words("Plan de pago"),
    "link": Words("Enlace no disponible"),
    "human": Words("Pidió una persona"),
    "identity": Words("Identidad no confirmada"),
    "retracted": Words("Cambió lo que había acordado"),
    "refused": Words("No quiere pagar"),
    "unclear": Words("No se le entendió"),
    "contact_card": Words("Envió un contacto"),
    "loop": Words("Contesta una máquina"),
    "flood": Words("Demasiados mensajes"),
    "spent": Words("Límite de respuestas"),
    "failed": Words("No se pudo registrar"),
    "promise": Words("Seguir el compromiso"),
}
"""Why a person is needed, as lists show it."""
# A summary is kept in Spanish and said again to who reads another language: what dialogues keep of themselves is named
# here for the catalogues.
TOLD = (
    Words("que no registra saldo"),
    Words("saldo {amount}"),
    Words("vencimiento"),
    Words("medios de pago"),
    Words("horario"),
    Words("línea de ayuda"),
    Words("reclamo recibido"),
    Words("constancia recibida, por verificar"),
    Words("pidió constancia de pago"),
    Words("opciones de plan"),
    Words("enlace de pago de {amount}"),
    Words("plan aceptado: {count} cuotas desde el {day}"),
    Words("compromiso de {amount} para el {day}"),
    Words("compromiso retirado"),
)
PROVED = (
    Words("los 4 últimos del documento"),
    Words("año de nacimiento"),
    Words("los 4 últimos del documento y año de nacimiento"),
    Words("en este número, el {date}"),
    Words("en esta conversación"),
)


def summary_of(session: BotSession, zone: ZoneInfo) -> str:
    """Two lines: who and what they asked; what they were told and why a person is needed."""
    memory = read(session.memory)
    at = f"{session.verified_at.astimezone(zone):%H:%M}" if session.verified_at is not None else ""
    if session.verified_how is not None and memory.third_party:
        who = Words(
            "Dio los datos del titular ({how}, {time}) y después dijo ser otra persona.",
            how=session.verified_how,
            time=at,
        )
    elif session.verified_how is not None and at:
        who = Words("Titular verificado ({how}, {time}).", how=session.verified_how, time=at)
    elif memory.third_party:
        who = Words("Escribió otra persona, no el titular: no se le dijo nada.")
    else:
        who = Words("No confirmó su identidad: no se le dijo nada de la deuda.")
    asked = ", ".join(ASKED[label] for label in memory.asked if label in ASKED)
    wish = Words("Pidió: {asked}.", asked=asked) if asked else Words("No pidió nada en concreto.")
    said = "; ".join(memory.told)
    told = Words("Se le dijo: {told}.", told=said) if said else Words("No se le dio información.")
    reason = REASONS[session.reason].lower() if session.reason in REASONS else ""
    why = [Words("Motivo: {reason}.", reason=reason)] if reason else []
    return f"{who} {wish}\n{' '.join([told, *why])}"


async def hand_over(
    tx: Tx, session: BotSession, conversation: Conversation, *, bot: Agent, zone: ZoneInfo, why: str | None = None
) -> None:
    """Leave the conversation, whose row the caller holds, to people: to whoever had it before the bot, else to all.

    `why` ends the dialogue too. Announces bot.handed_over, with the summary in the thread.
    """
    summary = summary_of(session, zone)
    is_theirs = session.handed_at is not None and session.last_at <= session.handed_at
    if why is not None and is_theirs and session.summary == summary and conversation.holder_id != bot.id:
        # They have had it since then, and nothing was said: it is not told twice.
        await sessions.end(tx, session, conversation, why=why, bot=bot)
        return
    session.summary = summary
    session.handed_at = clock.now()
    session.version += 1
    by = sessions.actor_of(bot)
    if conversation.holder_id == bot.id:
        former = await tx.get(Agent, session.former_holder_id) if session.former_holder_id else None
        if former is not None and former.disabled_at is None:
            await assign.give(tx, conversation, by=by, to_id=former.id, to_name=former.name)
        else:
            await assign.release(tx, conversation, by=by)
    if session.urgency:
        # Answered by a machine, and yet somebody waits: since what they wrote last.
        conversation.waiting_since = await _last_heard(tx, conversation)
        await setting.waits(tx, conversation, since=conversation.waiting_since or clock.now())
    line = await thread.event(tx, conversation, by=by, action="bot_handed_over", what=session.summary)
    audit.record(
        tx,
        by,
        "bot.handed_over",
        conversation_id=conversation.id,
        message_id=line.id,
        subject=f"bot_session:{session.id}",
        new={"reason": session.reason, "urgency": session.urgency},
    )
    if why is not None:
        await sessions.end(tx, session, conversation, why=why, bot=bot)


async def _last_heard(tx: Tx, conversation: Conversation) -> datetime | None:
    theirs = select(Message.created_at).where(Message.conversation_id == conversation.id, Message.direction == "in")
    return await tx.scalar(theirs.order_by(Message.sequence.desc()).limit(1))
