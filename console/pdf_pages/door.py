"""Pages over HTTP: the right to see the attachment is asked for each of them, and a look at it is on record."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.errors import Refused, not_found
from console.inbox import media_door
from console.languages.words import Words
from console.pdf_pages.asking import Desk
from console.pdf_pages.frames import MIME_TYPE, Frame, Problem, Size, is_drawable

log = structlog.get_logger()
MOST_PAGES = 200
"""Shown of one file; whoever needs more of it downloads it."""
_SENTENCES = {
    Problem.ENCRYPTED: Words("El PDF pide una contraseña. Descárguelo para abrirlo con ella."),
    Problem.DAMAGED: Words("El PDF está dañado o incompleto. Descárguelo, o pida que lo envíen de nuevo."),
    Problem.TOO_HEAVY: Words("Este PDF es demasiado pesado para mostrarlo aquí. Descárguelo para verlo."),
}


@get("/media/{media_id:int}/pages/{number:int}")
async def page(
    *,
    request: Request[Any, Any, Any],
    media_id: FromPath[int],
    number: FromPath[int],
    db: NamedDependency[Database],
    desk: NamedDependency[Desk],
    viewer: NamedDependency[Viewer],
) -> Response[bytes]:
    """One page as a picture, from 1 on, and in "aldia-pages" how many the file has.

    Refuses: 404; 422 "too_many_pages", "encrypted", "damaged", "too_heavy"; 503 "busy".
    """
    frame = await _drawn(request, db, desk, viewer, media_id=media_id, number=number, size=Size.LARGE)
    if frame.problem is not None:
        raise Refused(422, _SENTENCES[frame.problem], code=frame.problem)
    return _answer(frame)


@get("/media/{media_id:int}/first-page")
async def first_page(
    *,
    request: Request[Any, Any, Any],
    media_id: FromPath[int],
    db: NamedDependency[Database],
    desk: NamedDependency[Desk],
    viewer: NamedDependency[Viewer],
) -> Response[bytes]:
    """The first page, small, for the bubble; 204 when there is none to show, which is no fault of the bubble's.

    Refuses: 404, 503 "busy".
    """
    frame = await _drawn(request, db, desk, viewer, media_id=media_id, number=1, size=Size.SMALL)
    return Response(b"", status_code=204, headers=_HEADERS) if frame.problem is not None else _answer(frame)


routes = [page, first_page]
_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-store",
}


def _answer(frame: Frame) -> Response[bytes]:
    headers = {**_HEADERS, "aldia-pages": str(frame.pages)}
    return Response(frame.picture, media_type=MIME_TYPE, headers=headers)


async def _drawn(
    request: Request[Any, Any, Any],
    db: Database,
    desk: Desk,
    viewer: Viewer,
    *,
    media_id: int,
    number: int,
    size: Size,
) -> Frame:
    async with db.transaction() as tx:
        media, message = await media_door.visible_media(tx, viewer, media_id)
        if not is_drawable(media.mime_type, media.flagged) or number < 1:
            raise not_found()
        if number > MOST_PAGES:
            text = Words(
                "Aquí se ven las primeras {most_pages} páginas. Descargue el PDF para ver las demás.",
                most_pages=MOST_PAGES,
            )
            raise Refused(422, text, code="too_many_pages")
        await media_door.record_view(tx, viewer, media, message)
    try:
        frame = await _unless_gone(request, desk.page(media.sha256 or "", number, size))
    except FileNotFoundError:
        log.error("media.file_missing", media_id=media_id)  # noqa: TRY400 where it happened is known
        raise not_found() from None
    if frame.problem == Problem.NO_SUCH_PAGE:
        raise not_found()
    return frame


async def _unless_gone(request: Request[Any, Any, Any], drawing: Coroutine[Any, Any, Frame]) -> Frame:
    """What the drawing comes to. It ends with the request: whoever turned the page on waits for another one."""
    task = asyncio.create_task(drawing)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused(503, Words("Ya no se espera esta página."), code="gone")
        return task.result()
    finally:
        for each in (task, leaving):
            each.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def _left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
