"""Keeping the file of a template whose header shows one: the sample for Meta, and what goes out if none is chosen.

It is the house's, about nobody: that is why it goes to everybody only where whoever leads says so.
"""

from __future__ import annotations

from console import audit, clock
from console.agents import Viewer
from console.attachments.staging import Kept
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words
from console.message_templates import files
from console.message_templates.models import TemplateDraft, TemplateFile
from console.scanning import keeping as scanning

LARGEST_SAMPLE = 16 * 1024 * 1024
"""Bytes of a sample: it is for a person to look at."""
SAMPLES = {
    "IMAGE": ({"image/jpeg", "image/png"}, Words("una imagen JPEG o PNG")),
    "VIDEO": ({"video/mp4"}, Words("un video MP4")),
    "DOCUMENT": ({"application/pdf"}, Words("un documento PDF")),
}


async def attach(tx: Tx, draft: TemplateDraft, kept: Kept, *, by: Viewer) -> TemplateFile:
    """Make `kept` the file of the draft, in the place of an earlier one. Records "template_draft.file_set".

    Refuses: 403; 422 "another_kind" (field file) for what the header does not show; 413 "too_big".
    """
    policy.require(by, "edit_templates")
    if draft.header_format not in SAMPLES:
        text = Words(
            "El encabezado de esta plantilla no lleva archivo: elija antes imagen, video o documento, y guarde."
        )
        raise Refused(422, text, code="another_kind", field="file")
    types, name = SAMPLES[draft.header_format]
    if kept.mime_type.partition(";")[0] not in types:
        raise Refused(422, Words("El encabezado lleva {name}.", name=name), code="another_kind", field="file")
    if kept.size > LARGEST_SAMPLE:
        raise Refused(413, Words("El archivo de muestra pesa a lo más 16 MB."), code="too_big", field="file")
    old = await files.of(tx, draft.id)
    row = old or TemplateFile(draft_id=draft.id, by_default=False)
    for column in ("kind", "mime_type", "filename", "size", "sha256"):
        setattr(row, column, getattr(kept, column))
    row.created_at = clock.now()
    tx.add(row)
    await tx.flush()
    await scanning.want(tx, row.sha256)
    _record(tx, by, draft, row, "template_draft.file_set")
    return row


async def send_by_default(tx: Tx, draft: TemplateDraft, *, by: Viewer, on: bool) -> None:
    """Whether the file goes out where whoever writes chooses no other. Records "template_draft.file_default"."""
    policy.require(by, "edit_templates")
    row = await files.of(tx, draft.id)
    if row is None:
        raise Refused(409, Words("Esta plantilla no tiene archivo: adjunte uno antes."), code="no_file", field="file")
    if row.by_default != on:
        row.by_default = on
        _record(tx, by, draft, row, "template_draft.file_default")


async def remove(tx: Tx, draft: TemplateDraft, *, by: Viewer) -> None:
    """Take it away; what went out with it stays. Records "template_draft.file_removed"."""
    policy.require(by, "edit_templates")
    row = await files.of(tx, draft.id)
    if row is not None:
        _record(tx, by, draft, row, "template_draft.file_removed")
        await tx.delete(row)


def _record(tx: Tx, by: Viewer, draft: TemplateDraft, row: TemplateFile, action: str) -> None:
    file = {"name": row.filename, "sha256": row.sha256, "size": row.size}
    new = {"name": draft.name, "language": draft.language, "file": file, "by_default": row.by_default}
    audit.record(tx, by.actor, action, subject=f"template_draft:{draft.id}", new=new)
