"""The history in Spanish: a sentence for every action, on the screen, in exports and on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.audit import AuditEntry
from console.inbox.words import history_line

ACTORS = {"contact": "La persona", "agent": "Agente", "bot": "Bot", "system": "Al Día", "token": "Programa"}
AUTHORS = {**ACTORS, "contact": "Titular", "phone": "Desde el teléfono"}
KINDS = {
    "image": "(Foto)",
    "video": "(Video)",
    "audio": "(Audio)",
    "voice": "(Nota de voz)",
    "document": "(Documento)",
    "sticker": "(Sticker)",
    "location": "(Ubicación)",
    "contacts": "(Contacto)",
    "reaction": "(Reacción)",
    "revoke": "(Eliminó un mensaje)",
    "edit": "(Editó un mensaje)",
    "template": "(Plantilla)",
}
PROMISES = {
    "open": "vigente",
    "kept": "cumplida",
    "partial": "cumplida en parte",
    "broken": "rota",
    "replaced": "reemplazada",
    "cancelled": "anulada",
}

# What conversations do not know about; {actor} is who did it.
WORDS = {
    "session.started": "{actor} ingresó",
    "session.ended": "Terminó una sesión de {actor}",
    "session.refused": "Un ingreso no coincidió",
    "session.unfamiliar": "Ingreso desde un navegador o una red nuevos",
    "session.alert_mailed": "Se avisó de un ingreso por correo",
    "session.disowned": "El titular de una cuenta dijo que un ingreso no fue suyo",
    "session.attempts_failed": "Muchos ingresos fallidos en una cuenta",
    "agent.created": "{actor} agregó a una persona",
    "agent.disabled": "{actor} inhabilitó a una persona",
    "agent.updated": "{actor} cambió a una persona",
    "agent.password_changed": "Cambió una contraseña",
    "token.created": "{actor} creó un token",
    "token.revoked": "{actor} revocó un token",
    "channel.paused": "{actor} detuvo todos los envíos",
    "channel.resumed": "{actor} reanudó los envíos",
    "channel.updated": "Cambió el estado del número",
    "channel.notified": "WhatsApp avisó algo del número",
    "template.updated": "Cambió una plantilla",
    "delivery.dead_lettered": "Llegó una entrega que no se entendió",
    "delivery.replayed": "{actor} repitió una entrega",
    "delivery.set_aside": "{actor} apartó una entrega",
    "review.opened": "Surgió una duda de identidad",
    "review.closed": "{actor} resolvió una duda de identidad",
    "contact.created": "Contacto nuevo",
    "contact.linked": "Un número se unió a su titular",
    "contact.merged": "Dos contactos se unieron",
    "backup.restored": "Se restauró una copia de seguridad",
    "account.stated": "La cartera trajo un estado de cuenta",
    "billing.synced": "Se trajo la cartera del sistema de facturación",
    "creditor.created": "Acreedor nuevo",
    "debtor.rectified": "{actor} corrigió los datos de un titular",
    "debtor.correction_contested": "Una carga trajo un dato ya corregido: no se tomó",
    "debtor.updated": "Cambiaron los datos de un titular",
    "disposition.created": "{actor} agregó una tipificación",
    "disposition.updated": "{actor} cambió una tipificación",
    "rules.updated": "{actor} cambió las reglas de cartera",
    "role.created": "{actor} creó un rol",
    "role.updated": "{actor} cambió lo que puede un rol",
    "role.retired": "{actor} retiró un rol",
    "tag.created": "{actor} creó una etiqueta",
    "tag.updated": "{actor} cambió una etiqueta",
    "stream.opened": "{actor} empezó a seguir los eventos",
    "import.committed": "Se importó una cartera",
    "import.undone": "Se deshizo una importación",
    "evidence.requested": "{actor} pidió un expediente",
    "evidence.made": "Expediente listo",
    "evidence.failed": "Un expediente no se pudo hacer",
    "evidence.downloaded": "{actor} descargó un expediente",
    "evidence.expired": "Un expediente caducó y se borró",
    "history.exported": "{actor} exportó el historial",
    "privacy.requested": "{actor} anotó una solicitud de privacidad",
    "privacy.answered": "{actor} respondió una solicitud de privacidad",
    "privacy.refused": "{actor} rechazó una solicitud de privacidad",
    "quality.sampled": "Se sortearon conversaciones para revisar su calidad",
    "quality.reviewed": "{actor} revisó la calidad de una conversación",
    "quality.calibration_opened": "{actor} pidió calibrar la revisión de una conversación",
    "quality.calibration_sent": "{actor} envió su revisión de una calibración",
    "quality.calibration_agreed": "{actor} guardó lo acordado en una calibración",
    "quality.calibration_cancelled": "{actor} canceló una calibración",
    "quality.answered": "{actor} respondió a una revisión de calidad",
    "word_list.changed": "{actor} cambió las frases vigiladas",
    "quality.form_updated": "{actor} cambió la pauta de calidad",
    "contact.erased": "{actor} borró los datos de una persona",
    "media.erased": "Se borraron los archivos de una conversación cerrada",
    "retention.updated": "{actor} cambió cuánto se conservan los datos",
    "history.verified": "{actor} verificó el historial",
    "channel.troubled": "Algo falla en la línea de WhatsApp",
    "channel.token_expiring": "El acceso a WhatsApp está por vencer",
    "channel.profile_updated": "{actor} cambió el perfil del número",
    "channel.recovered": "La línea de WhatsApp se recuperó",
    "sign_in_rules.updated": "{actor} cambió las reglas de ingreso",
    "targets.updated": "{actor} cambió los plazos de atención",
    "hours.updated": "{actor} cambió el horario de atención",
    "hours.day_set": "{actor} cambió el horario de un día",
    "hours.day_dropped": "{actor} devolvió un día a su horario",
    "contact.updated": "Cambió un contacto",
    "view.saved": "{actor} guardó una vista",
    "view.renamed": "{actor} cambió el nombre de una vista",
    "view.moved": "{actor} cambió una vista de lugar",
    "view.removed": "{actor} eliminó una vista",
    "bulk.asked": "{actor} pidió una operación sobre muchas conversaciones",
    "bulk.started": "{actor} empezó una operación sobre muchas conversaciones",
    "bulk.cancelled": "{actor} detuvo una operación sobre muchas conversaciones",
    "bulk.finished": "Terminó una operación sobre muchas conversaciones",
    "webhook.subscribed": "{actor} creó un webhook",
    "webhook.enabled": "{actor} activó un webhook",
    "webhook.disabled": "{actor} detuvo un webhook",
    "webhook.removed": "{actor} eliminó un webhook",
    "webhook.secret_changed": "{actor} cambió la clave de un webhook",
    "webhook.replayed": "{actor} repitió un aviso de webhook",
    "search.made": "{actor} buscó por un documento o teléfono",
}
# By what an action is about, where no sentence is written for it yet: still Spanish, still true.
_OBJECTS = {
    "message": "un mensaje",
    "conversation": "una conversación",
    "contact": "un contacto",
    "account": "una cuenta",
    "agent": "una persona del equipo",
    "team": "un equipo",
    "role": "un rol",
    "session": "una sesión",
    "token": "un token",
    "channel": "el número",
    "template": "una plantilla",
    "tag": "una etiqueta",
    "rule": "una regla",
    "rules": "las reglas",
    "setting": "un ajuste",
    "settings": "los ajustes",
    "promise": "una promesa",
    "plan": "un plan de pagos",
    "payment": "un pago",
    "payment_link": "un enlace de pago",
    "dispute": "una disputa",
    "import": "una importación",
    "export": "una exportación",
    "evidence": "un expediente",
    "privacy": "una solicitud de privacidad",
    "quality": "una revisión de calidad",
    "bot": "el bot",
    "campaign": "una campaña",
    "report": "un reporte",
    "media": "un archivo",
    "note": "una nota",
    "queue": "una cola",
    "presence": "la presencia",
}
_VERBS = {
    "created": "creó",
    "updated": "cambió",
    "changed": "cambió",
    "removed": "quitó",
    "deleted": "borró",
    "disabled": "inhabilitó",
    "enabled": "habilitó",
    "started": "empezó",
    "ended": "terminó",
    "opened": "abrió",
    "closed": "cerró",
    "viewed": "vio",
    "exported": "exportó",
    "sent": "envió",
    "failed": "no pudo con",
    "assigned": "asignó",
    "requested": "pidió",
    "accepted": "aceptó",
    "refused": "rechazó",
    "cancelled": "anuló",
    "paused": "puso en pausa",
    "resumed": "reanudó",
    "revoked": "revocó",
    "restored": "restauró",
    "retired": "retiró",
}


def actor(entry: AuditEntry) -> str:
    """Who did it, as they were called then."""
    return entry.actor_name or ACTORS.get(entry.actor_kind, entry.actor_kind)


def sentence(action: str, who: str, new: Mapping[str, Any]) -> str:
    """What an entry says, in Spanish. An action nobody has written a sentence for is described by its parts."""
    if words := WORDS.get(action):
        return words.format(actor=who)
    line = history_line(action, who, new, None)
    if line != action:
        return line
    about, _, verb = action.partition(".")
    return f"{who} {_VERBS.get(verb, f'hizo «{verb}» con')} {_OBJECTS.get(about, about.replace('_', ' '))}"
