"""Each permission as an administrator reads it, in the order of the screen. Nothing is decided here: see the policy."""

from __future__ import annotations

from console.inbox.policy import Deed
from console.languages.words import Words

GROUPS: tuple[tuple[str, dict[Deed, str]], ...] = (
    (
        Words("Conversaciones"),
        {
            "assign_others": Words("Asignar, tomar y reasignar conversaciones de otras personas"),
            "send_to_many": Words("Operaciones sobre muchas conversaciones que envían mensajes"),
            "reveal_document": Words(
                "Ver completos los documentos y los teléfonos de la cartera (en lo propio se puede siempre)"
            ),
            "review_identity": Words("Resolver dudas de identidad"),
            "lift_opt_out": Words("Levantar una baja"),
            "share_views": Words("Compartir vistas con el equipo"),
        },
    ),
    (
        Words("Supervisión"),
        {
            "watch_floor": Words(
                "Ver el piso en vivo, observar, susurrar, mandar a pausa y cerrar la sesión de un agente"
            ),
            "read_reports": Words("Ver los números y descargarlos"),
            "review_quality": Words("Revisar la calidad"),
            "read_history": Words("Ver y exportar la auditoría"),
            "export_evidence": Words("Pedir y descargar expedientes"),
            "handle_privacy": Words("Atender solicitudes de privacidad"),
        },
    ),
    (
        Words("Cartera"),
        {
            "import_portfolio": Words("Importar cartera y deshacer importaciones"),
            "apply_payments": Words("Registrar, aplicar y anular pagos"),
            "edit_rules": Words("Cambiar las reglas de cartera"),
        },
    ),
    (
        Words("Ajustes del equipo"),
        {
            "edit_templates": Words("Plantillas de WhatsApp"),
            "edit_canned": Words("Respuestas rápidas del equipo"),
            "edit_tags": Words("Etiquetas"),
            "edit_dispositions": Words("Tipificaciones"),
            "edit_hours": Words("Horario"),
            "edit_routing": Words("Colas y reparto"),
            "edit_targets": Words("Plazos de atención"),
            "edit_bot": Words("El bot: textos, horario y sus diálogos"),
        },
    ),
    (
        Words("Empresa (solo con base de administración)"),
        {
            "manage_users": Words("Personas, roles y reglas de ingreso"),
            "manage_tokens": Words("Claves de la API"),
            "manage_webhooks": Words("Webhooks"),
            "resume_channel": Words("El número de WhatsApp: perfil, detener y reanudar envíos"),
            "replay": Words("Entregas sin entender"),
            "edit_quality": Words("Pauta y muestra de calidad"),
            "edit_rates": Words("Tarifas de Meta"),
            "edit_retention": Words("Conservación: cuándo se borra lo cerrado"),
            "erase_person": Words("Borrar los datos de una persona"),
        },
    ),
)
WORDS: dict[Deed, str] = {deed: words for _title, deeds in GROUPS for deed, words in deeds.items()}
