"""The history in words: one sentence an agent understands for every action on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.render import money

VIEWS = {"mine": "Mías", "unassigned": "Sin asignar", "all": "Todas", "resolved": "Resueltas"}

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
    "message.queued": "{actor} escribió",
    "message.noted": "Nota de {actor}",
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
    "media.failed": "Un archivo no se pudo traer",
    "media.viewed": "{actor} abrió un archivo",
    "payment.applied": "Pago recibido",
    "payment.parked": "Un pago quedó por revisar",
    "payment.reversed": "Un pago se devolvió",
    "payment.restored": "Un pago devuelto volvió a entrar",
    "payment.resolved": "{actor} revisó un pago",
    "payment_link.created": "{actor} creó un enlace de pago",
    "payment_link.failed": "No se pudo crear un enlace de pago",
}

_EVENTS = {
    "claimed": "{who} se asignó la conversación",
    "assigned": "{who} asignó la conversación a {to}",
    "released": "{who} dejó la conversación sin asignar",
    "resolved": "{who} resolvió la conversación",
    "reopened": "{who} reabrió la conversación",
    "snoozed": "{who} pospuso la conversación",
    "transferred": "{who} pasó la conversación al equipo {to}",
    "payment_applied": "Pago de {amount} recibido",
    "payment_reversed": "Pago de {amount} devuelto",
    "payment_restored": "Pago de {amount} recuperado",
    "payment_link_created": "{who} creó un enlace de pago de {amount}",
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

REVIEWS = {
    "alias_conflict": "Dos contactos podrían ser la misma persona: confirme quién es.",
    "number_changed": "Cambió de número: podría ser otra persona. Confirme la identidad antes de hablar de la deuda.",
    "user_id_changed": "WhatsApp lo reconoce como otro usuario: confirme la identidad antes de hablar de la deuda.",
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
    if action == "message.received":
        return _KINDS.get(str(new.get("kind")), "Mensaje recibido")
    return _ACTIONS.get(action, action).format(actor=actor or "Al Día")


def event_words(content: Mapping[str, Any]) -> str:
    """What an event row of the thread says."""
    sentence = _EVENTS.get(str(content.get("action")), "Cambio en la conversación")
    amount = money(content["minor"], content["currency"]) if "minor" in content else ""
    return sentence.format(who=content.get("who") or "Al Día", to=content.get("to") or "otra persona", amount=amount)
