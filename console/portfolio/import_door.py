"""Bringing a file, saying what its columns are, confirming, discarding and taking back: what people press."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from console import audit, clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy
from console.languages.words import Words
from console.portfolio import arrivals, imports
from console.portfolio.columns import LABELS, Field
from console.portfolio.import_pages import PAGE, PHONES, opened, shown
from console.portfolio.preparing import Options
from console.portfolio.sheets import Unreadable
from console.scanning import reaching
from console.settings import Settings

OCTETS = "application/octet-stream"
_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\]")


@post(PAGE, status_code=201, request_max_body_size=None)
async def upload(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[dict[str, str]]:
    """Take a file in as the body of the request, `X-File-Name` beside it; answers where its page is.

    Refuses 413 as soon as it is known to be too large, 415 for another content type, 422 for what is no table or is
    infected, 503 while a scanner is connected and does not answer.
    """
    policy.require(viewer, "import_portfolio")
    # A form that another site sends cannot have this type without asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != OCTETS:
        raise Refused(415, Words("Suba el archivo desde la página de cargas."), code="unsupported_media_type")
    name = _NO_NAME.sub("", unquote(request.headers.get("x-file-name", ""))).strip() or "archivo"
    place = arrivals.waiting_place(settings)
    try:
        await _receive(request, place)
        await _require_clean(db, settings, viewer, place)
        batch = await arrivals.arrive(db, settings, place, file_name=name, by=viewer.actor, team_id=_team_of(viewer))
    except Unreadable as unreadable:
        raise Refused(422, unreadable.args[0], code="unreadable") from None
    except BaseException:
        await asyncio.to_thread(place.unlink, missing_ok=True)
        raise
    return Response({"location": f"{PAGE}/{batch.id}"}, status_code=201)


async def _receive(request: Request[Any, Any, Any], place: Path) -> None:
    too_large = Refused(413, arrivals.too_large(), code="too_big")
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > arrivals.LARGEST:
        raise too_large
    size = 0
    with place.open("wb") as file:
        async for piece in request.stream():
            size += len(piece)
            if size > arrivals.LARGEST:
                raise too_large
            file.write(piece)


async def _require_clean(db: Database, settings: Settings, viewer: Viewer, place: Path) -> None:
    """Nothing reads a file that the scanner found something in. Records "file.quarantined"."""
    signature = await reaching.found_in(settings, place)
    if signature is None:
        return
    async with db.transaction() as tx:
        audit.record(tx, viewer.actor, "file.quarantined", subject="import", new={"signature": signature})
    raise Refused(422, Words("El antivirus encontró {signature} en el archivo.", signature=signature), code="infected")


def _team_of(viewer: Viewer) -> int | None:
    """Who leads teams brings debts to the first of them; administrators to the number's."""
    return None if viewer.sees_all else min(viewer.team_ids, default=None)


@post(PAGE + "/{batch_id:int}/columns", status_code=303)
async def name_columns(
    request: Request[Any, Any, Any],
    batch_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Say what the columns are, and have the file compared."""
    policy.require(viewer, "import_portfolio")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            batch = await opened(tx, viewer, batch_id, lock=True)
            options = _decided(await arrivals.probable(tx, batch, settings), form, viewer)
            as_of = _end_of(form.get("as_of", ""), settings)
            await imports.name_columns(tx, batch, options, as_of=as_of, by=viewer.actor, moment=clock.now())
    except Refused as refused:
        return await _again(db, settings, viewer, batch_id, refused)
    return _back(batch_id)


@post(PAGE + "/{batch_id:int}/confirmation", status_code=303)
async def confirm(
    batch_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Have what was compared put in place."""
    policy.require(viewer, "import_portfolio")
    try:
        async with db.transaction() as tx:
            await imports.confirm(tx, await opened(tx, viewer, batch_id, lock=True), by=viewer.actor)
    except Refused as refused:
        return await _again(db, settings, viewer, batch_id, refused)
    return _back(batch_id)


@post(PAGE + "/{batch_id:int}/discard", status_code=303)
async def discard(
    batch_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Forget the file."""
    policy.require(viewer, "import_portfolio")
    try:
        async with db.transaction() as tx:
            await imports.discard(tx, await opened(tx, viewer, batch_id, lock=True), by=viewer.actor)
    except Refused as refused:
        return await _again(db, settings, viewer, batch_id, refused)
    return Redirect(PAGE, status_code=303)


@post(PAGE + "/{batch_id:int}/undo", status_code=303)
async def undo(
    batch_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Have the last import taken back."""
    policy.require(viewer, "import_portfolio")
    try:
        async with db.transaction() as tx:
            batch = await opened(tx, viewer, batch_id, lock=True)
            await imports.undo(tx, batch, by=viewer.actor, moment=clock.now())
    except Refused as refused:
        return await _again(db, settings, viewer, batch_id, refused)
    return _back(batch_id)


def _decided(options: Options, form: dict[str, str], viewer: Viewer) -> Options:
    columns: dict[str, list[int]] = {}
    for field in LABELS:
        names = [f"column_{field}"]
        if field == Field.PHONE:
            names += [f"column_{field}_{place}" for place in range(2, PHONES + 1)]
        chosen = [int(form[name]) for name in names if form.get(name, "").isdigit() and len(form[name]) < 5]
        if places := [place for place in dict.fromkeys(chosen) if place < len(options.names)]:
            columns[field] = places
    return msgspec.structs.replace(
        options,
        columns=columns,
        currency=form.get("currency", "").strip().upper(),
        is_whole="is_whole" in form,
        skip_bad_phones="skip_bad_phones" in form,
        own_team_only=not viewer.sees_all,
    )


def _end_of(text: str, settings: Settings) -> datetime | None:
    """What is said of a day holds at its end, or now while the day lasts."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 a day, as a date field sends it
        end = datetime.combine(day, time.max, tzinfo=settings.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(422, Words("La fecha de corte no es una fecha."), code="invalid", field="as_of") from None
    now = clock.now()
    return min(end, now) if day <= now.astimezone(settings.zone).date() else end


async def _again(db: Database, settings: Settings, viewer: Viewer, batch_id: int, refused: Refused) -> Response[Any]:
    if refused.status in {403, 404}:
        raise refused
    return await shown(db, settings, viewer, batch_id, problem=refused.text)


def _back(batch_id: int) -> Response[Any]:
    return Redirect(f"{PAGE}/{batch_id}", status_code=303)


routes = [upload, name_columns, confirm, discard, undo]
