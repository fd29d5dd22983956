"""Why messages fail, in words: Meta's codes as supervisors read them (whatsapp.md §17)."""

from __future__ import annotations

from console.languages.words import Words

_REASONS = {
    130429: Words("Demasiados mensajes a la vez"),
    130472: Words("La persona está en un experimento de Meta"),
    131000: Words("Error de WhatsApp, sin explicación"),
    131008: Words("Faltó un dato de la plantilla"),
    131009: Words("Un dato no es válido"),
    131021: Words("Se escribió al propio número"),
    131026: Words("El número no tiene WhatsApp o no puede recibir"),
    131031: Words("La cuenta de WhatsApp está bloqueada"),
    131042: Words("Meta no pudo cobrar el mensaje"),
    131047: Words("Pasaron más de 24 horas: hacía falta una plantilla"),
    131048: Words("El número alcanzó su límite por calidad"),
    131049: Words("Meta no lo entregó para no cansar a la persona"),
    131050: Words("La persona no quiere publicidad"),
    131051: Words("Tipo de mensaje no admitido"),
    131052: Words("No se pudo descargar el archivo"),
    131053: Words("No se pudo subir el archivo"),
    131056: Words("Demasiados mensajes a la misma persona"),
    132000: Words("La plantilla pide otros datos"),
    132001: Words("La plantilla no existe en ese idioma"),
    132005: Words("La plantilla quedó demasiado larga"),
    132007: Words("El texto va contra las políticas de WhatsApp"),
    132012: Words("Un dato de la plantilla no tiene la forma pedida"),
    132015: Words("La plantilla está en pausa por calidad"),
    132016: Words("La plantilla quedó inhabilitada por calidad"),
}


def reason_of(code: int | None) -> str:
    """What a code means; the code itself where nobody has said."""
    if code is None:
        return Words("Sin código")
    return _REASONS.get(code, Words("Código {code}", code=code))
