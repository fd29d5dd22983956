"""Each permission as an administrator reads it, in the order of the screen. Nothing is decided here: see the policy."""

from __future__ import annotations

from console.inbox.policy import Deed

GROUPS: tuple[tuple[str, dict[Deed, str]], ...] = (
    (
        "Conversaciones",
        {
            "assign_others": "Asignar, tomar y reasignar conversaciones de otras personas",
            "send_to_many": "Operaciones sobre muchas conversaciones que envían mensajes",
            "reveal_document": "Ver completos los documentos de identidad (en lo propio se puede siempre)",
            "review_identity": "Resolver dudas de identidad",
            "lift_opt_out": "Levantar una baja",
            "share_views": "Compartir vistas con el equipo",
        },
    ),
    (
        "Supervisión",
        {
            "watch_floor": "Ver el piso en vivo, observar, susurrar, mandar a pausa y cerrar la sesión de un agente",
            "read_reports": "Ver los números y descargarlos",
            "review_quality": "Revisar la calidad",
            "read_history": "Ver y exportar la auditoría",
            "export_evidence": "Pedir y descargar expedientes",
            "handle_privacy": "Atender solicitudes de privacidad",
        },
    ),
    (
        "Cartera",
        {
            "import_portfolio": "Importar cartera y deshacer importaciones",
            "apply_payments": "Registrar, aplicar y anular pagos",
            "edit_rules": "Cambiar las reglas de cartera",
        },
    ),
    (
        "Ajustes del equipo",
        {
            "edit_templates": "Plantillas de WhatsApp",
            "edit_canned": "Respuestas rápidas del equipo",
            "edit_tags": "Etiquetas",
            "edit_dispositions": "Tipificaciones",
            "edit_hours": "Horario",
            "edit_routing": "Colas y reparto",
            "edit_targets": "Plazos de atención",
            "edit_bot": "El bot: textos, horario y sus diálogos",
        },
    ),
    (
        "Empresa (solo con base de administración)",
        {
            "manage_users": "Personas, roles y reglas de ingreso",
            "manage_tokens": "Claves de la API",
            "manage_webhooks": "Webhooks",
            "resume_channel": "El número de WhatsApp: perfil, detener y reanudar envíos",
            "replay": "Entregas sin entender",
            "edit_quality": "Pauta y muestra de calidad",
            "edit_rates": "Tarifas de Meta",
            "edit_retention": "Conservación: cuándo se borra lo cerrado",
            "erase_person": "Borrar los datos de una persona",
        },
    ),
)
WORDS: dict[Deed, str] = {deed: words for _title, deeds in GROUPS for deed, words in deeds.items()}
