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
from console.targets import setting

ASKED = {
    "balance": "saldo",
    "payment_link": "enlace de pago",
    "payment_methods": "medios de pago",
    "due_date": "vencimiento",
    "already_paid": "dice que ya pagó",
    "promise_to_pay": "ofrece pagar",
    "payment_plan": "plan de pagos",
    "dispute": "no reconoce la deuda",
    "wrong_person": "dice que el número es de otra persona",
    "opt_out": "que no le escriban",
    "human": "hablar con una persona",
    "complaint": "presenta una queja",
    "hardship": "cuenta una dificultad",
    "distress": "señales de peligro",
    "hours": "horario",
    "deny": "dijo que no",
}
"""What was asked, in a summary."""
REASONS = {
    "distress": "Angustia",
    "doubt": "Mensaje que preocupa",
    "guessing": "Identidad: demasiados intentos",
    "complaint": "Queja",
    "dispute": "Disputa",
    "hardship": "Dificultad",
    "third_party": "Escribe otra persona",
    "wrong_person": "Número equivocado",
    "opt_out": "Pidió la baja",
    "receipt": "Pago por verificar",
    "plan": "Plan de pago",
    "link": "Enlace no disponible",
    "human": "Pidió una persona",
    "identity": "Identidad no confirmada",
    "refused": "No quiere pagar",
    "unclear": "No se le entendió",
    "contact_card": "Envió un contacto",
    "loop": "Contesta una máquina",
    "flood": "Demasiados mensajes",
    "spent": "Límite de respuestas",
    "failed": "No se pudo registrar",
    "promise": "Seguir el compromiso",
}
"""Why a person is needed, as lists show it."""


def summary_of(session: BotSession, zone: ZoneInfo) -> str:
    """Two lines: who and what they asked; what they were told and why a person is needed."""
    memory = read(session.memory)
    if session.verified_how is not None and session.verified_at is not None:
        who = f"Titular verificado ({session.verified_how}, {session.verified_at.astimezone(zone):%H:%M})."
    elif memory.third_party:
        who = "Escribió otra persona, no el titular: no se le dijo nada."
    else:
        who = "No confirmó su identidad: no se le dijo nada de la deuda."
    asked = [ASKED[label] for label in memory.asked if label in ASKED]
    wish = f" Pidió: {', '.join(asked)}." if asked else " No pidió nada en concreto."
    told = f"Se le dijo: {'; '.join(memory.told)}." if memory.told else "No se le dio información."
    why = f" Motivo: {REASONS[session.reason].lower()}." if session.reason in REASONS else ""
    return f"{who}{wish}\n{told}{why}"


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
