"""The history in words: one sentence an agent understands for every action on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from console.bots.words import understood_words
from console.languages.kept import as_words
from console.languages.recalled import recalled
from console.languages.words import Words
from console.portfolio.states import State, label
from console.render import day, money

_KINDS = {
    "text": Words("Mensaje recibido"),
    "image": Words("Foto recibida"),
    "video": Words("Video recibido"),
    "audio": Words("Audio recibido"),
    "voice": Words("Nota de voz recibida"),
    "document": Words("Documento recibido"),
    "sticker": Words("Sticker recibido"),
    "location": Words("Ubicación recibida"),
    "contacts": Words("Contacto recibido"),
    "reaction": Words("Reacción recibida"),
    "edit": Words("Editó un mensaje"),
    "revoke": Words("Eliminó un mensaje"),
    "system": Words("Aviso de WhatsApp"),
    "button": Words("Tocó un botón"),
    "interactive": Words("Tocó una opción"),
}

_ACTIONS = {
    "whisper.sent": Words("{actor} susurró a quien la atiende"),
    "conduct.flagged": Words("Un mensaje nuestro lleva palabras que no se dicen"),
    "presence.changed": Words("Cambió la disponibilidad de alguien"),
    "message.queued": Words("{actor} escribió"),
    "message.noted": Words("Nota de {actor}"),
    "message.scheduled": Words("{actor} programó un mensaje"),
    "message.schedule_changed": Words("{actor} cambió un mensaje programado"),
    "message.schedule_held": Words("Un mensaje programado espera una decisión"),
    "message.schedule_sent": Words("Salió un mensaje programado"),
    "message.schedule_cancelled": Words("Un mensaje programado no salió"),
    "message.sending": Words("Mensaje en camino"),
    "message.sent": Words("Mensaje enviado"),
    "message.delivered": Words("Mensaje entregado"),
    "message.read": Words("Mensaje leído"),
    "message.failed": Words("Un mensaje no se envió"),
    "message.unconfirmed": Words("Un envío quedó sin confirmar"),
    "message.requeued": Words("Un envío volvió a la cola"),
    "message.edited": Words("Mensaje editado"),
    "message.revoked": Words("Mensaje eliminado por la persona"),
    "message.reacted": Words("Reacción a un mensaje"),
    "contact.updated": Words("Datos de la persona actualizados"),
    "contact.merged": Words("Unida con otro contacto de la misma persona"),
    "conversation.created": Words("Conversación abierta"),
    "conversation.released": Words("{actor} la dejó sin asignar"),
    "conversation.resolved": Words("Resuelta por {actor}"),
    "conversation.reopened": Words("Reabierta por {actor}"),
    "conversation.snoozed": Words("Pospuesta por {actor}"),
    "conversation.transferred": Words("{actor} la pasó a otro equipo"),
    "conversation.viewed": Words("{actor} abrió la conversación"),
    "conversation.read": Words("{actor} leyó hasta aquí"),
    "conversation.merged": Words("Unida con otra conversación de la misma persona"),
    "conversation.updated": Words("Conversación actualizada"),
    "media.stored": Words("Archivo guardado"),
    "media.uploaded": Words("Archivo entregado a WhatsApp"),
    "media.failed": Words("Un archivo no se pudo traer"),
    "media.cleared": Words("El antivirus revisó un archivo: está limpio"),
    "media.quarantined": Words("El antivirus retuvo un archivo: {signature}"),
    "file.quarantined": Words("El antivirus retuvo un archivo: {signature}"),
    "contact.erased": Words("Datos de la persona borrados"),
    "media.erased": Words("Archivos borrados por el tiempo transcurrido"),
    "media.viewed": Words("{actor} abrió un archivo"),
    "document.revealed": Words("{actor} vio un documento completo"),
    "phone.revealed": Words("{actor} vio un teléfono completo"),
    "account.created": Words("Cuenta cargada en la cartera"),
    "account.updated": Words("Cambió el estado o el saldo"),
    "account.closed": Words("Salió de la cartera"),
    "account.reopened": Words("Volvió a la cartera"),
    "conversation.tagged": Words("{actor} puso «{tag}»"),
    "conversation.untagged": Words("{actor} quitó «{tag}»"),
    "conversation.target_warned": Words("{target}: está por vencer"),
    "conversation.target_breached": Words("{target}: pasó su plazo"),
    "conversation.standing_changed": Words("Cambió lo que debe"),
    "promise.made": Words("{actor} anotó una promesa"),
    "promise.replaced": Words("Una promesa reemplazó a la anterior"),
    "promise.cancelled": Words("{actor} anuló una promesa"),
    "promise.doubted": Words("Una promesa quedó en duda: cambió el mensaje que la respalda"),
    "promise.kept": Words("Promesa cumplida"),
    "promise.partial": Words("Promesa cumplida en parte"),
    "promise.broken": Words("Promesa rota"),
    "promise.reopened": Words("Una promesa volvió a quedar abierta"),
    "promise.paid": Words("Abono a la promesa"),
    "promise.reminded": Words("Recordatorio de promesa enviado"),
    "promise.reminder_changed": Words("Cambió el recordatorio de la promesa"),
    "plan.proposed": Words("{actor} propuso un plan de pagos"),
    "plan.accepted": Words("Plan de pagos aceptado"),
    "plan.doubted": Words("El plan de pagos quedó en duda: cambió el mensaje que lo respalda"),
    "plan.paid": Words("Abono al plan de pagos"),
    "plan.completed": Words("Plan de pagos completado"),
    "plan.broken": Words("Plan de pagos incumplido"),
    "plan.reopened": Words("El plan de pagos volvió a estar vigente"),
    "plan.cancelled": Words("{actor} anuló el plan de pagos"),
    "dispute.opened": Words("{actor} abrió una disputa"),
    "dispute.resolved": Words("{actor} resolvió una disputa"),
    "outcome.recorded": Words("{actor} tipificó la conversación"),
    "contact.verified": Words("{actor} confirmó que responde el titular"),
    "consent.given": Words("{actor} registró un consentimiento"),
    "consent.withdrawn": Words("{actor} registró que se opuso"),
    "consent.left": Words("Lo que un archivo decía del consentimiento no se registró"),
    "contact.opted_out": Words("Pidió que no le escribamos"),
    "contact.opt_out_lifted": Words("{actor} levantó la baja"),
    "contact.wrong_number": Words("Número equivocado"),
    "contact.wrong_number_lifted": Words("{actor} corrigió lo del número equivocado"),
    "payment.applied": Words("Pago recibido"),
    "payment.acknowledged": Words("Se envió el recibo del pago"),
    "payment_notice.kept": Words("Un aviso de pago quedó por revisar"),
    "payment_notice.resolved": Words("{actor} revisó un aviso de pago"),
    "payment.claimed": Words("{actor} marcó un comprobante por verificar"),
    "payment.parked": Words("Un pago quedó por revisar"),
    "payment.reversed": Words("Un pago se devolvió"),
    "payment.restored": Words("Un pago devuelto volvió a entrar"),
    "payment.resolved": Words("{actor} revisó un pago"),
    "payment_link.created": Words("{actor} creó un enlace de pago"),
    "payment_link.cancelled": Words("{actor} anuló un enlace de pago"),
    "payment_link.failed": Words("No se pudo crear un enlace de pago"),
    "bot.understood": Words("El asistente entendió lo que escribió"),
    "bot.answered": Words("El asistente respondió"),
    "bot.identity_asked": Words("El asistente preguntó quién escribe"),
    "bot.identity_confirmed": Words("Identidad confirmada"),
    "bot.identity_failed": Words("Respondió mal a las preguntas de identidad"),
    "bot.identity_withdrawn": Words("Dijo ser otra persona: la identidad ya no está confirmada"),
    "bot.disclosed": Words("El asistente dio información de la deuda al titular"),
    "bot.link_given": Words("El asistente entregó un enlace de pago"),
    "bot.link_failed": Words("El asistente no pudo dar un enlace de pago"),
    "bot.alerted": Words("Aviso a supervisores"),
    "bot.handed_over": Words("El asistente la dejó a una persona"),
    "bot.session_ended": Words("Terminó la sesión del asistente"),
    "bot.rules_changed": Words("{actor} cambió los ajustes del bot"),
    "bot.phrase_labelled": Words("{actor} dijo qué significaba una frase"),
    "bot.alert_seen": Words("{actor} atendió el aviso"),
    "bot.text_changed": Words("{actor} cambió un texto del bot"),
    "canned_text.created": Words("{actor} creó una respuesta rápida"),
    "canned_text.updated": Words("{actor} cambió una respuesta rápida"),
    "push.subscribed": Words("{actor} activó los avisos en un equipo"),
    "push.unsubscribed": Words("{actor} quitó los avisos de un equipo"),
    "template_draft.created": Words("{actor} escribió una plantilla"),
    "template_draft.updated": Words("{actor} cambió el borrador de una plantilla"),
    "template_draft.file_set": Words("{actor} adjuntó el archivo de una plantilla"),
    "template_draft.file_default": Words("{actor} decidió si el archivo de una plantilla sale con cada envío"),
    "template_draft.file_removed": Words("{actor} quitó el archivo de una plantilla"),
    "template_draft.discarded": Words("{actor} descartó el borrador de una plantilla"),
    "template.submitted": Words("{actor} envió una plantilla a revisión de WhatsApp"),
    "template.refused": Words("WhatsApp no aceptó una plantilla"),
    "template.unconfirmed": Words("No se sabe si WhatsApp recibió una plantilla"),
    "template.updated": Words("Cambió una plantilla"),
    "canned_text.file_added": Words("{actor} adjuntó un archivo a una respuesta rápida"),
    "canned_text.file_removed": Words("{actor} quitó un archivo de una respuesta rápida"),
    "canned_text.retired": Words("{actor} retiró una respuesta rápida"),
}

_EVENTS = {
    "claimed": Words("{who} se asignó la conversación"),
    "assigned": Words("{who} asignó la conversación a {to}"),
    "released": Words("{who} dejó la conversación sin asignar"),
    "resolved": Words("{who} resolvió la conversación"),
    "reopened": Words("{who} reabrió la conversación"),
    "snoozed": Words("{who} pospuso la conversación"),
    "transferred": Words("{who} pasó la conversación al equipo {to}"),
    "promise_made": Words("{who} anotó una promesa: {amount} para el {on}"),
    "promise_replaced": Words("{who} cambió la promesa: {amount} para el {on}"),
    "promise_cancelled": Words("{who} anuló la promesa de {amount} para el {on}"),
    "promise_doubted": Words(
        "La promesa de {amount} para el {on} quedó en duda: la persona cambió o borró el mensaje que la respalda"
    ),
    "promise_kept": Words("Promesa cumplida: {amount} para el {on}"),
    "promise_partial": Words("Promesa cumplida en parte: {amount} para el {on}"),
    "promise_broken": Words("Promesa rota: {amount} para el {on}"),
    "promise_reopened": Words("La promesa de {amount} para el {on} vuelve a estar abierta: se devolvió un pago"),
    "plan_proposed": Words("{who} propuso un plan de pagos de {amount} en {count} cuotas"),
    "plan_accepted": Words("Plan de pagos aceptado: {amount} en {count} cuotas"),
    "plan_doubted": Words(
        "El plan de pagos de {amount} quedó en duda: la persona cambió o borró el mensaje con que lo aceptó"
    ),
    "plan_completed": Words("Plan de pagos completado: {amount}"),
    "plan_broken": Words("Plan de pagos incumplido: venció la cuota del {on}"),
    "plan_reopened": Words("El plan de pagos vuelve a estar vigente: llegó el pago que faltaba"),
    "plan_cancelled": Words("{who} anuló el plan de pagos de {amount}"),
    "dispute_opened": Words("{who} abrió una disputa: {what}"),
    "dispute_resolved": Words("{who} resolvió la disputa: {what}"),
    "outcome_recorded": Words("{who} la tipificó: {what}"),
    "contact_opted_out": Words("{who} registró que no quiere que le escribamos"),
    "contact_opt_out_lifted": Words("{who} levantó la baja: {what}"),
    "contact_wrong_number": Words("{who} marcó el número como equivocado: la deuda ya no se muestra aquí"),
    "contact_wrong_number_lifted": Words("{who} corrigió que el número era equivocado: {what}"),
    "payment_applied": Words("Pago de {amount} recibido"),
    "payment_reversed": Words("Pago de {amount} devuelto"),
    "payment_restored": Words("Pago de {amount} recuperado"),
    "payment_claimed": Words("{who} marcó un comprobante por verificar"),
    "payment_link_created": Words("{who} creó un enlace de pago de {amount}"),
    "bot_verified": Words("Identidad confirmada por {what}"),
    "bot_alerted": Words("Aviso a supervisores: {what}"),
    "bot_handed_over": Words("El asistente la deja a una persona. {what}"),
}

# Events that tell a reason of ours; in the others somebody typed it, or it is what a business calls its endings.
_OURS = frozenset(
    {"assigned", "claimed", "released", "snoozed", "dispute_opened", "dispute_resolved", "bot_verified", "bot_alerted",
     "bot_handed_over"}
)  # fmt: skip

# Of a contact's field: what its being set or emptied means.
_CONTACT = {
    ("unreachable_at", True): Words("No recibe mensajes por WhatsApp"),
    ("unreachable_at", False): Words("Vuelve a recibir mensajes"),
    ("blocked_us_at", True): Words("Está bloqueada en WhatsApp"),
    ("blocked_us_at", False): Words("Ya no está bloqueada en WhatsApp"),
    ("marketing_stopped_at", True): Words("No quiere recibir publicidad"),
    ("changed", True): Words("Cambió su nombre en WhatsApp"),
}

TARGETS = {"first": Words("Primera respuesta"), "next": Words("Respuesta"), "resolution": Words("Resolución")}

REVIEWS = {
    "alias_conflict": Words("Dos contactos podrían ser la misma persona: confirme quién es."),
    "number_changed": Words(
        "Cambió de número: podría ser otra persona. Confirme la identidad antes de hablar de la deuda."
    ),
    "user_id_changed": Words(
        "WhatsApp lo reconoce como otro usuario: confirme la identidad antes de hablar de la deuda."
    ),
    "device_changed": Words(
        "Volvió a registrarse en WhatsApp, quizá en otro teléfono: confirme la identidad antes de hablar de la deuda."
    ),
}


# What parts of ours are called where they act by themselves.
_OURSELVES = (
    *(Words("Ingreso"), Words("Demostración"), Words("Instalación"), Words("La cola"), Words("Operación")),
    Words("Teléfono"),
)


def called(kind: str, name: str | None) -> str | None:
    """Who did something, as they were called then. A part of ours (`kind` "system") is one in every language."""
    return as_words(name, *_OURSELVES) if kind == "system" else name


def history_line(
    action: str, actor: str | None, new: Mapping[str, Any], event: Mapping[str, Any] | None, kind: str = "agent"
) -> str:
    """What one history entry says. `event` is the content of the thread's own line about it, where there is one.

    `kind` is what the actor is, as the history has it.
    """
    if event and event.get("action") in _EVENTS:
        return event_words(event, kind)
    actor = called(kind, actor)
    if action == "contact.updated":
        return next(
            (words for words in (_CONTACT.get((name, bool(value))) for name, value in new.items()) if words),
            _ACTIONS[action],
        )
    if action == "bot.understood" and (meant := understood_words(new)):
        return Words("El asistente entendió: {meant}", meant=meant)
    if action == "message.received":
        return _KINDS.get(str(new.get("kind")), _KINDS["text"])
    if action == "conversation.standing_changed" and new.get("account_state"):
        return Words("Etiqueta cambió a {label}", label=label(State(str(new["account_state"]))))
    target = TARGETS.get(str(new.get("target")), Words("Un plazo"))
    tag = new.get("tag") or Words("una etiqueta")
    # What nobody has words for yet is shown as it is called on record.
    words = _ACTIONS.get(action)
    found = new.get("signature") or "?"
    return Words(words.source, actor=actor or "Al Día", tag=tag, target=target, signature=found) if words else action


def event_words(content: Mapping[str, Any], kind: str = "agent") -> str:
    """What an event row of the thread says; `kind` is what whoever did it is."""
    sentence = _EVENTS.get(str(content.get("action")), Words("Cambio en la conversación"))
    what = content.get("what") or ""
    if content.get("action") in _OURS:
        what = recalled(what)
    amount = money(content["minor"], content["currency"]) if "minor" in content else ""
    words = Words(
        sentence.source,
        who=called(kind, content.get("who")) or "Al Día",
        to=content.get("to") or Words("otra persona"),
        amount=amount,
        on=day(date.fromisoformat(content["on"])) if "on" in content else "",
        count=content.get("count") or "",
        what=what,
    )
    return Words("{sentence}: {what}", sentence=words, what=what) if what and "{what}" not in sentence else words
