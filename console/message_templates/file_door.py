"""The file of a template over HTTP: brought by whoever leads, seen by everybody who may send it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.attachments.receiving import file_of
from console.db import Database
from console.errors import not_found
from console.forms import html, read_form
from console.inbox import media_door, policy, queries
from console.message_templates import draft_files, keeping
from console.message_templates import files as template_files
from console.render import fragment
from console.settings import Settings

PAGE = "/settings/templates/drafts"


@post(PAGE + "/{draft_id:int}/file", status_code=201, request_max_body_size=None)
async def bring_template_file(
    request: Request[Any, Any, Any],
    draft_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take the file in as the body of the request, `X-File-Name` (percent-encoded) beside it.

    Answers with how the editor shows it. Refuses as `staging.keep` and `draft_files.attach`, 415.
    """
    policy.require(viewer, "edit_templates")
    async with db.reading() as tx:
        await keeping.open_draft(tx, _known(draft_id))
    kept = await file_of(request, settings.media_dir)
    async with db.transaction() as tx:
        draft = await keeping.open_draft(tx, draft_id, lock=True)
        file = await draft_files.attach(tx, draft, kept, by=viewer)
        format_ = draft.header_format
    _types, wanted = draft_files.SAMPLES[format_]
    shown = fragment(
        "message_templates/_file.html", draft_id=draft_id, format=format_, wanted=wanted, file=file, problem=None
    )
    return html(shown, status=201)


@post(PAGE + "/{draft_id:int}/file/default", status_code=303)
async def default_template_file(
    request: Request[Any, Any, Any],
    draft_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Whether it goes out where whoever writes chooses no other: `on` is 1 or 0."""
    policy.require(viewer, "edit_templates")
    form = await read_form(request)
    async with db.transaction() as tx:
        draft = await keeping.open_draft(tx, _known(draft_id), lock=True)
        await draft_files.send_by_default(tx, draft, by=viewer, on=form.get("on") == "1")
    return _back(draft_id)


@post(PAGE + "/{draft_id:int}/file/removal", status_code=303)
async def remove_template_file(
    draft_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Take it away."""
    policy.require(viewer, "edit_templates")
    async with db.transaction() as tx:
        draft = await keeping.open_draft(tx, _known(draft_id), lock=True)
        await draft_files.remove(tx, draft, by=viewer)
    return _back(draft_id)


@get("/template-files/{draft_id:int}")
async def template_file(
    request: Request[Any, Any, Any],
    draft_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],  # noqa: ARG001 asking for it is what lets nobody else in
) -> Response[Any]:
    """The bytes: it is the house's own, so whoever is signed in may see it. Refuses: 404."""
    async with db.reading() as tx:
        file = await template_files.of(tx, _known(draft_id))
    if file is None:
        raise not_found()
    return await media_door.house_file(
        request, db, settings.media_dir, sha256=file.sha256, mime_type=file.mime_type, filename=file.filename
    )


def _known(number: int) -> int:
    if not 0 < number <= queries.LARGEST_ID:
        raise not_found()
    return number


def _back(draft_id: int) -> Response[Any]:
    return Response(None, status_code=303, headers={"location": f"{PAGE}/{draft_id}"})


routes = [bring_template_file, default_template_file, remove_template_file, template_file]
