"""The templates an agent may choose from, with what we know of the person already filled in."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from console.db import Tx
from console.errors import Refused
from console.inbox import message_templates, template_places
from console.inbox.channel import MessageTemplate
from console.inbox.models import Conversation
from console.languages.words import Words
from console.message_templates import files as template_files
from console.message_templates.models import TemplateFile
from console.texts import variables

# Blanks that say by their name what belongs in them.
_NAMES = frozenset({"nombre", "name", "first_name", "cliente", "titular"})
_COMPANIES = frozenset({"empresa", "company", "acreedor"})
STATES = {
    "PENDING": Words("En revisión de WhatsApp."),
    "REJECTED": Words("WhatsApp la rechazó."),
    "PAUSED": Words("En pausa por WhatsApp."),
    "DISABLED": Words("Inhabilitada por WhatsApp."),
    "LIMIT_EXCEEDED": Words("Superó su límite de envíos."),
}
QUALITY = {"GREEN": "high", "YELLOW": "medium", "RED": "low"}
QUALITIES = {"GREEN": Words("Calidad alta"), "YELLOW": Words("Calidad media"), "RED": Words("Calidad baja")}


class TemplateView(msgspec.Struct, kw_only=True):
    """A template as the picker shows it; `variables` are (key, label, value known).

    `place`: its header shows one. `file` is the kind of file that it shows (image, video or document), if any;
    `default_file` and `default_url` are name and address of what goes out when no other is chosen.
    """

    id: int
    title: str
    name: str
    language: str
    category: str
    header: str | None
    place: bool
    file: str | None
    default_file: str | None
    default_url: str | None
    body: str
    footer: str | None
    buttons: list[dict[str, str]]
    variables: list[tuple[str, str, str | None]]
    quality: str | None
    usable: bool
    why_not: str | None


async def offer(
    tx: Tx, conversation: Conversation, *, name: str, company: str, values: Mapping[str, str]
) -> list[TemplateView]:
    """All templates of the number, those that can be sent first.

    `values` are what is known of the person and may be said (`console.texts.values`): blanks of those names have them.
    """
    found = await tx.scalars(
        select(MessageTemplate)
        .where(MessageTemplate.channel_id == conversation.channel_id)
        .order_by(MessageTemplate.name, MessageTemplate.language),
    )
    known = {name: value for name, value in values.items() if value}
    kept = await template_files.defaults(tx)
    views = [
        _view(template, name=name, company=company, values=known, kept=kept.get((template.name, template.language)))
        for template in found
    ]
    return sorted(views, key=lambda view: not view.usable)


def _view(
    template: MessageTemplate, *, name: str, company: str, values: Mapping[str, str], kept: TemplateFile | None
) -> TemplateView:
    blanks = message_templates.blanks(template)
    try:
        message_templates.require_sendable(template)
        why_not = None
    except Refused as refused:
        why_not = STATES.get(template.status, refused.text)
    shown = message_templates.preview(template, {})
    kind = message_templates.header_kind(template)
    kept = kept if kept and kept.kind == kind else None
    return TemplateView(
        id=template.id,
        title=template.name.replace("_", " ").capitalize(),
        name=template.name,
        language=template.language,
        category=template.category,
        header=shown.header,
        place=shown.place is not None,
        file=kind,
        default_file=kept.filename if kept else None,
        default_url=f"/template-files/{kept.draft_id}" if kept else None,
        body=shown.body,
        footer=shown.footer,
        buttons=shown.buttons,
        variables=[
            (blank.key, label_of(blank), _known(blank, name, company, values))
            for blank in blanks
            if blank.key != message_templates.FILE
        ],
        quality=QUALITY.get(template.quality or ""),
        usable=why_not is None,
        why_not=why_not,
    )


def label_of(blank: message_templates.Blank) -> str:
    """What a field of this blank is called on the screen."""
    if blank.part == template_places.PART:
        return Words("{name} (p. ej. {example})", name=template_places.LABELS[blank.name], example=blank.example)
    numbered = Words("Dato {number}", number=blank.name)
    name = numbered if blank.name.isdigit() else blank.name.replace("_", " ").capitalize()
    return Words("{name} (p. ej. {example})", name=name, example=blank.example) if blank.example else name


def ours(blank: message_templates.Blank) -> str:
    """The variable of ours that says what belongs in this blank, as it is written ({saldo}); empty when none does."""
    if blank.part == template_places.PART:
        return ""
    if blank.name in variables.CATALOGUE:
        return f"{{{blank.name}}}"
    if blank.name in _NAMES or (blank.part == "body" and blank.key == "1"):
        return "{nombre}"
    return "{empresa}" if blank.name in _COMPANIES else ""


def _known(blank: message_templates.Blank, name: str, company: str, values: Mapping[str, str]) -> str | None:
    if blank.part == template_places.PART:
        return None
    if blank.name in values:
        return values[blank.name]
    if blank.name in _NAMES or (blank.part == "body" and blank.key == "1"):
        return name.split(maxsplit=1)[0] if name else None
    return company if blank.name in _COMPANIES else None
