"""Writing message templates and submitting them: Meta is called between two transactions, never inside one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import func, select

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.message_templates import HeaderFile
from console.languages.kept import as_words
from console.languages.words import Words
from console.message_templates import draft_files
from console.message_templates import files as template_files
from console.message_templates import wording as rules
from console.message_templates.models import TemplateDraft, TemplateSubmission
from console.message_templates.wording import Wording

EDITABLE = frozenset({"APPROVED", "REJECTED", "PAUSED"})
EDITS_A_DAY, EDITS_A_MONTH = 1, 10
"""How often Meta lets an approved template be edited (whatsapp.md §14)."""
CALL_MAY_TAKE = timedelta(minutes=2)
TTL_SECONDS = 43_200
"""A reminder that arrives later than this does harm: Meta is told to stop trying (12 h, the most for utility)."""
UNREACHED = Words(
    "WhatsApp no respondió: puede que la haya recibido. Actualice la lista en un momento; si no aparece, envíela de "
    "nuevo: no quedará dos veces."
)
NOT_SENT, NOT_TAKEN = Words("No se envió: {why}."), Words("WhatsApp no la aceptó: {why}")
UNEXPLAINED = Words("sin explicación")


def problem_of(details: str | None) -> str | None:
    """What came of a submission, as it was kept: our words around what Meta said."""
    return as_words(details, UNREACHED, NOT_SENT, NOT_TAKEN, UNEXPLAINED)


class Asked(msgspec.Struct, frozen=True):
    """What Meta is to be asked: a new template, or new parts for the one with the id `edits`."""

    submission_id: int
    wording: Wording
    edits: str | None
    with_category: bool
    sample: HeaderFile | None = None


async def write(tx: Tx, *, by: Viewer, wording: Wording) -> TemplateDraft:
    """Keep a new draft. Records "template_draft.created".

    Refuses: 403; 422 "template_wording" naming the field; 409 "template_exists".
    """
    policy.require(by, "edit_templates")
    wording = rules.checked(wording)
    same = (TemplateDraft.name == wording.name, TemplateDraft.language == wording.language)
    there = (MessageTemplate.name == wording.name, MessageTemplate.language == wording.language)
    taken = await tx.scalar(select(TemplateDraft.id).where(*same)) or await tx.scalar(
        select(MessageTemplate.id).where(*there, MessageTemplate.status != "DELETED")
    )
    if taken:
        raise Refused(
            409, Words("Ya hay una plantilla con ese nombre en ese idioma."), code="template_exists", field="name"
        )
    return await _keep(tx, by, wording, "template_draft.created")


async def take_over(tx: Tx, template: MessageTemplate, *, by: Viewer) -> TemplateDraft:
    """The draft of a template that Meta has, so that it can be edited here.

    Refuses: 403; 409 "template_unsupported" for one with parts that cannot be written here.
    """
    policy.require(by, "edit_templates")
    same = (TemplateDraft.name == template.name, TemplateDraft.language == template.language)
    if (draft := (await tx.scalars(select(TemplateDraft).where(*same))).one_or_none()) is not None:
        return draft
    read = rules.read(template.components, name=template.name, language=template.language, category=template.category)
    if read is None or template.language not in rules.LANGUAGES or template.category not in rules.CATEGORIES:
        text = Words("Esta plantilla tiene partes que se cambian en el administrador de WhatsApp.")
        raise Refused(409, text, code="template_unsupported")
    draft = await _keep(tx, by, read, "template_draft.created")
    draft.state = "submitted"
    return draft


async def rewrite(tx: Tx, draft: TemplateDraft, *, by: Viewer, wording: Wording) -> TemplateDraft:
    """Reword a draft; what has been submitted keeps its name and language. Records "template_draft.updated".

    Refuses as `write` does.
    """
    policy.require(by, "edit_templates")
    if await _last(tx, draft.id) is not None or draft.state != "draft":
        wording = msgspec.structs.replace(wording, name=draft.name, language=draft.language)
    wording = rules.checked(wording)
    if (wording.name, wording.language) != (draft.name, draft.language):
        other = await tx.scalar(
            select(TemplateDraft.id).where(
                TemplateDraft.name == wording.name, TemplateDraft.language == wording.language
            )
        )
        if other:
            text = Words("Ya hay una plantilla con ese nombre en ese idioma.")
            raise Refused(409, text, code="template_exists", field="name")
    values = _values(wording)
    old = {name: getattr(draft, name) for name, value in values.items() if getattr(draft, name) != value}
    if old:
        for name, value in values.items():
            setattr(draft, name, value)
        draft.version, draft.updated_at, draft.problem = draft.version + 1, clock.now(), None
        was = {"name": draft.name, "language": draft.language, "version": draft.version - 1, **old}
        _record(tx, by, draft, "template_draft.updated", was, **{name: values[name] for name in old})
    await tx.flush()
    return draft


async def discard(tx: Tx, draft: TemplateDraft, *, by: Viewer) -> None:
    """Forget a draft that Meta never saw. Records "template_draft.discarded". Refuses: 403; 409 "submitted"."""
    policy.require(by, "edit_templates")
    if draft.state != "draft" or await _last(tx, draft.id) is not None:
        raise Refused(409, Words("Ya se envió a WhatsApp: no se descarta, queda su historia."), code="submitted")
    _record(tx, by, draft, "template_draft.discarded")
    await draft_files.remove(tx, draft, by=by)
    await tx.flush()
    await tx.delete(draft)


async def begin(tx: Tx, draft: TemplateDraft, *, by: Viewer) -> Asked:
    """Note that Meta is about to be asked, and what. Records "template.submitted".

    Refuses: 403; 422 "template_wording", which names header_file where the header's sample is missing; 409 "in_review",
    "being_submitted", "edited_too_often", "unchanged".
    """
    policy.require(by, "edit_templates")
    wording = rules.checked(wording_of(draft))
    sample = await _sample(tx, draft)
    last = await _last(tx, draft.id)
    if draft.state == "submitting" and last is not None and clock.now() < last.at + CALL_MAY_TAKE:
        raise Refused(409, Words("Ya se está enviando."), code="being_submitted")
    present = await _present(tx, draft)
    components = rules.components_of(wording)
    if present is not None:
        await _require_editable(tx, draft, present, components)
    submission = TemplateSubmission(
        draft_id=draft.id,
        number=last.number + 1 if last else 1,
        category=wording.category,
        components=components,
        edits=present.meta_id if present else None,
        outcome="asked",
        by_id=by.id,
        by_name=by.name,
        at=clock.now(),
    )
    tx.add(submission)
    draft.state, draft.problem = "submitting", None
    await tx.flush()
    told = {"file": {"name": sample.filename, "sha256": sample.sha256}} if sample else {}
    _record(tx, by, draft, "template.submitted", submission=submission.number, **told)
    is_fixed = present is not None and present.status == "APPROVED"
    return Asked(submission.id, wording, submission.edits, with_category=not is_fixed, sample=sample)


async def settle(
    tx: Tx,
    submission_id: int,
    *,
    by: Viewer,
    outcome: Literal["accepted", "refused", "unknown"],
    details: str | None = None,
    meta_id: str | None = None,
    status: str = "PENDING",
    category: str | None = None,
) -> TemplateDraft:
    """Keep what came of it. Accepted, the template is listed at once; what Meta decides comes by webhook and sync."""
    submission = await tx.get_one(TemplateSubmission, submission_id)
    draft = await tx.get_one(TemplateDraft, submission.draft_id, with_for_update=True, populate_existing=True)
    submission.outcome, submission.details = outcome, details
    channel = (await tx.scalars(select(Channel).order_by(Channel.id).limit(1))).one()
    channel.templates_synced_at = None
    if outcome == "accepted":
        draft.state = "submitted"
        await _list(tx, channel.id, draft, submission, meta_id=meta_id, status=status, category=category)
    else:
        draft.state, draft.problem = "draft", details
        _record(tx, by, draft, f"template.{'refused' if outcome == 'refused' else 'unconfirmed'}")
    await tx.flush()
    return draft


async def open_draft(tx: Tx, draft_id: int, *, lock: bool = False) -> TemplateDraft:
    """The draft of an id from outside; Refused(404) otherwise."""
    wanted = select(TemplateDraft).where(TemplateDraft.id == draft_id)
    draft = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if draft is None:
        raise not_found()
    return draft


def wording_of(draft: TemplateDraft) -> Wording:
    """The draft as its rules read it."""
    return Wording(**{name: getattr(draft, name) for name in Wording.__struct_fields__})


def _values(wording: Wording) -> dict[str, Any]:
    return {name: getattr(wording, name) for name in Wording.__struct_fields__}


async def _keep(tx: Tx, by: Viewer, wording: Wording, action: str) -> TemplateDraft:
    moment = clock.now()
    draft = TemplateDraft(**_values(wording), state="draft", created_at=moment, updated_at=moment)
    tx.add(draft)
    await tx.flush()
    _record(tx, by, draft, action)
    return draft


async def _sample(tx: Tx, draft: TemplateDraft) -> HeaderFile | None:
    """What the header's file is reviewed by, which must be of the kind that the header shows by now."""
    if draft.header_format not in draft_files.SAMPLES:
        return None
    file = await template_files.of(tx, draft.id)
    types, name = draft_files.SAMPLES[draft.header_format]
    if file is None or file.mime_type.partition(";")[0] not in types:
        text = Words(
            "Falta el archivo de muestra del encabezado: adjunte {name}. WhatsApp lo pide para aprobarla.", name=name
        )
        raise Refused(422, text, code="template_wording", field="header_file")
    return template_files.as_header(file)


async def _last(tx: Tx, draft_id: int) -> TemplateSubmission | None:
    wanted = select(TemplateSubmission).where(TemplateSubmission.draft_id == draft_id)
    return (await tx.scalars(wanted.order_by(TemplateSubmission.number.desc()).limit(1))).one_or_none()


async def _present(tx: Tx, draft: TemplateDraft) -> MessageTemplate | None:
    wanted = select(MessageTemplate).where(
        MessageTemplate.name == draft.name,
        MessageTemplate.language == draft.language,
        MessageTemplate.status != "DELETED",
    )
    return (await tx.scalars(wanted.order_by(MessageTemplate.id).limit(1))).one_or_none()


async def _require_editable(
    tx: Tx, draft: TemplateDraft, present: MessageTemplate, components: list[dict[str, Any]]
) -> None:
    if present.status not in EDITABLE or present.meta_id is None:
        text = Words("WhatsApp la está revisando, o la inhabilitó: ahora no se puede cambiar.")
        raise Refused(409, text, code="in_review", details={"status": present.status})
    if present.status == "APPROVED":
        if rules.same_parts(present.components, components):
            raise Refused(409, Words("Es igual a la que WhatsApp ya aprobó."), code="unchanged")
        for most, since in ((EDITS_A_DAY, timedelta(days=1)), (EDITS_A_MONTH, timedelta(days=30))):
            if await _edits_since(tx, draft, clock.now() - since) >= most:
                text = Words(
                    "WhatsApp deja cambiar una plantilla aprobada {a_day} vez por día y {a_month} por mes.",
                    a_day=EDITS_A_DAY,
                    a_month=EDITS_A_MONTH,
                )
                raise Refused(409, text, code="edited_too_often")


async def _edits_since(tx: Tx, draft: TemplateDraft, since: datetime) -> int:
    counted = select(func.count()).select_from(TemplateSubmission)
    made = counted.where(
        TemplateSubmission.draft_id == draft.id,
        TemplateSubmission.edits.is_not(None),
        TemplateSubmission.outcome == "accepted",
        TemplateSubmission.at > since,
    )
    return await tx.scalar(made) or 0


async def _list(
    tx: Tx,
    channel_id: int,
    draft: TemplateDraft,
    submission: TemplateSubmission,
    *,
    meta_id: str | None,
    status: str,
    category: str | None,
) -> None:
    row = await _present(tx, draft)
    if row is None:
        wanted = select(MessageTemplate).where(
            MessageTemplate.channel_id == channel_id,
            MessageTemplate.name == draft.name,
            MessageTemplate.language == draft.language,
        )
        row = (await tx.scalars(wanted)).one_or_none() or MessageTemplate(
            channel_id=channel_id, name=draft.name, language=draft.language
        )
    row.meta_id = meta_id or row.meta_id
    row.status, row.category = status, category or draft.category
    row.components, row.updated_at = submission.components, clock.now()
    row.parameter_format = "POSITIONAL" if rules.is_positional(wording_of(draft)) else "NAMED"
    tx.add(row)


def _record(
    tx: Tx, by: Viewer, draft: TemplateDraft, action: str, old: dict[str, Any] | None = None, **more: object
) -> None:
    new = {"name": draft.name, "language": draft.language, "version": draft.version, **more}
    audit.record(tx, by.actor, action, subject=f"template_draft:{draft.id}", old=old, new=new)
