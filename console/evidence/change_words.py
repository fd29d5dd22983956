"""What an entry of the history changed, in Spanish: a word for each field, and values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from console import money
from console.bots.words import LABEL_WORDS, rule_words
from console.portfolio.states import State, label
from console.render import money as shown

FIELDS = {
    "absorbed": "Se unió con",
    "account_id": "Cuenta",
    "account_state": "Etiqueta de estado",
    "accounts": "Cuentas",
    "acted": "Hechas",
    "action": "Acción",
    "agent": "Agente",
    "agent_id": "Agente",
    "alert": "Aviso",
    "aliases": "Direcciones",
    "amount_minor": "Monto",
    "balance_minor": "Saldo",
    "batch": "Carga",
    "by_message": "Por el mensaje",
    "by_owner": "Por quien la lleva",
    "changed": "Cambió",
    "channel": "Canal",
    "code": "Código",
    "consents": "Líneas de consentimiento",
    "contact": "Contacto",
    "conversation": "Conversación",
    "conversations": "Conversaciones",
    "currency": "Moneda",
    "cursor": "Desde el evento",
    "day": "Día",
    "debtor": "Titular",
    "debtor_id": "Titular",
    "debtors": "Titulares",
    "decision": "Decisión",
    "deed": "Operación",
    "digest": "Huella de lo dicho",
    "disabled": "Inhabilitado",
    "due_on": "Para el",
    "edit": "Edición",
    "emoji": "Reacción",
    "entries": "Entradas",
    "event": "Evento",
    "events": "Eventos",
    "everything_months": "Meses que se guarda lo demás",
    "evidence": "Mensaje que lo prueba",
    "factor_roles": "Roles con segundo factor",
    "failures": "Fallos",
    "field": "Dato",
    "fields": "Datos",
    "file_sha256": "Huella del archivo",
    "filters": "Filtros",
    "first_bad": "Primera entrada alterada",
    "first_sequence": "Desde el mensaje n.º",
    "flags": "Señales",
    "form": "Pauta",
    "format": "Formato",
    "found": "Encontradas",
    "holder": "Quién la lleva",
    "holder_id": "Quién la lleva",
    "how": "Cómo",
    "intents": "Lo que entendió",
    "intact": "Íntegro",
    "is_whole": "Completo",
    "kept": "Quedó",
    "kind": "Clase",
    "language": "Idioma",
    "last_sequence": "Hasta el mensaje n.º",
    "left": "Quedan",
    "letters": "Letras",
    "marks": "Notas",
    "media": "Archivos",
    "media_months": "Meses que se guardan los archivos",
    "messages": "Mensajes",
    "months": "Meses de la regla",
    "name": "Nombre",
    "of": "De",
    "on": "Para el",
    "opened": "Se abrió",
    "other": "Otro contacto",
    "overdue_minor": "Vencido",
    "parent_id": "Dentro de",
    "picked": "Sorteadas",
    "position": "Lugar",
    "proof_digest": "Huella de la prueba",
    "provider": "Proveedor",
    "purpose": "Para qué",
    "reaction": "Reacción",
    "reason": "Motivo",
    "reason_digest": "Huella del motivo",
    "reason_id": "Número del motivo",
    "remind_at": "Recordar el",
    "replies": "Respuestas",
    "request": "Solicitud",
    "resend_of": "Repite el mensaje",
    "rules": "Reglas",
    "resolution": "Resolución",
    "resolved": "Resuelto",
    "rest_weeks": "Semanas de descanso",
    "retired": "Retirado",
    "revoke": "Eliminación",
    "revoked": "Eliminado",
    "role": "Rol",
    "said_at": "Lo dijo el",
    "score": "Puntaje",
    "seconds": "Segundos",
    "seed": "Semilla del sorteo",
    "sequence": "Mensaje n.º",
    "sha256": "Huella del archivo",
    "size": "Tamaño (bytes)",
    "state": "Estado",
    "status": "Estado",
    "tag": "Etiqueta",
    "team": "Equipo",
    "team_id": "Equipo",
    "total": "Total",
    "type": "Tipo",
    "understood": "Lo que entendió",
    "undoes": "Deshace la carga",
    "urgency": "Urgencia",
    "url": "Dirección",
    "version": "Versión",
    "via": "Por",
    "week": "Semana",
    "why": "Motivo",
    "window_closes_at": "Se responde libremente hasta",
    "window_opened": "Se abrió la ventana de respuesta",
}
VALUES = {
    "open": "abierta",
    "closed": "cerrada",
    "resolved": "resuelta",
    "snoozed": "pospuesta",
    "merged": "unida a otra",
    "queued": "en cola",
    "sending": "saliendo",
    "sent": "enviado",
    "delivered": "entregado",
    "read": "leído",
    "failed": "no se envió",
    "text": "texto",
    "template": "plantilla",
    "image": "foto",
    "document": "documento",
    "audio": "audio",
    "video": "video",
    "agent": "agente",
    "supervisor": "supervisión",
    "admin": "administración",
    "access": "acceso",
    "rectification": "rectificación",
    "erasure": "borrado",
    "collection": "cobranza",
    "marketing": "publicidad",
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "email": "correo",
    "call": "llamada",
    "message": "mensaje",
    "web_form": "formulario web",
    "contract": "contrato",
    "in_person": "en persona",
    "name": "nombre",
    "phone": "teléfono",
    "birth_year": "año de nacimiento",
    "kept": "cumplida",
    "broken": "rota",
    "partial": "en parte",
    "cancelled": "anulada",
    "replaced": "reemplazada",
    "applied": "aplicado",
    "reversed": "devuelto",
    "active": "vigente",
    "proposed": "propuesto",
    "completed": "completado",
}
SUBJECTS = {
    "account": "cuenta",
    "agent": "persona del equipo",
    "consent": "consentimiento",
    "contact": "contacto",
    "correction": "corrección",
    "debtor": "titular",
    "dispute": "disputa",
    "import": "carga",
    "payment": "pago",
    "plan": "plan de pagos",
    "privacy_request": "solicitud de privacidad",
    "promise": "promesa",
    "tag": "etiqueta",
    "template": "plantilla",
    "token": "token",
    "view": "vista",
    "webhook": "webhook",
}
_STATES = frozenset(State)
_LONGEST_VALUE = 240
_CERTAIN = {None: "—", True: "sí", False: "no"}
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
        return ", ".join(rule_words(str(rule)) for rule in of[name])
    if name == "intents" and isinstance(of[name], list):
        return ", ".join(f"{LABEL_WORDS.get(each, each)} {score:.2f}" for each, score in of[name])
    written = _plain(of[name], zone)
    return written if len(written) <= _LONGEST_VALUE else f"{written[:_LONGEST_VALUE]}…"


def subject(of: str) -> str:
    """What an entry is about: `contact:7` is "contacto 7"."""
    kind, _, number = of.partition(":")
    return f"{SUBJECTS.get(kind, kind.replace('_', ' '))} {number}".strip()


def _plain(of: Any, zone: ZoneInfo) -> str:  # noqa: ANN401 what JSON holds
    if of is None or isinstance(of, bool):
        return _CERTAIN[of]
    if isinstance(of, str):
        return _word(of, zone)
    if isinstance(of, list):
        return ", ".join(_plain(each, zone) for each in of) or "ninguno"
    if isinstance(of, dict):
        return "; ".join(f"{field(name)}: {_plain(each, zone)}" for name, each in of.items()) or "—"
    return msgspec.json.encode(of).decode()


def _word(of: str, zone: ZoneInfo) -> str:
    if of in _STATES:
        return label(State(of))
    if of in VALUES:
        return VALUES[of]
    if len(of) >= 20 and of[4:5] == "-" and "T" in of:
        try:
            return f"{datetime.fromisoformat(of).astimezone(zone):%d/%m/%Y %H:%M:%S}"
        except ValueError:
            return of
    return of
