"""Submitting a draft to Meta: the call stands between two transactions, and whatever comes of it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.inbox import media_files
from console.languages.words import Words
from console.message_templates import keeping
from console.message_templates.keeping import Asked
from console.message_templates.models import TemplateDraft
from console.message_templates.wording import components_of, is_positional
from console.scanning import verdicts
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import CallFailed, Invalid, NoAnswer
from integrations.whatsapp.template_drafts import Submitted
from integrations.whatsapp.template_drafts import TemplateDraft as Draft

APP_ID_MISSING = Words(
    "Falta WHATSAPP_APP_ID en la configuración: sin el identificador de su app, WhatsApp no recibe el archivo de "
    "muestra. Pídalo a quien administra el servidor."
)


async def submit(db: Database, whatsapp: WhatsApp, draft_id: int, *, by: Viewer, media_dir: Path) -> TemplateDraft:
    """Ask Meta to take the draft, or the new wording of what it has. The draft says what came of it.

    Refuses, before any call, what `keeping.begin` refuses, and, where a sample is to be uploaded, 409 "app_id_missing"
    and as `verdicts.require_open`.
    """
    async with db.transaction() as tx:
        draft = await keeping.open_draft(tx, draft_id, lock=True)
        asked = await keeping.begin(tx, draft, by=by)
        if asked.sample and not whatsapp.takes_samples:
            raise Refused(409, APP_ID_MISSING, code="app_id_missing", field="header_file")
        if asked.sample:
            await verdicts.require_open(tx, asked.sample.sha256)
    try:
        made = await _ask(whatsapp, asked, media_dir)
    except (CallFailed, Invalid) as refusal:
        async with db.transaction() as tx:
            return await keeping.settle(tx, asked.submission_id, by=by, outcome="refused", details=_why(refusal))
    except NoAnswer:
        async with db.transaction() as tx:
            return await keeping.settle(
                tx, asked.submission_id, by=by, outcome="unknown", details=str(keeping.UNREACHED)
            )
    async with db.transaction() as tx:
        return await keeping.settle(
            tx,
            asked.submission_id,
            by=by,
            outcome="accepted",
            meta_id=made.id,
            status=made.status,
            category=made.category or None,
        )


async def _ask(whatsapp: WhatsApp, asked: Asked, media_dir: Path) -> Submitted:
    wording, sample, handle = asked.wording, asked.sample, None
    if sample is not None:
        path = media_files.place(media_dir, sample.sha256)
        handle = await whatsapp.upload_sample(path, mime_type=sample.mime_type, filename=sample.filename)
    draft = Draft(
        name=wording.name,
        language=wording.language,
        category=cast("Literal['UTILITY', 'MARKETING']", wording.category),
        components=components_of(wording, handle=handle),
        parameter_format="POSITIONAL" if is_positional(wording) else "NAMED",
        ttl_seconds=keeping.TTL_SECONDS if wording.category == "UTILITY" else None,
    )
    if asked.edits is None:
        return await whatsapp.create_template(draft)
    await whatsapp.edit_template(asked.edits, draft, with_category=asked.with_category)
    return Submitted(asked.edits, "PENDING", "")


def _why(refusal: CallFailed | Invalid) -> str:
    """What Meta said, for a person; its own words are English."""
    if isinstance(refusal, Invalid):
        return str(keeping.NOT_SENT).format(why=refusal)
    said = refusal.details or refusal.title or str(keeping.UNEXPLAINED)
    return str(keeping.NOT_TAKEN).format(why=said)[:500]
