"""What an entry of the history changed: a word for each field, and values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from console import money
from console.bots.words import LABEL_WORDS, rule_words
from console.languages import moments
from console.languages.joined import joined
from console.languages.words import Shown, Words
from console.portfolio.states import State, label
from console.render import money as shown

FIELDS = {
    "absorbed": Words("Se unió con"),
    "account_id": Words("Cuenta"),
    "account_state": Words("Etiqueta de estado"),
    "accounts": Words("Cuentas"),
    "acted": Words("Hechas"),
    "action": Words("Acción"),
    "agent": Words("Agente"),
    "agent_id": Words("Agente"),
    "alert": Words("Aviso"),
    "aliases": Words("Direcciones"),
    "amount_minor": Words("Monto"),
    "balance_minor": Words("Saldo"),
    "batch": Words("Carga"),
    "business_account_id": Words("Cuenta de WhatsApp Business"),
    "by_message": Words("Por el mensaje"),
    "by_owner": Words("Por quien la lleva"),
    "changed": Words("Cambió"),
    "channel": Words("Canal"),
    "code": Words("Código"),
    "consents": Words("Líneas de consentimiento"),
    "contact": Words("Contacto"),
    "conversation": Words("Conversación"),
    "conversations": Words("Conversaciones"),
    "currency": Words("Moneda"),
    "cursor": Words("Desde el evento"),
    "day": Words("Día"),
    "debtor": Words("Titular"),
    "debtor_id": Words("Titular"),
    "debtors": Words("Titulares"),
    "decision": Words("Decisión"),
    "deed": Words("Operación"),
    "digest": Words("Huella de lo dicho"),
    "disabled": Words("Inhabilitado"),
    "due_on": Words("Para el"),
    "edit": Words("Edición"),
    "emoji": Words("Reacción"),
    "entries": Words("Entradas"),
    "event": Words("Evento"),
    "events": Words("Eventos"),
    "everything_months": Words("Meses que se guarda lo demás"),
    "evidence": Words("Mensaje que lo prueba"),
    "expires_at": Words("Vence"),
    "factor_roles": Words("Roles con segundo factor"),
    "failures": Words("Fallos"),
    "field": Words("Dato"),
    "fields": Words("Datos"),
    "file_sha256": Words("Huella del archivo"),
    "filters": Words("Filtros"),
    "first_bad": Words("Primera entrada alterada"),
    "first_sequence": Words("Desde el mensaje n.º"),
    "flags": Words("Señales"),
    "form": Words("Pauta"),
    "format": Words("Formato"),
    "found": Words("Encontradas"),
    "held": Words("Retenido"),
    "holder": Words("Quién la lleva"),
    "holder_id": Words("Quién la lleva"),
    "how": Words("Cómo"),
    "intents": Words("Lo que entendió"),
    "intact": Words("Íntegro"),
    "is_whole": Words("Completo"),
    "jobs": Words("Operaciones sobre muchas conversaciones"),
    "kept": Words("Quedó"),
    "kind": Words("Clase"),
    "language": Words("Idioma"),
    "last_sequence": Words("Hasta el mensaje n.º"),
    "left": Words("Quedan"),
    "letters": Words("Letras"),
    "marks": Words("Notas"),
    "media": Words("Archivos"),
    "media_months": Words("Meses que se guardan los archivos"),
    "messages": Words("Mensajes"),
    "months": Words("Meses de la regla"),
    "name": Words("Nombre"),
    "number": Words("Número"),
    "of": Words("De"),
    "on": Words("Para el"),
    "opened": Words("Se abrió"),
    "other": Words("Otro contacto"),
    "overdue_minor": Words("Vencido"),
    "parent_id": Words("Dentro de"),
    "password_withdrawn": Words("Se retiró su contraseña"),
    "picked": Words("Sorteadas"),
    "position": Words("Lugar"),
    "proof_digest": Words("Huella de la prueba"),
    "provider": Words("Proveedor"),
    "purpose": Words("Para qué"),
    "reaction": Words("Reacción"),
    "reason": Words("Motivo"),
    "reason_digest": Words("Huella del motivo"),
    "reason_id": Words("Número del motivo"),
    "receipts": Words("Recibos de pago"),
    "remind_at": Words("Recordar el"),
    "reminders": Words("Recordatorios"),
    "replies": Words("Respuestas"),
    "request": Words("Solicitud"),
    "resend_of": Words("Repite el mensaje"),
    "rules": Words("Reglas"),
    "resolution": Words("Resolución"),
    "resolved": Words("Resuelto"),
    "rest_weeks": Words("Semanas de descanso"),
    "retired": Words("Retirado"),
    "revoke": Words("Eliminación"),
    "revoked": Words("Eliminado"),
    "role": Words("Rol"),
    "said_at": Words("Lo dijo el"),
    "scheduled": Words("Mensajes programados"),
    "scopes": Words("Permisos"),
    "score": Words("Puntaje"),
    "secret": Words("Clave"),
    "seconds": Words("Segundos"),
    "seed": Words("Semilla del sorteo"),
    "sequence": Words("Mensaje n.º"),
    "sha256": Words("Huella del archivo"),
    "signature": Words("Lo hallado en el archivo"),
    "size": Words("Tamaño (bytes)"),
    "state": Words("Estado"),
    "status": Words("Estado"),
    "tag": Words("Etiqueta"),
    "team": Words("Equipo"),
    "team_id": Words("Equipo"),
    "total": Words("Total"),
    "type": Words("Tipo"),
    "understood": Words("Lo que entendió"),
    "undoes": Words("Deshace la carga"),
    "urgency": Words("Urgencia"),
    "url": Words("Dirección"),
    "version": Words("Versión"),
    "via": Words("Por"),
    "week": Words("Semana"),
    "why": Words("Motivo"),
    "window_closes_at": Words("Se responde libremente hasta"),
    "window_opened": Words("Se abrió la ventana de respuesta"),
}
VALUES = {
    "open": Words("abierta"),
    "closed": Words("cerrada"),
    "resolved": Words("resuelta"),
    "snoozed": Words("pospuesta"),
    "merged": Words("unida a otra"),
    "queued": Words("en cola"),
    "sending": Words("saliendo"),
    "sent": Words("enviado"),
    "delivered": Words("entregado"),
    "read": Words("leído"),
    "failed": Words("no se envió"),
    "text": Words("texto"),
    "template": Words("plantilla"),
    "image": Words("foto"),
    "document": Words("documento"),
    "audio": Words("audio"),
    "video": Words("video"),
    "agent": Words("agente"),
    "supervisor": Words("supervisión"),
    "admin": Words("administración"),
    "access": Words("acceso"),
    "rectification": Words("rectificación"),
    "erasure": Words("borrado"),
    "collection": Words("cobranza"),
    "marketing": Words("publicidad"),
    "whatsapp": Words("WhatsApp"),
    "sms": Words("SMS"),
    "email": Words("correo"),
    "call": Words("llamada"),
    "message": Words("mensaje"),
    "web_form": Words("formulario web"),
    "contract": Words("contrato"),
    "in_person": Words("en persona"),
    "name": Words("nombre"),
    "phone": Words("teléfono"),
    "birth_year": Words("año de nacimiento"),
    "kept": Words("cumplida"),
    "broken": Words("rota"),
    "partial": Words("en parte"),
    "cancelled": Words("anulada"),
    "replaced": Words("reemplazada"),
    "applied": Words("aplicado"),
    "reversed": Words("devuelto"),
    "active": Words("vigente"),
    "proposed": Words("propuesto"),
    "completed": Words("completado"),
    "given": Words("autorizó"),
    "withdrawn": Words("se opuso"),
    "opted_out": Words("pidió que no le escribamos"),
    "already_opted_out": Words("ya constaba"),
    "withdrawn_since": Words("se opuso después"),
    "given_since": Words("autorizó después"),
}
SUBJECTS = {
    "account": Words("cuenta"),
    "agent": Words("persona del equipo"),
    "consent": Words("consentimiento"),
    "contact": Words("contacto"),
    "correction": Words("corrección"),
    "debtor": Words("titular"),
    "dispute": Words("disputa"),
    "import": Words("carga"),
    "imported_consent": Words("consentimiento importado"),
    "payment": Words("pago"),
    "plan": Words("plan de pagos"),
    "privacy_request": Words("solicitud de privacidad"),
    "promise": Words("promesa"),
    "tag": Words("etiqueta"),
    "template": Words("plantilla"),
    "token": Words("token"),
    "view": Words("vista"),
    "webhook": Words("webhook"),
}
_STATES = frozenset(State)
_LONGEST_VALUE = 240
_CERTAIN = {None: "—", True: Words("sí"), False: Words("no")}
_MINOR = "_minor"


def field(name: str) -> str:
    """What a field is called; one that nobody has a word for is at least no code."""
    known = FIELDS.get(name)
    return known or name.replace("_", " ").capitalize()


def value(of: Mapping[str, Any], name: str, zone: ZoneInfo) -> str | None:
    """The value of a field as people read it; None where the entry does not name it."""
    if name not in of:
        return None
    currency = of.get("currency")
    if name.endswith(_MINOR) and isinstance(of[name], int) and money.is_currency(str(currency)):
        return shown(of[name], str(currency))
    if name == "rules" and isinstance(of[name], list):
        return joined(rule_words(str(rule)) for rule in of[name])
    if name == "intents" and isinstance(of[name], list):
        return joined(joined((LABEL_WORDS.get(each, each), f"{score:.2f}"), " ") for each, score in of[name])
    return joined([_plain(of[name], zone)], most=_LONGEST_VALUE)


def subject(of: str) -> str:
    """What an entry is about: `contact:7` is "contacto 7"."""
    kind, _, number = of.partition(":")
    what = SUBJECTS.get(kind, kind.replace("_", " "))
    return joined((what, number), " ") if number else what


def _plain(of: Any, zone: ZoneInfo) -> str:  # noqa: ANN401 what JSON holds
    if of is None or isinstance(of, bool):
        return _CERTAIN[of]
    if isinstance(of, str):
        return _word(of, zone)
    if isinstance(of, list):
        return joined(_plain(each, zone) for each in of) if of else Words("ninguno")
    if isinstance(of, dict):
        return joined((joined((field(name), _plain(each, zone)), ": ") for name, each in of.items()), "; ") or "—"
    return msgspec.json.encode(of).decode()


def _word(of: str, zone: ZoneInfo) -> str:
    if of in _STATES:
        return label(State(of))
    if of in VALUES:
        return VALUES[of]
    if len(of) >= 20 and of[4:5] == "-" and "T" in of:
        try:
            return Shown(partial(moments.exact, datetime.fromisoformat(of).astimezone(zone)))
        except ValueError:
            return of
    return of
