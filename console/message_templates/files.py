"""The files kept with templates: which one a draft has, and which go out when no other is chosen."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, select

from console.db import Tx
from console.inbox.channel import MessageTemplate
from console.inbox.message_templates import HeaderFile
from console.message_templates.models import TemplateDraft, TemplateFile


async def of(tx: Tx, draft_id: int) -> TemplateFile | None:
    """The draft's file, if it has one."""
    return (await tx.scalars(select(TemplateFile).where(TemplateFile.draft_id == draft_id))).one_or_none()


def as_header(row: TemplateFile) -> HeaderFile:
    """As it hangs on a message."""
    return HeaderFile(row.kind, row.mime_type, row.filename, row.size, row.sha256)


async def default_of(tx: Tx, template: MessageTemplate) -> HeaderFile | None:
    """What goes out with `template` when nothing else is chosen."""
    same = (TemplateDraft.name == template.name, TemplateDraft.language == template.language)
    row = (await tx.scalars(_defaults().where(*same))).one_or_none()
    return as_header(row) if row else None


async def defaults(tx: Tx) -> dict[tuple[str, str], TemplateFile]:
    """The default file of each template that has one, by name and language."""
    found = await tx.execute(_defaults().add_columns(TemplateDraft.name, TemplateDraft.language))
    return {(name, language): row for row, name, language in found}


async def referenced(tx: Tx, hashes: Collection[str]) -> set[str]:
    """Which of these files belong to a template."""
    return set(await tx.scalars(select(TemplateFile.sha256).where(TemplateFile.sha256.in_(hashes))))


def _defaults() -> Select[TemplateFile]:
    joined = select(TemplateFile).join(TemplateDraft, TemplateDraft.id == TemplateFile.draft_id)
    return joined.where(TemplateFile.by_default.is_(True))
