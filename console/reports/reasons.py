"""Why messages fail, in words: Meta's codes as supervisors read them (whatsapp.md §17)."""

from __future__ import annotations

_REASONS = {
    130429: "Demasiados mensajes a la vez",
    130472: "La persona está en un experimento de Meta",
    131000: "Error de WhatsApp, sin explicación",
    131008: "Faltó un dato de la plantilla",
    131009: "Un dato no es válido",
    131021: "Se escribió al propio número",
    131026: "El número no tiene WhatsApp o no puede recibir",
    131031: "La cuenta de WhatsApp está bloqueada",
    131042: "Meta no pudo cobrar el mensaje",
    131047: "Pasaron más de 24 horas: hacía falta una plantilla",
    131048: "El número alcanzó su límite por calidad",
    131049: "Meta no lo entregó para no cansar a la persona",
    131050: "La persona no quiere publicidad",
    131051: "Tipo de mensaje no admitido",
    131052: "No se pudo descargar el archivo",
    131053: "No se pudo subir el archivo",
    131056: "Demasiados mensajes a la misma persona",
    132000: "La plantilla pide otros datos",
    132001: "La plantilla no existe en ese idioma",
    132005: "La plantilla quedó demasiado larga",
    132007: "El texto va contra las políticas de WhatsApp",
    132012: "Un dato de la plantilla no tiene la forma pedida",
    132015: "La plantilla está en pausa por calidad",
    132016: "La plantilla quedó inhabilitada por calidad",
}


def reason_of(code: int | None) -> str:
    """What a code means; the code itself where nobody has said."""
    if code is None:
        return "Sin código"
    return _REASONS.get(code, f"Código {code}")
