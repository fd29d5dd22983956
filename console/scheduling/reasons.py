"""Why a scheduled message did not leave, in words."""

from __future__ import annotations

WHY_CANCELLED = {
    "by_hand": "cancelado",
    "replied": "no salió: respondió antes",
    "balance": "no salió: cambió lo que debe",
    "paid": "no salió: pagó antes",
    "hours": "no salió: fuera del horario de contacto",
    "author": "no salió: quien lo escribió ya no atiende esta conversación",
    "erased": "no salió: se borró lo escrito",
    "window_closed": "no salió: se cerró la ventana",
    "opted_out": "no salió: pidió que no le escribamos",
    "wrong_number": "no salió: el número es de otra persona",
    "contact_blocked": "no salió: está bloqueada en WhatsApp",
    "no_marketing_consent": "no salió: no aceptó recibir publicidad",
    "marketing_stopped": "no salió: pidió no recibir publicidad",
    "channel_consent": "no salió: no aceptó que le escriban por WhatsApp",
    "contact_unreachable": "no salió: el número no recibe mensajes",
}
WHY_HELD = {
    "hours": "a su hora ya no se le podía escribir",
    "cap": "ya se le escribió las veces permitidas",
    "stale": "cambió lo que debe y lleva datos escritos a mano",
    "template_not_found": "la plantilla ya no existe",
    "template_not_approved": "WhatsApp ya no tiene aprobada la plantilla",
    "template_unsupported": "la plantilla tiene partes que no se saben enviar",
    "template_changed": "la plantilla dice ahora otra cosa",
    "template_variables": "falta un dato, «{field}»",
}


def why_not(state: str, reason: str | None, field: str | None) -> str:
    """Why, as the thread says it; empty while there is nothing to say."""
    if state == "held":
        return WHY_HELD.get(reason or "", "algo cambió").format(field=field)
    return WHY_CANCELLED.get(reason or "", "") if state == "cancelled" else ""
