"""What the columns of states say: of promises, of disputes, and of messages."""

from __future__ import annotations

from console.languages.words import Words

PROMISES = {
    "kept": Words("Cumplida"),
    "partial": Words("Parcial"),
    "broken": Words("Rota"),
    "open": Words("Abierta"),
    "replaced": Words("Reemplazada"),
    "cancelled": Words("Anulada"),
}
DISPUTES = {
    "open": Words("Abierta"),
    "upheld": Words("Aceptada"),
    "rejected": Words("Rechazada"),
    "partial": Words("Aceptada en parte"),
    "withdrawn": Words("Retirada"),
}
FATES = {
    "queued": Words("En cola"),
    "sending": Words("Enviando"),
    "sent": Words("Enviado"),
    "delivered": Words("Entregado"),
    "read": Words("Leído"),
    "failed": Words("No se envió"),
    "unknown": Words("Sin confirmar"),
}


def yes(is_so: object) -> str:
    """Whether something was so."""
    return Words("sí") if is_so else Words("no")


def speakers(*, bot: bool, person: bool) -> str:
    """Which of ours spoke."""
    if bot and person:
        return Words("bot y persona")
    if bot:
        return Words("bot")
    return Words("persona") if person else ""
