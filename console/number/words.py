"""What WhatsApp's codes about our number are called, on its page and in what was changed on it."""

from __future__ import annotations

from console.languages.words import Words
from console.render import number
from console.settings_pages.change_lines import Terms, among, moment

VERTICALS = {
    "FINANCE": Words("Finanzas"),
    "PROF_SERVICES": Words("Servicios profesionales"),
    "AUTO": Words("Automotor"),
    "APPAREL": Words("Ropa"),
    "BEAUTY": Words("Belleza"),
    "EDU": Words("Educación"),
    "ENTERTAIN": Words("Entretenimiento"),
    "EVENT_PLAN": Words("Eventos"),
    "GOVT": Words("Gobierno"),
    "GROCERY": Words("Alimentos"),
    "HEALTH": Words("Salud"),
    "HOTEL": Words("Hotelería"),
    "NONPROFIT": Words("Sin fines de lucro"),
    "RESTAURANT": Words("Restaurantes"),
    "RETAIL": Words("Comercio"),
    "TRAVEL": Words("Viajes"),
    "OTHER": Words("Otro rubro"),
}
"""The lines of business that Meta knows and a lender, shop or service may be in."""
QUALITIES = {"GREEN": Words("Alta"), "YELLOW": Words("Media"), "RED": Words("Baja")}
NAMES = {
    "APPROVED": Words("Aprobado"),
    "AVAILABLE_WITHOUT_REVIEW": Words("Disponible sin revisión"),
    "PENDING_REVIEW": Words("En revisión"),
    "DECLINED": Words("Rechazado"),
    "EXPIRED": Words("Vencido"),
    "NONE": Words("Sin nombre"),
}
STATES = {
    "CONNECTED": Words("Conectado"),
    "DISCONNECTED": Words("Desconectado"),
    "FLAGGED": Words("Señalado por su calidad"),
    "RESTRICTED": Words("Restringido"),
    "BANNED": Words("Bloqueado"),
    "PENDING": Words("Pendiente"),
    "MIGRATED": Words("Trasladado"),
    "UNVERIFIED": Words("Sin verificar"),
    "DELETED": Words("Eliminado"),
}
SENDS = {"AVAILABLE": Words("Puede enviar"), "LIMITED": Words("Con límites"), "BLOCKED": Words("Bloqueado")}
TIERS = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
}
"""How many people a day may be written to first."""
SPEEDS = {"STANDARD": 80, "HIGH": 1000}
"""Messages a second."""
_PAUSES = {
    "policy": Words("por las políticas de WhatsApp"),
    "token": Words("por la clave de acceso"),
    "payment": Words("por un pago pendiente con Meta"),
    "configuration": Words("por la configuración"),
    "person": Words("por una persona"),
}
_TROUBLES = {"stuck": Words("lo que debe salir no sale"), "silent": Words("no llegan avisos de entrega")}


def _limit(tier: str | None) -> str:
    if tier in TIERS:
        return number(TIERS[tier])
    return Words("Sin límite de personas") if tier == "TIER_UNLIMITED" else tier or "—"


TERMS = Terms(
    fields={
        "about": Words("Presentación"),
        "address": Words("Dirección"),
        "can_send": Words("Envíos"),
        "description": Words("Descripción"),
        "display_phone_number": Words("Número"),
        "email": Words("Correo"),
        "expires_at": Words("Vence"),
        "kind": Words("Por qué"),
        "messaging_limit": Words("Personas cada 24 horas"),
        "name_status": Words("Revisión del nombre"),
        "opened": Words("Puesto en marcha"),
        "profile_picture_url": Words("Imagen"),
        "quality": Words("Calidad"),
        "since": Words("Desde"),
        "status": Words("Estado"),
        "throughput": Words("Mensajes por segundo"),
        "token_expires_at": Words("La clave de acceso vence"),
        "token_valid": Words("La clave de acceso vale"),
        "trouble": Words("Qué falla"),
        "valid": Words("La clave de acceso vale"),
        "verified_name": Words("Nombre"),
        "vertical": Words("Rubro"),
        "websites": Words("Sitios web"),
    },
    said={
        "can_send": among(SENDS),
        "expires_at": moment,
        "kind": among(_PAUSES),
        "messaging_limit": _limit,
        "name_status": among(NAMES),
        "quality": among(QUALITIES, none=Words("Sin datos")),
        "since": moment,
        "status": among(STATES),
        "throughput": among({code: str(speed) for code, speed in SPEEDS.items()}),
        "token_expires_at": moment,
        "trouble": among(_TROUBLES),
        "vertical": among(VERTICALS),
        "websites": among({}),
    },
)
