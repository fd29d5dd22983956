"""The history as a table that leaves the house: CSV or XLSX, on record, and its end can be told from a cut."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.response import File, Stream

from console import audit, rates
from console.agents import Viewer
from console.audit import AuditEntry
from console.db import Database
from console.errors import Refused
from console.evidence import readable, searching
from console.evidence.asked import asked_of
from console.evidence.searching import Asked
from console.inbox import policy
from console.languages.catalogues import said
from console.languages.words import Words, plural
from console.portfolio.exports import csv_safe, lines_of
from console.settings import Settings

PAGE = "/audit/export"
MOST_ROWS = 100_000
_AT_ONCE = 1_000
HEAD = (
    *(Words("N.º"), Words("Fecha y hora (UTC)"), Words("Fecha y hora local"), Words("Quién"), Words("Clase")),
    *(Words("Qué pasó"), Words("Acción"), Words("Conversación"), Words("Cuenta"), Words("Mensaje"), Words("Sobre")),
    *(Words("Antes"), Words("Después"), Words("Desde"), Words("Huella")),
)
_NAME = Words("Historial")
THE_END = "FIN"
"""Begins the last line of every export that is whole."""


@get(PAGE)
async def export_history(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The entries that fit the page's filters, newest first, and as a last line how many there are and their hash.

    Records "history.exported" with the filters. Refuses: 422 "invalid" for a format that is neither csv nor xlsx.
    """
    policy.require(viewer, "read_history")
    rates.charge(request, "export", viewer.id)
    asked, form = asked_of(request), request.query_params.get("format", "csv")
    if form not in {"csv", "xlsx"}:
        raise Refused(422, Words("El historial se exporta como csv o xlsx."), code="invalid", field="format")
    async with db.transaction() as tx:
        filters = {name: value for name, value in msgspec.structs.asdict(asked).items() if value}
        # What was typed of a person stays out of the history.
        filters |= {"contact": True} if asked.contact else {}
        audit.record(tx, viewer.actor, "history.exported", new={"format": form, "filters": filters})
    rows = _in_language(viewer.language, _rows(db, settings, viewer, asked))
    headers = {"content-disposition": f'attachment; filename="historial.{form}"', "cache-control": "private, no-store"}
    if form == "csv":
        return Stream(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)
    path = await _xlsx(rows, str(said(_NAME, viewer.language)))
    return File(path, filename="historial.xlsx", headers=headers, background=BackgroundTask(path.unlink))


async def _rows(db: Database, settings: Settings, viewer: Viewer, asked: Asked) -> AsyncIterator[tuple[object, ...]]:
    """The head, the entries, and the line that says that this is all."""
    yield HEAD
    below, count, digest = None, 0, hashlib.sha256()
    while count < MOST_ROWS:
        async with db.reading() as tx:
            found = await searching.find(tx, viewer, asked, settings.zone, below=below, at_once=_AT_ONCE)
        for entry in found.entries:
            count += 1
            digest.update(bytes.fromhex(entry.hash))
            yield _row(entry, settings)
        if found.following is None:
            break
        below = found.following
    counted = plural("{n} entrada", "{n} entradas", n=count)
    if count >= MOST_ROWS:
        counted = Words("{count} (hay más: acote las fechas)", count=counted)
    yield (THE_END, counted, Words("SHA-256 de sus huellas: {digest}", digest=digest.hexdigest()))


def _row(entry: AuditEntry, settings: Settings) -> tuple[object, ...]:
    who = readable.actor(entry)
    new = msgspec.json.decode(entry.new) if entry.new else {}
    return (
        *(entry.id, entry.at.strftime("%Y-%m-%d %H:%M:%S"), f"{entry.at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}"),
        *(who, readable.ACTORS.get(entry.actor_kind, entry.actor_kind)),
        readable.sentence(entry.action, who, new if isinstance(new, dict) else {}),
        *(entry.action, entry.conversation_id, entry.account_id, entry.message_id, entry.subject),
        *(entry.old, entry.new, entry.origin, entry.hash),
    )


async def _in_language(language: str, rows: AsyncIterator[tuple[object, ...]]) -> AsyncIterator[tuple[object, ...]]:
    """The same with what is ours in it said to whoever takes it; only how the last line begins is everybody's."""
    async for row in rows:
        yield tuple(said(cell, language) for cell in row)


async def _csv(rows: AsyncIterator[tuple[object, ...]]) -> AsyncIterator[str]:
    is_first = True
    async for row in rows:
        mark, line = lines_of([row])
        # The mark for UTF-8 stands once, before the head.
        yield mark + line if is_first else line
        is_first = False


async def _xlsx(rows: AsyncIterator[tuple[object, ...]], name: str) -> Path:
    # With it comes NumPy where there is one: half a second and 16 MB of every process, for what few ask for.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    async for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value if isinstance(value, int) else csv_safe(value))
            if not isinstance(value, int):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    with NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        book.save(file)
        return Path(file.name)


routes = [export_history]
