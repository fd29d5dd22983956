"""The history in words: a sentence for every action, on the screen, in exports and (always in Spanish) on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.audit import AuditEntry
from console.inbox.words import called, history_line
from console.languages.joined import joined
from console.languages.words import Words

ACTORS = {
    "contact": Words("La persona"),
    "agent": Words("Agente"),
    "bot": Words("Bot"),
    "system": "Al Día",
    "token": Words("Programa"),
}
AUTHORS = {**ACTORS, "contact": Words("Titular"), "phone": Words("Desde el teléfono")}
KINDS: dict[str, str] = {
    "image": Words("(Foto)"),
    "video": Words("(Video)"),
    "audio": Words("(Audio)"),
    "voice": Words("(Nota de voz)"),
    "document": Words("(Documento)"),
    "sticker": Words("(Sticker)"),
    "location": Words("(Ubicación)"),
    "contacts": Words("(Contacto)"),
    "reaction": Words("(Reacción)"),
    "revoke": Words("(Eliminó un mensaje)"),
    "edit": Words("(Editó un mensaje)"),
    "template": Words("(Plantilla)"),
}
PROMISES: dict[str, str] = {
    "open": Words("vigente"),
    "kept": Words("cumplida"),
    "partial": Words("cumplida en parte"),
    "broken": Words("rota"),
    "replaced": Words("reemplazada"),
    "cancelled": Words("anulada"),
}

# What conversations do not know about; {actor} is who did it.
WORDS = {
    "session.started": Words("{actor} ingresó"),
    "session.ended": Words("Terminó una sesión de {actor}"),
    "session.refused": Words("Un ingreso no coincidió"),
    "session.unfamiliar": Words("Ingreso desde un navegador o una red nuevos"),
    "session.alert_mailed": Words("Se avisó de un ingreso por correo"),
    "session.disowned": Words("El titular de una cuenta dijo que un ingreso no fue suyo"),
    "session.attempts_failed": Words("Muchos ingresos fallidos en una cuenta"),
    "agent.created": Words("{actor} agregó a una persona"),
    "agent.disabled": Words("{actor} inhabilitó a una persona"),
    "agent.updated": Words("{actor} cambió a una persona"),
    "agent.language_chosen": Words("{actor} eligió el idioma de sus pantallas"),
    "report.exported": Words("{actor} descargó indicadores"),
    "report.subscribed": Words("{actor} pidió el resumen diario"),
    "report.unsubscribed": Words("{actor} dejó de recibir el resumen diario"),
    "rates.updated": Words("{actor} cambió las tarifas de WhatsApp"),
    "agent.password_changed": Words("Cambió una contraseña"),
    "token.created": Words("{actor} creó un token"),
    "token.revoked": Words("{actor} revocó un token"),
    "channel.paused": Words("{actor} detuvo todos los envíos"),
    "channel.resumed": Words("{actor} reanudó los envíos"),
    "channel.updated": Words("Cambió el estado del número"),
    "channel.notified": Words("WhatsApp avisó algo del número"),
    "template.updated": Words("Cambió una plantilla"),
    "delivery.dead_lettered": Words("Llegó una entrega que no se entendió"),
    "delivery.replayed": Words("{actor} repitió una entrega"),
    "delivery.set_aside": Words("{actor} apartó una entrega"),
    "review.opened": Words("Surgió una duda de identidad"),
    "review.closed": Words("{actor} resolvió una duda de identidad"),
    "contact.created": Words("Contacto nuevo"),
    "contact.linked": Words("Un número se unió a su titular"),
    "contact.merged": Words("Dos contactos se unieron"),
    "backup.restored": Words("Se restauró una copia de seguridad"),
    "account.stated": Words("La cartera trajo un estado de cuenta"),
    "billing.synced": Words("Se trajo la cartera del sistema de facturación"),
    "creditor.created": Words("Acreedor nuevo"),
    "debtor.rectified": Words("{actor} corrigió los datos de un titular"),
    "debtor.correction_contested": Words("Una carga trajo un dato ya corregido: no se tomó"),
    "debtor.updated": Words("Cambiaron los datos de un titular"),
    "disposition.created": Words("{actor} agregó una tipificación"),
    "disposition.updated": Words("{actor} cambió una tipificación"),
    "rules.updated": Words("{actor} cambió las reglas de cartera"),
    "role.created": Words("{actor} creó un rol"),
    "role.updated": Words("{actor} cambió lo que puede un rol"),
    "role.retired": Words("{actor} retiró un rol"),
    "tag.created": Words("{actor} creó una etiqueta"),
    "tag.updated": Words("{actor} cambió una etiqueta"),
    "stream.opened": Words("{actor} empezó a seguir los eventos"),
    "import.committed": Words("Se importó una cartera"),
    "import.undone": Words("Se deshizo una importación"),
    "evidence.requested": Words("{actor} pidió un expediente"),
    "evidence.made": Words("Expediente listo"),
    "evidence.failed": Words("Un expediente no se pudo hacer"),
    "evidence.downloaded": Words("{actor} descargó un expediente"),
    "evidence.expired": Words("Un expediente caducó y se borró"),
    "history.exported": Words("{actor} exportó el historial"),
    "privacy.requested": Words("{actor} anotó una solicitud de privacidad"),
    "privacy.answered": Words("{actor} respondió una solicitud de privacidad"),
    "privacy.refused": Words("{actor} rechazó una solicitud de privacidad"),
    "quality.sampled": Words("Se sortearon conversaciones para revisar su calidad"),
    "quality.reviewed": Words("{actor} revisó la calidad de una conversación"),
    "quality.calibration_opened": Words("{actor} pidió calibrar la revisión de una conversación"),
    "quality.calibration_sent": Words("{actor} envió su revisión de una calibración"),
    "quality.calibration_agreed": Words("{actor} guardó lo acordado en una calibración"),
    "quality.calibration_cancelled": Words("{actor} canceló una calibración"),
    "quality.answered": Words("{actor} respondió a una revisión de calidad"),
    "word_list.changed": Words("{actor} cambió las frases vigiladas"),
    "quality.form_updated": Words("{actor} cambió la pauta de calidad"),
    "contact.erased": Words("{actor} borró los datos de una persona"),
    "media.erased": Words("Se borraron los archivos de una conversación cerrada"),
    "retention.updated": Words("{actor} cambió cuánto se conservan los datos"),
    "history.verified": Words("{actor} verificó el historial"),
    "channel.troubled": Words("Algo falla en la línea de WhatsApp"),
    "channel.token_expiring": Words("El acceso a WhatsApp está por vencer"),
    "channel.profile_updated": Words("{actor} cambió el perfil del número"),
    "channel.recovered": Words("La línea de WhatsApp se recuperó"),
    "factor.enabled": Words("{actor} activó un segundo factor"),
    "factor.removed": Words("{actor} quitó un segundo factor"),
    "factor.recovery_used": Words("Se usó un código de recuperación para ingresar"),
    "factor.codes_renewed": Words("{actor} renovó los códigos de recuperación"),
    "routing.updated": Words("{actor} cambió las reglas de reparto"),
    "sign_in_rules.updated": Words("{actor} cambió las reglas de ingreso"),
    "targets.updated": Words("{actor} cambió los plazos de atención"),
    "hours.updated": Words("{actor} cambió el horario de atención"),
    "hours.day_set": Words("{actor} cambió el horario de un día"),
    "hours.day_dropped": Words("{actor} devolvió un día a su horario"),
    "contact.updated": Words("Cambió un contacto"),
    "view.saved": Words("{actor} guardó una vista"),
    "view.renamed": Words("{actor} cambió el nombre de una vista"),
    "view.moved": Words("{actor} cambió una vista de lugar"),
    "view.removed": Words("{actor} eliminó una vista"),
    "bulk.asked": Words("{actor} pidió una operación sobre muchas conversaciones"),
    "bulk.started": Words("{actor} empezó una operación sobre muchas conversaciones"),
    "bulk.cancelled": Words("{actor} detuvo una operación sobre muchas conversaciones"),
    "bulk.finished": Words("Terminó una operación sobre muchas conversaciones"),
    "webhook.subscribed": Words("{actor} creó un webhook"),
    "webhook.enabled": Words("{actor} activó un webhook"),
    "webhook.disabled": Words("{actor} detuvo un webhook"),
    "webhook.removed": Words("{actor} eliminó un webhook"),
    "webhook.secret_changed": Words("{actor} cambió la clave de un webhook"),
    "webhook.replayed": Words("{actor} repitió un aviso de webhook"),
    "search.made": Words("{actor} buscó por un documento o teléfono"),
}
# By what an action is about, where no sentence is written for it yet: still Spanish, still true.
_OBJECTS = {
    "message": Words("un mensaje"),
    "conversation": Words("una conversación"),
    "contact": Words("un contacto"),
    "account": Words("una cuenta"),
    "agent": Words("una persona del equipo"),
    "team": Words("un equipo"),
    "role": Words("un rol"),
    "session": Words("una sesión"),
    "token": Words("un token"),
    "channel": Words("el número"),
    "template": Words("una plantilla"),
    "tag": Words("una etiqueta"),
    "rule": Words("una regla"),
    "rules": Words("las reglas"),
    "setting": Words("un ajuste"),
    "settings": Words("los ajustes"),
    "promise": Words("una promesa"),
    "plan": Words("un plan de pagos"),
    "payment": Words("un pago"),
    "payment_link": Words("un enlace de pago"),
    "dispute": Words("una disputa"),
    "import": Words("una importación"),
    "export": Words("una exportación"),
    "evidence": Words("un expediente"),
    "privacy": Words("una solicitud de privacidad"),
    "quality": Words("una revisión de calidad"),
    "bot": Words("el bot"),
    "campaign": Words("una campaña"),
    "report": Words("un reporte"),
    "media": Words("un archivo"),
    "note": Words("una nota"),
    "queue": Words("una cola"),
    "presence": Words("la presencia"),
}
_VERBS = {
    "created": Words("creó"),
    "updated": Words("cambió"),
    "changed": Words("cambió"),
    "removed": Words("quitó"),
    "deleted": Words("borró"),
    "disabled": Words("inhabilitó"),
    "enabled": Words("habilitó"),
    "started": Words("empezó"),
    "ended": Words("terminó"),
    "opened": Words("abrió"),
    "closed": Words("cerró"),
    "viewed": Words("vio"),
    "exported": Words("exportó"),
    "sent": Words("envió"),
    "failed": Words("no pudo con"),
    "assigned": Words("asignó"),
    "requested": Words("pidió"),
    "accepted": Words("aceptó"),
    "refused": Words("rechazó"),
    "cancelled": Words("anuló"),
    "paused": Words("puso en pausa"),
    "resumed": Words("reanudó"),
    "revoked": Words("revocó"),
    "restored": Words("restauró"),
    "retired": Words("retiró"),
}


def actor(entry: AuditEntry) -> str:
    """Who did it, as they were called then."""
    return called(entry.actor_kind, entry.actor_name) or ACTORS.get(entry.actor_kind, entry.actor_kind)


def sentence(action: str, who: str, new: Mapping[str, Any]) -> str:
    """What an entry says. An action nobody has written a sentence for is described by its parts."""
    if words := WORDS.get(action):
        return Words(words.source, actor=who)
    line = history_line(action, who, new, None)
    if line != action:
        return line
    about, _, verb = action.partition(".")
    did = _VERBS.get(verb) or Words("hizo «{verb}» con", verb=verb)
    return joined((who, did, _OBJECTS.get(about, about.replace("_", " "))), " ")
