"""Submitting a draft to Meta: the call stands between two transactions, and whatever comes of it is kept."""

from __future__ import annotations

from typing import Literal, cast

from console.agents import Viewer
from console.db import Database
from console.message_templates import keeping
from console.message_templates.keeping import Asked
from console.message_templates.models import TemplateDraft
from console.message_templates.wording import components_of, is_positional
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import CallFailed, Invalid, NoAnswer
from integrations.whatsapp.template_drafts import Submitted
from integrations.whatsapp.template_drafts import TemplateDraft as Draft


async def submit(db: Database, whatsapp: WhatsApp, draft_id: int, *, by: Viewer) -> TemplateDraft:
    """Ask Meta to take the draft, or the new wording of what it has. The draft says what came of it.

    Refuses what `keeping.begin` refuses, before any call.
    """
    async with db.transaction() as tx:
        draft = await keeping.open_draft(tx, draft_id, lock=True)
        asked = await keeping.begin(tx, draft, by=by)
    try:
        made = await _ask(whatsapp, asked)
    except (CallFailed, Invalid) as refusal:
        async with db.transaction() as tx:
            return await keeping.settle(tx, asked.submission_id, by=by, outcome="refused", details=_why(refusal))
    except NoAnswer:
        async with db.transaction() as tx:
            return await keeping.settle(tx, asked.submission_id, by=by, outcome="unknown", details=keeping.UNREACHED)
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


async def _ask(whatsapp: WhatsApp, asked: Asked) -> Submitted:
    wording = asked.wording
    draft = Draft(
        name=wording.name,
        language=wording.language,
        category=cast("Literal['UTILITY', 'MARKETING']", wording.category),
        components=components_of(wording),
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
        return f"No se envió: {refusal}."
    said = refusal.details or refusal.title or "sin explicación"
    return f"WhatsApp no la aceptó: {said}"[:500]
