"""The history in words: one sentence an agent understands for every action on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from console.bots.words import understood_words
from console.languages.words import Words
from console.portfolio.states import State, label
from console.render import day, money

_KINDS = {
    "text": "Mensaje recibido",
    "image": "Foto recibida",
    "video": "Video recibido",
    "audio": "Audio recibido",
    "voice": "Nota de voz recibida",
    "document": "Documento recibido",
    "sticker": "Sticker recibido",
    "location": "Ubicación recibida",
    "contacts": "Contacto recibido",
    "reaction": "Reacción recibida",
    "edit": "Editó un mensaje",
    "revoke": "Eliminó un mensaje",
    "system": "Aviso de WhatsApp",
    "button": "Tocó un botón",
    "interactive": "Tocó una opción",
}

_ACTIONS = {
    "whisper.sent": "{actor} susurró a quien la atiende",
    "conduct.flagged": "Un mensaje nuestro lleva palabras que no se dicen",
    "presence.changed": "Cambió la disponibilidad de alguien",
    "message.queued": "{actor} escribió",
    "message.noted": "Nota de {actor}",
    "message.scheduled": "{actor} programó un mensaje",
    "message.schedule_changed": "{actor} cambió un mensaje programado",
    "message.schedule_held": "Un mensaje programado espera una decisión",
    "message.schedule_sent": "Salió un mensaje programado",
    "message.schedule_cancelled": "Un mensaje programado no salió",
    "message.sending": "Mensaje en camino",
    "message.sent": "Mensaje enviado",
    "message.delivered": "Mensaje entregado",
    "message.read": "Mensaje leído",
    "message.failed": "Un mensaje no se envió",
    "message.unconfirmed": "Un envío quedó sin confirmar",
    "message.requeued": "Un envío volvió a la cola",
    "message.edited": "Mensaje editado",
    "message.revoked": "Mensaje eliminado por la persona",
    "message.reacted": "Reacción a un mensaje",
    "contact.updated": "Datos de la persona actualizados",
    "contact.merged": "Unida con otro contacto de la misma persona",
    "conversation.created": "Conversación abierta",
    "conversation.released": "{actor} la dejó sin asignar",
    "conversation.resolved": "Resuelta por {actor}",
    "conversation.reopened": "Reabierta por {actor}",
    "conversation.snoozed": "Pospuesta por {actor}",
    "conversation.transferred": "{actor} la pasó a otro equipo",
    "conversation.viewed": "{actor} abrió la conversación",
    "conversation.read": "{actor} leyó hasta aquí",
    "conversation.merged": "Unida con otra conversación de la misma persona",
    "conversation.updated": "Conversación actualizada",
    "media.stored": "Archivo guardado",
    "media.uploaded": "Archivo entregado a WhatsApp",
    "media.failed": "Un archivo no se pudo traer",
    "contact.erased": "Datos de la persona borrados",
    "media.erased": "Archivos borrados por el tiempo transcurrido",
    "media.viewed": "{actor} abrió un archivo",
    "document.revealed": "{actor} vio un documento completo",
    "account.created": "Cuenta cargada en la cartera",
    "account.updated": "Cambió el estado o el saldo",
    "account.closed": "Salió de la cartera",
    "account.reopened": "Volvió a la cartera",
    "conversation.tagged": "{actor} puso «{tag}»",
    "conversation.untagged": "{actor} quitó «{tag}»",
    "conversation.target_warned": "{target}: está por vencer",
    "conversation.target_breached": "{target}: pasó su plazo",
    "conversation.standing_changed": "Cambió lo que debe",
    "promise.made": "{actor} anotó una promesa",
    "promise.replaced": "Una promesa reemplazó a la anterior",
    "promise.cancelled": "{actor} anuló una promesa",
    "promise.kept": "Promesa cumplida",
    "promise.partial": "Promesa cumplida en parte",
    "promise.broken": "Promesa rota",
    "promise.reopened": "Una promesa volvió a quedar abierta",
    "promise.paid": "Abono a la promesa",
    "promise.reminded": "Recordatorio de promesa enviado",
    "promise.reminder_changed": "Cambió el recordatorio de la promesa",
    "plan.proposed": "{actor} propuso un plan de pagos",
    "plan.accepted": "Plan de pagos aceptado",
    "plan.paid": "Abono al plan de pagos",
    "plan.completed": "Plan de pagos completado",
    "plan.broken": "Plan de pagos incumplido",
    "plan.reopened": "El plan de pagos volvió a estar vigente",
    "plan.cancelled": "{actor} anuló el plan de pagos",
    "dispute.opened": "{actor} abrió una disputa",
    "dispute.resolved": "{actor} resolvió una disputa",
    "outcome.recorded": "{actor} tipificó la conversación",
    "contact.verified": "{actor} confirmó que responde el titular",
    "consent.given": "{actor} registró un consentimiento",
    "consent.withdrawn": "{actor} registró que se opuso",
    "contact.opted_out": "Pidió que no le escribamos",
    "contact.opt_out_lifted": "{actor} levantó la baja",
    "contact.wrong_number": "Número equivocado",
    "contact.wrong_number_lifted": "{actor} corrigió lo del número equivocado",
    "payment.applied": "Pago recibido",
    "payment.acknowledged": "Se envió el recibo del pago",
    "payment_notice.kept": "Un aviso de pago quedó por revisar",
    "payment_notice.resolved": "{actor} revisó un aviso de pago",
    "payment.claimed": "{actor} marcó un comprobante por verificar",
    "payment.parked": "Un pago quedó por revisar",
    "payment.reversed": "Un pago se devolvió",
    "payment.restored": "Un pago devuelto volvió a entrar",
    "payment.resolved": "{actor} revisó un pago",
    "payment_link.created": "{actor} creó un enlace de pago",
    "payment_link.cancelled": "{actor} anuló un enlace de pago",
    "payment_link.failed": "No se pudo crear un enlace de pago",
    "bot.understood": "El asistente entendió lo que escribió",
    "bot.answered": "El asistente respondió",
    "bot.identity_asked": "El asistente preguntó quién escribe",
    "bot.identity_confirmed": "Identidad confirmada",
    "bot.identity_failed": "Respondió mal a las preguntas de identidad",
    "bot.disclosed": "El asistente dio información de la deuda al titular",
    "bot.link_given": "El asistente entregó un enlace de pago",
    "bot.link_failed": "El asistente no pudo dar un enlace de pago",
    "bot.alerted": "Aviso a supervisores",
    "bot.handed_over": "El asistente la dejó a una persona",
    "bot.session_ended": "Terminó la sesión del asistente",
    "bot.rules_changed": "{actor} cambió los ajustes del bot",
    "bot.phrase_labelled": "{actor} dijo qué significaba una frase",
    "bot.alert_seen": "{actor} atendió el aviso",
    "bot.text_changed": "{actor} cambió un texto del bot",
    "canned_text.created": "{actor} creó una respuesta rápida",
    "canned_text.updated": "{actor} cambió una respuesta rápida",
    "push.subscribed": "{actor} activó los avisos en un equipo",
    "push.unsubscribed": "{actor} quitó los avisos de un equipo",
    "template_draft.created": "{actor} escribió una plantilla",
    "template_draft.updated": "{actor} cambió el borrador de una plantilla",
    "template_draft.file_set": "{actor} adjuntó el archivo de una plantilla",
    "template_draft.file_default": "{actor} decidió si el archivo de una plantilla sale con cada envío",
    "template_draft.file_removed": "{actor} quitó el archivo de una plantilla",
    "template_draft.discarded": "{actor} descartó el borrador de una plantilla",
    "template.submitted": "{actor} envió una plantilla a revisión de WhatsApp",
    "template.refused": "WhatsApp no aceptó una plantilla",
    "template.unconfirmed": "No se sabe si WhatsApp recibió una plantilla",
    "template.updated": "Cambió una plantilla",
    "canned_text.file_added": "{actor} adjuntó un archivo a una respuesta rápida",
    "canned_text.file_removed": "{actor} quitó un archivo de una respuesta rápida",
    "canned_text.retired": "{actor} retiró una respuesta rápida",
}

_EVENTS = {
    "claimed": "{who} se asignó la conversación",
    "assigned": "{who} asignó la conversación a {to}",
    "released": "{who} dejó la conversación sin asignar",
    "resolved": "{who} resolvió la conversación",
    "reopened": "{who} reabrió la conversación",
    "snoozed": "{who} pospuso la conversación",
    "transferred": "{who} pasó la conversación al equipo {to}",
    "promise_made": "{who} anotó una promesa: {amount} para el {on}",
    "promise_replaced": "{who} cambió la promesa: {amount} para el {on}",
    "promise_cancelled": "{who} anuló la promesa de {amount} para el {on}",
    "promise_kept": "Promesa cumplida: {amount} para el {on}",
    "promise_partial": "Promesa cumplida en parte: {amount} para el {on}",
    "promise_broken": "Promesa rota: {amount} para el {on}",
    "promise_reopened": "La promesa de {amount} para el {on} vuelve a estar abierta: se devolvió un pago",
    "plan_proposed": "{who} propuso un plan de pagos de {amount} en {count} cuotas",
    "plan_accepted": "Plan de pagos aceptado: {amount} en {count} cuotas",
    "plan_completed": "Plan de pagos completado: {amount}",
    "plan_broken": "Plan de pagos incumplido: venció la cuota del {on}",
    "plan_reopened": "El plan de pagos vuelve a estar vigente: llegó el pago que faltaba",
    "plan_cancelled": "{who} anuló el plan de pagos de {amount}",
    "dispute_opened": "{who} abrió una disputa: {what}",
    "dispute_resolved": "{who} resolvió la disputa: {what}",
    "outcome_recorded": "{who} la tipificó: {what}",
    "contact_opted_out": "{who} registró que no quiere que le escribamos",
    "contact_opt_out_lifted": "{who} levantó la baja: {what}",
    "contact_wrong_number": "{who} marcó el número como equivocado: la deuda ya no se muestra aquí",
    "contact_wrong_number_lifted": "{who} corrigió que el número era equivocado: {what}",
    "payment_applied": "Pago de {amount} recibido",
    "payment_reversed": "Pago de {amount} devuelto",
    "payment_restored": "Pago de {amount} recuperado",
    "payment_claimed": "{who} marcó un comprobante por verificar",
    "payment_link_created": "{who} creó un enlace de pago de {amount}",
    "bot_verified": "Identidad confirmada por {what}",
    "bot_alerted": "Aviso a supervisores: {what}",
    "bot_handed_over": "El asistente la deja a una persona. {what}",
}

# Of a contact's field: what its being set or emptied means.
_CONTACT = {
    ("unreachable_at", True): "No recibe mensajes por WhatsApp",
    ("unreachable_at", False): "Vuelve a recibir mensajes",
    ("blocked_us_at", True): "Está bloqueada en WhatsApp",
    ("blocked_us_at", False): "Ya no está bloqueada en WhatsApp",
    ("marketing_stopped_at", True): "No quiere recibir publicidad",
    ("changed", True): "Cambió su nombre en WhatsApp",
}

TARGETS = {"first": "Primera respuesta", "next": "Respuesta", "resolution": "Resolución"}

REVIEWS = {
    "alias_conflict": Words("Dos contactos podrían ser la misma persona: confirme quién es."),
    "number_changed": Words(
        "Cambió de número: podría ser otra persona. Confirme la identidad antes de hablar de la deuda."
    ),
    "user_id_changed": Words(
        "WhatsApp lo reconoce como otro usuario: confirme la identidad antes de hablar de la deuda."
    ),
}


def history_line(action: str, actor: str | None, new: Mapping[str, Any], event: Mapping[str, Any] | None) -> str:
    """What one history entry says. `event` is the content of the thread's own line about it, where there is one."""
    if event and event.get("action") in _EVENTS:
        return event_words(event)
    if action == "contact.updated":
        return next(
            (words for words in (_CONTACT.get((name, bool(value))) for name, value in new.items()) if words),
            _ACTIONS[action],
        )
    if action == "bot.understood" and (meant := understood_words(new)):
        return f"El asistente entendió: {meant}"
    if action == "message.received":
        return _KINDS.get(str(new.get("kind")), "Mensaje recibido")
    if action == "conversation.standing_changed" and new.get("account_state"):
        return f"Etiqueta cambió a {label(State(str(new['account_state'])))}"
    target = TARGETS.get(str(new.get("target")), "Un plazo")
    words = _ACTIONS.get(action, action)
    return words.format(actor=actor or "Al Día", tag=new.get("tag") or "una etiqueta", target=target)


def event_words(content: Mapping[str, Any]) -> str:
    """What an event row of the thread says."""
    sentence = _EVENTS.get(str(content.get("action")), "Cambio en la conversación")
    if content.get("what") and "{what}" not in sentence:
        sentence += ": {what}"
    amount = money(content["minor"], content["currency"]) if "minor" in content else ""
    return sentence.format(
        who=content.get("who") or "Al Día",
        to=content.get("to") or "otra persona",
        amount=amount,
        on=day(date.fromisoformat(content["on"])) if "on" in content else "",
        count=content.get("count") or "",
        what=content.get("what") or "",
    )
