"""What was changed in the draft of a template, in the words of its editor."""

from __future__ import annotations

from typing import Any

from console.db import Tx
from console.languages.joined import joined
from console.languages.words import Words
from console.message_templates import wording as rules
from console.settings_pages.change_lines import ChangeLine, Terms, among, newest

ABOUT = (
    *(f"template_draft.{deed}" for deed in ("created", "updated", "file_set", "file_default", "file_removed")),
    *("template.submitted", "template.refused", "template.unconfirmed"),
)


def _buttons(buttons: list[dict[str, str]]) -> str:
    """Each button: its words, and where it leads."""
    each = ([one[part] for part in ("text", "url", "phone_number") if one.get(part)] for one in buttons)
    return joined((joined(parts, " ") for parts in each), "; ") or Words("ninguno")


def _file(file: dict[str, Any]) -> str:
    return str(file["name"])


def _examples(examples: dict[str, str]) -> str:
    return joined(examples.values()) or Words("ninguno")


TERMS = Terms(
    fields={
        "body": Words("Texto"),
        "buttons": Words("Botones"),
        "by_default": Words("Sale con cada envío"),
        "category": Words("Categoría"),
        "examples": Words("Ejemplos"),
        "file": Words("Archivo"),
        "footer": Words("Pie"),
        "header": Words("Encabezado"),
        "header_format": Words("Clase de encabezado"),
        "purpose": Words("Para qué"),
        "submission": Words("Envío n.º"),
    },
    said={
        "body": str,
        "buttons": _buttons,
        "category": among(rules.CATEGORIES),
        "examples": _examples,
        "file": _file,
        "footer": str,
        "header": str,
        "header_format": among(rules.FORMATS),
        "language": among(rules.LANGUAGES),
        "name": str,
        "purpose": str,
    },
)


async def changes_of(tx: Tx, draft_id: int) -> list[ChangeLine]:
    """What was lately changed in a draft, and what became of it."""
    return await newest(tx, ABOUT, TERMS, subjects=(f"template_draft:{draft_id}",))
