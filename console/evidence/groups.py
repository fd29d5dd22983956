"""What the history is about, as its readers look for it: a name, an icon, and the actions it takes together."""

from __future__ import annotations

import msgspec

from console.languages.words import Words


class Group(msgspec.Struct, frozen=True):
    """`actions` are whole ones, or end with a dot: everything about that object."""

    name: str
    icon: str
    actions: tuple[str, ...]


GROUPS: dict[str, Group] = {
    "messages": Group(
        Words("Mensajes y entregas"),
        "message-square",
        ("message.", "media.stored", "media.failed", "media.cleared", "delivery."),
    ),
    "consent": Group(
        Words("Consentimiento y bajas"),
        "ban",
        (
            "contact.opted_out",
            "contact.opt_out_lifted",
            "contact.wrong_number",
            "contact.wrong_number_lifted",
            "consent.",
        ),
    ),
    "accounts": Group(
        Words("Cuentas y etiquetas"),
        "briefcase",
        (
            "account.",
            "debtor.",
            "conversation.tagged",
            "conversation.untagged",
            "conversation.standing_changed",
            "import.",
            "billing.",
        ),
    ),
    "agreements": Group(
        Words("Promesas, planes y pagos"),
        "calendar-check",
        ("promise.", "plan.", "dispute.", "payment.", "payment_link.", "payment_notice.", "outcome."),
    ),
    "assignments": Group(
        Words("Asignaciones"),
        "users",
        (
            "conversation.assigned",
            "conversation.released",
            "conversation.transferred",
            "conversation.resolved",
            "conversation.reopened",
            "conversation.snoozed",
        ),
    ),
    "views": Group(
        Words("Datos sensibles vistos"),
        "circle-question-mark",
        ("conversation.viewed", "media.viewed", "document.revealed", "phone.revealed", "evidence.downloaded"),
    ),
    "settings": Group(
        Words("Ajustes y plantillas"),
        "settings",
        (
            "template.",
            "rules.",
            "tag.",
            "disposition.",
            "channel.",
            "agent.",
            "token.",
            "team.",
            "role.",
            "setting.",
            "settings.",
        ),
    ),
    "malware": Group(Words("Archivos retenidos"), "ban", ("media.quarantined", "file.quarantined")),
    "sessions": Group(
        Words("Ingresos"),
        "lock",
        ("session.",),
    ),
    "exports": Group(
        Words("Exportaciones y expedientes"),
        "download",
        ("history.exported", "history.verified", "evidence.", "export.", "report.", "backup."),
    ),
    "privacy": Group(
        Words("Privacidad"),
        "shield-check",
        ("privacy.", "contact.erased", "media.erased", "retention."),
    ),
}
# Of the rest.
OTHER_ICON = "info"


def icon_of(action: str) -> str:
    """The icon of the group that an action belongs to."""
    for group in GROUPS.values():
        if any(action == each or (each.endswith(".") and action.startswith(each)) for each in group.actions):
            return group.icon
    return OTHER_ICON
