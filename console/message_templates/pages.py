"""The pages of message templates: what Meta has, our drafts, and the editor with the bubble as a phone shows it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form
from console.inbox import policy, queries
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.template_picker import QUALITIES, STATES
from console.languages.words import Words
from console.message_templates import changes, draft_files, keeping, submitting
from console.message_templates import files as template_files
from console.message_templates import wording as rules
from console.message_templates.models import TemplateDraft, TemplateSubmission
from console.message_templates.wording import Wording
from console.render import fold, page
from console.texts.variables import CATALOGUE

PAGE = "/settings/templates"
ON_A_PAGE = 50
MOST_ASKED = 600
BLANK = Wording(name="", body="")
PLAIN = ("name", "language", "category", "purpose", "header_format", "header", "body", "footer")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A template as the list shows it. `draft_id` leads to its editor; `template_id` is our copy of Meta's."""

    title: str
    name: str
    language: str
    category: str
    purpose: str
    status: str
    tone: str
    quality: str | None
    why: str | None
    wording: Wording | None
    draft_id: int | None
    template_id: int | None


@get(PAGE)
async def templates_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Drafts ready to be submitted, then what Meta has: whose name or text has `q` in it, from `after` on."""
    policy.require(viewer, "edit_templates")
    q, after = (request.query_params.get(name, "").strip()[:MOST_ASKED] for name in ("q", "after"))
    async with db.reading() as tx:
        drafts = (await tx.scalars(select(TemplateDraft).order_by(TemplateDraft.id))).all()
        listed = (await tx.scalars(select(MessageTemplate))).all()
        synced = await tx.scalar(select(Channel.templates_synced_at).order_by(Channel.id).limit(1))
    by_key = {_key(row): row for row in sorted(listed, key=_key) if row.status != "DELETED"}
    ids = {_key(draft): draft.id for draft in drafts}
    found = [key for key, row in by_key.items() if fold(q) in _words(row)]
    waiting = [] if after else [draft for draft in drafts if _key(draft) not in by_key and fold(q) in _words(draft)]
    left = [key for key in found if key > after]
    shown = page(
        "message_templates/list.html",
        viewer=viewer,
        drafts=[_draft_line(draft) for draft in waiting],
        listed=[_listed_line(by_key[key], ids.get(key)) for key in left[:ON_A_PAGE]],
        of=len(found),
        q=q,
        following=left[ON_A_PAGE - 1] if len(left) > ON_A_PAGE else None,
        is_long=len(by_key) > ON_A_PAGE,
        synced_at=synced,
    )
    return html(shown)


def _key(row: MessageTemplate | TemplateDraft) -> str:
    """What a template goes by, and is ordered by."""
    return f"{row.name}.{row.language}"


def _words(row: MessageTemplate | TemplateDraft) -> str:
    """What it is found by: its name, as it is and as it is shown, and what it says."""
    if isinstance(row, TemplateDraft):
        said = [row.purpose, keeping.wording_of(row).body]
    else:
        said = [str(part.get("text") or "") for part in row.components if isinstance(part, dict)]
    return fold("\n".join([row.name, row.name.replace("_", " "), *said]))


@get(PAGE + "/new")
async def new_template(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[str]:
    """An empty editor."""
    policy.require(viewer, "edit_templates")
    return await _editor(db, viewer, None, BLANK)


@post(PAGE, status_code=303)
async def create_template(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Keep a new draft, and with `submit` send it to Meta."""
    policy.require(viewer, "edit_templates")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            made = (await keeping.write(tx, by=viewer, wording=_typed(form))).id
    except Refused as refused:
        return await _editor(db, viewer, None, _typed(form), refused)
    return await _on(request, db, viewer, made, form)


@get(PAGE + "/drafts/{draft_id:int}")
async def template_draft(
    draft_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The editor of one, with what was submitted of it."""
    policy.require(viewer, "edit_templates")
    async with db.reading() as tx:
        draft = await keeping.open_draft(tx, _known(draft_id))
        wording = keeping.wording_of(draft)
    return await _editor(db, viewer, draft_id, wording)


@post(PAGE + "/drafts/{draft_id:int}", status_code=303)
async def save_template(
    request: Request[Any, Any, Any],
    draft_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Keep the wording, and with `submit` send it to Meta."""
    policy.require(viewer, "edit_templates")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            draft = await keeping.open_draft(tx, _known(draft_id), lock=True)
            await keeping.rewrite(tx, draft, by=viewer, wording=_typed(form))
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _editor(db, viewer, draft_id, _typed(form), refused)
    return await _on(request, db, viewer, draft_id, form)


@post(PAGE + "/drafts/{draft_id:int}/discard", status_code=303)
async def discard_template(
    draft_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Forget a draft that Meta never saw."""
    policy.require(viewer, "edit_templates")
    async with db.transaction() as tx:
        await keeping.discard(tx, await keeping.open_draft(tx, _known(draft_id), lock=True), by=viewer)
    return _to(PAGE)


@post(PAGE + "/{template_id:int}/draft", status_code=303)
async def edit_listed(
    template_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Open what Meta has in the editor."""
    policy.require(viewer, "edit_templates")
    async with db.transaction() as tx:
        template = await tx.get(MessageTemplate, _known(template_id))
        if template is None:
            raise not_found()
        draft = await keeping.take_over(tx, template, by=viewer)
        await tx.flush()
        made = draft.id
    return _to(f"{PAGE}/drafts/{made}")


@post(PAGE + "/refresh", status_code=303)
async def refresh_templates(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Have Meta's list read anew: the background work does it within seconds."""
    policy.require(viewer, "edit_templates")
    async with db.transaction() as tx:
        for channel in await tx.scalars(select(Channel)):
            channel.templates_synced_at = None
    return _to(PAGE)


async def _on(
    request: Request[Any, Any, Any], db: Database, viewer: Viewer, draft_id: int, form: dict[str, str]
) -> Response[Any]:
    """After keeping: to the editor, or first to Meta."""
    if form.get("submit") != "1":
        return _to(f"{PAGE}/drafts/{draft_id}")
    console = request.app.state.console
    try:
        draft = await submitting.submit(db, console.whatsapp, draft_id, by=viewer, media_dir=console.settings.media_dir)
    except Refused as refused:
        return await _editor(db, viewer, draft_id, _typed(form), refused)
    return _to(PAGE if draft.state == "submitted" else f"{PAGE}/drafts/{draft_id}")


async def _editor(
    db: Database, viewer: Viewer, draft_id: int | None, wording: Wording, refused: Refused | None = None
) -> Response[str]:
    async with db.reading() as tx:
        draft = await keeping.open_draft(tx, draft_id) if draft_id else None
        submissions = await _submissions(tx, draft_id) if draft_id else []
        file = await template_files.of(tx, draft_id) if draft_id else None
        history = await changes.changes_of(tx, draft_id) if draft_id else []
    names = rules.names_of(wording.header, wording.body)
    shown = page(
        "message_templates/editor.html",
        viewer=viewer,
        draft=draft,
        wording=wording,
        examples={name: rules.example_of(wording, name) for name in names},
        quick=[*(each["text"] for each in wording.buttons if each["type"] == "QUICK_REPLY"), "", "", ""][:3],
        link=next((each for each in wording.buttons if each["type"] == "URL"), {"text": "", "url": ""}),
        call=next(
            (each for each in wording.buttons if each["type"] == "PHONE_NUMBER"), {"text": "", "phone_number": ""}
        ),
        submissions=submissions,
        file=file,
        history=history,
        problem_of=keeping.problem_of,
        formats=rules.FORMATS,
        samples={name: words for name, (_types, words) in draft_files.SAMPLES.items()},
        languages=rules.LANGUAGES,
        categories=rules.CATEGORIES,
        variables=list(CATALOGUE.values()),
        problems={refused.field or "form": refused.text} if refused else {},
    )
    return html(shown, status=refused.status if refused else 200)


async def _submissions(tx: Tx, draft_id: int) -> list[TemplateSubmission]:
    wanted = select(TemplateSubmission).where(TemplateSubmission.draft_id == draft_id)
    return list(await tx.scalars(wanted.order_by(TemplateSubmission.number.desc()).limit(50)))


def _typed(form: dict[str, str]) -> Wording:
    """What stands in the form. A button without words is none."""
    buttons = [{"type": "QUICK_REPLY", "text": form.get(f"quick{n}", "").strip()} for n in (1, 2, 3)]
    buttons.append({"type": "URL", "text": form.get("link", "").strip(), "url": form.get("url", "").strip()})
    phone = "".join(form.get("phone", "").split())
    buttons.append({"type": "PHONE_NUMBER", "text": form.get("call", "").strip(), "phone_number": phone})
    prefix = "example."
    return Wording(
        **{name: form.get(name, "").strip() for name in PLAIN if name in form or name != "header_format"},
        buttons=[each for each in buttons if each["text"]],
        examples={name.removeprefix(prefix): value.strip() for name, value in form.items() if name.startswith(prefix)},
    )


def _draft_line(draft: TemplateDraft) -> Line:
    return Line(
        title=draft.name.replace("_", " ").capitalize(),
        name=draft.name,
        language=draft.language,
        category=draft.category,
        purpose=draft.purpose,
        status=Words("Enviando") if draft.state == "submitting" else Words("Borrador"),
        tone="plain",
        quality=None,
        why=keeping.problem_of(draft.problem),
        wording=keeping.wording_of(draft),
        draft_id=draft.id,
        template_id=None,
    )


def _listed_line(row: MessageTemplate, draft_id: int | None) -> Line:
    status = {
        "APPROVED": Words("Aprobada"),
        "PENDING": Words("En revisión"),
        "REJECTED": Words("Rechazada"),
        "PAUSED": Words("En pausa"),
    }
    tones = {"APPROVED": "ok", "PENDING": "plan", "PAUSED": "b30"}
    return Line(
        title=row.name.replace("_", " ").capitalize(),
        name=row.name,
        language=row.language,
        category=row.category,
        purpose="",
        status=status.get(row.status, Words("Inhabilitada") if row.status == "DISABLED" else row.status.capitalize()),
        tone=tones.get(row.status, "b60p"),
        quality=QUALITIES.get(row.quality or ""),
        why=STATES.get(row.status) if row.status not in {"APPROVED", "PENDING"} else None,
        wording=rules.read(row.components, name=row.name, language=row.language, category=row.category),
        draft_id=draft_id,
        template_id=row.id,
    )


def _known(number: int) -> int:
    if not 0 < number <= queries.LARGEST_ID:
        raise not_found()
    return number


def _to(address: str) -> Response[Any]:
    return Response(None, status_code=303, headers={"location": address})


routes = [
    templates_page,
    new_template,
    create_template,
    template_draft,
    save_template,
    discard_template,
    edit_listed,
    refresh_templates,
]
