"""Why a scheduled message did not leave, in words."""

from __future__ import annotations

from console.languages.words import Words

WHY_CANCELLED = {
    "by_hand": Words("cancelado"),
    "replied": Words("no salió: respondió antes"),
    "balance": Words("no salió: cambió lo que debe"),
    "paid": Words("no salió: pagó antes"),
    "hours": Words("no salió: fuera del horario de contacto"),
    "author": Words("no salió: quien lo escribió ya no atiende esta conversación"),
    "erased": Words("no salió: se borró lo escrito"),
    "window_closed": Words("no salió: se cerró la ventana"),
    "opted_out": Words("no salió: pidió que no le escribamos"),
    "wrong_number": Words("no salió: el número es de otra persona"),
    "contact_blocked": Words("no salió: está bloqueada en WhatsApp"),
    "no_marketing_consent": Words("no salió: no aceptó recibir publicidad"),
    "marketing_stopped": Words("no salió: pidió no recibir publicidad"),
    "channel_consent": Words("no salió: no aceptó que le escriban por WhatsApp"),
    "contact_unreachable": Words("no salió: el número no recibe mensajes"),
}
WHY_HELD = {
    "hours": Words("a su hora ya no se le podía escribir"),
    "cap": Words("ya se le escribió las veces permitidas"),
    "stale": Words("cambió lo que debe y lleva datos escritos a mano"),
    "template_not_found": Words("la plantilla ya no existe"),
    "template_not_approved": Words("WhatsApp ya no tiene aprobada la plantilla"),
    "template_unsupported": Words("la plantilla tiene partes que no se saben enviar"),
    "template_changed": Words("la plantilla dice ahora otra cosa"),
    "template_variables": Words("falta un dato, «{field}»"),
    "restored": Words("se restauró una copia y puede haber salido antes"),
}


def why_not(state: str, reason: str | None, field: str | None) -> str:
    """Why, as the thread says it; empty while there is nothing to say."""
    if state == "held":
        return Words(WHY_HELD.get(reason or "", Words("algo cambió")).source, field=field)
    return WHY_CANCELLED.get(reason or "", "") if state == "cancelled" else ""
