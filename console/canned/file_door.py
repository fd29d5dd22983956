"""The files of canned texts over HTTP: added, removed and seen on their page, and put beside a message."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.attachments.receiving import file_of
from console.canned import attaching, files, keeping
from console.db import Database
from console.errors import not_found
from console.forms import html
from console.inbox import media_door, queries
from console.render import fragment
from console.settings import Settings

PAGE = "/settings/canned"


@post(PAGE + "/{canned_id:int}/files", status_code=201, request_max_body_size=None)
async def bring_canned_file(
    request: Request[Any, Any, Any],
    canned_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take a file in as the body of the request, `X-File-Name` (percent-encoded) beside it.

    Answers with the files as the page lists them. Refuses as `staging.keep` and `attaching.attach`, 404, 415.
    """
    async with db.reading() as tx:
        keeping.require_editable(viewer, await keeping.open_canned(tx, viewer, _known(canned_id)))
    kept = await file_of(request, settings.media_dir)
    async with db.transaction() as tx:
        row = await keeping.open_canned(tx, viewer, canned_id, lock=True)
        await attaching.attach(tx, row, kept, by=viewer)
        listed = (await files.of(tx, [row.id]))[row.id]
        shown = fragment("canned/_files.html", id=row.id, name=row.name, files=listed, may_edit=True)
    return html(shown, status=201)


@post(PAGE + "/{canned_id:int}/files/{file_id:int}/removal", status_code=303)
async def remove_canned_file(
    canned_id: FromPath[int],
    file_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Take one off."""
    async with db.transaction() as tx:
        row = await keeping.open_canned(tx, viewer, _known(canned_id), lock=True)
        await attaching.remove(tx, row, _known(file_id), by=viewer)
    return Response(None, status_code=303, headers={"location": f"{PAGE}#c{canned_id}"})


@get(PAGE + "/{canned_id:int}/files/{file_id:int}")
async def canned_file(
    *,
    request: Request[Any, Any, Any],
    canned_id: FromPath[int],
    file_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The bytes, for whoever may use the text. Refuses: 404."""
    async with db.reading() as tx:
        row = await keeping.open_canned(tx, viewer, _known(canned_id))
        file = next((each for each in (await files.of(tx, [row.id])).get(row.id, ()) if each.id == file_id), None)
    if file is None:
        raise not_found()
    return await media_door.house_file(
        request, db, settings.media_dir, sha256=file.sha256, mime_type=file.mime_type, filename=file.filename
    )


@post("/inbox/{conversation_id:int}/canned-texts/{canned_id:int}/attachments", status_code=201)
async def put_canned_files(
    conversation_id: FromPath[int],
    canned_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Put its files beside what is being written: all of them, or none. Answers with how they wait there."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id, lock=True)
        row = await keeping.open_canned(tx, viewer, _known(canned_id))
        staged = await attaching.put(tx, conversation, row, by=viewer)
        shown = "".join(fragment("inbox/_waiting_file.html", file=each) for each in staged)
    return html(shown, status=201)


def _known(number: int) -> int:
    if not 0 < number <= queries.LARGEST_ID:
        raise not_found()
    return number


routes = [bring_canned_file, remove_canned_file, canned_file, put_canned_files]
