"""The pages of imports, for supervisors and administrators: what was uploaded, what it would change, what is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import false, select, true

from console.agents import Viewer
from console.consents import awaited
from console.consents.awaited import Brought
from console.db import Database, Tx
from console.errors import not_found
from console.forms import html, whole
from console.inbox import policy
from console.languages.catalogues import said
from console.languages.words import Words
from console.portfolio import arrivals, imports
from console.portfolio.batches import BatchState, ImportAccount, ImportBatch, ImportProblem
from console.portfolio.columns import LABELS, NEEDED, Field
from console.portfolio.corrections import Correction
from console.portfolio.exports import lines_of
from console.portfolio.frames import Looked
from console.portfolio.preparing import Options, last_committed
from console.render import fragment, page, spoken
from console.settings import Settings

PAGE = "/portfolio/imports"
AT_ONCE = 30
SHOWN = 100
PHONES = 3
LARGEST_ID = 2**63 - 1
WORDS = {
    BatchState.UPLOADED: Words("Por revisar"),
    BatchState.WAITING: Words("Comparando…"),
    BatchState.READY: Words("Lista para confirmar"),
    BatchState.CONFIRMED: Words("Importando…"),
    BatchState.COMMITTED: Words("Importada"),
    BatchState.UNDOING: Words("Deshaciendo…"),
    BatchState.UNDONE: Words("Deshecha"),
    BatchState.FAILED: Words("No se pudo"),
    BatchState.DISCARDED: Words("Descartada"),
}
_TELLING = (BatchState.READY, BatchState.COMMITTED)
TONES = {BatchState.COMMITTED: "ok", BatchState.READY: "plan", BatchState.FAILED: "b60p"}


class Line(msgspec.Struct, frozen=True):
    """An import in the list."""

    id: int
    file_name: str
    by: str | None
    at: datetime
    word: str
    tone: str
    counts: dict[str, int]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An import on its page. `percent` is None while nobody knows how much there is."""

    id: int
    file_name: str
    size: int
    state: str
    word: str
    tone: str
    why: str | None
    is_working: bool
    done: int
    percent: int | None
    counts: dict[str, int]
    problems: list[ImportProblem]
    changes: list[ImportAccount]
    may_undo: bool
    contested: list[int]
    consents: list[Brought]
    at: datetime


@get(PAGE)
async def imports_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """What was imported, newest first (older than the id `before`), and where to bring another file."""
    policy.require(viewer, "import_portfolio")
    wanted = select(ImportBatch).where(_visible(viewer), ImportBatch.undoes_id.is_(None))
    if before := request.query_params.get("before"):
        wanted = wanted.where(ImportBatch.id < whole(before, "before"))
    async with db.reading() as tx:
        rows = list(await tx.scalars(wanted.order_by(ImportBatch.id.desc()).limit(AT_ONCE + 1)))
    lines, most = [_line(row) for row in rows[:AT_ONCE]], arrivals.LARGEST // 1024**2
    older = rows[AT_ONCE - 1].id if len(rows) > AT_ONCE else None
    return _page("portfolio/imports.html", viewer, lines=lines, older=older, most=most)


@get(PAGE + "/{batch_id:int}")
async def import_page(
    batch_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """One import: its columns to be named, its changes to be confirmed, or what became of it."""
    return await shown(db, settings, viewer, batch_id)


@get(PAGE + "/{batch_id:int}/progress")
async def import_progress(
    batch_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """How far the work is: asked every second while there is some; then the page is asked for again."""
    policy.require(viewer, "import_portfolio")
    async with db.reading() as tx:
        seen = await _seen(tx, await opened(tx, viewer, batch_id))
    answer = html(fragment("portfolio/_import_progress.html", seen=seen))
    if not seen.is_working:
        answer.headers["HX-Refresh"] = "true"
    return answer


@get(PAGE + "/{batch_id:int}/problems")
async def import_problems(
    batch_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Stream:
    """Everything that is wrong in the file, as a table that a spreadsheet opens."""
    policy.require(viewer, "import_portfolio")
    async with db.reading() as tx:
        batch = await opened(tx, viewer, batch_id)
        problems = await _problems(tx, batch.id, limit=None)
    language = spoken("portfolio/import.html", viewer.language)
    head = [said(name, language) for name in (Words("Fila"), Words("Columna"), Words("Qué pasa"), Words("Valor"))]
    rows = [head, *([p.row, p.column, said(p.what, language), p.hint] for p in problems)]
    headers = {"content-disposition": f'attachment; filename="errores-{batch.id}.csv"'}
    return Stream(iter(lines_of(rows)), media_type="text/csv; charset=utf-8", headers=headers)


async def shown(
    db: Database, settings: Settings, viewer: Viewer, batch_id: int, *, problem: str | None = None
) -> Response[Any]:
    """The page of one import, with what was refused just now."""
    policy.require(viewer, "import_portfolio")
    async with db.reading() as tx:
        batch = await opened(tx, viewer, batch_id)
        seen = await _seen(tx, batch)
        asks = batch.state in {BatchState.UPLOADED, BatchState.READY, BatchState.FAILED} and batch.look is not None
        options = await _options(tx, batch, settings) if asks else None
    looked = msgspec.convert(batch.look, Looked) if batch.look else None
    return _page(
        "portfolio/import.html",
        viewer,
        seen=seen,
        options=options,
        sample=looked.sample if looked else [],
        sheet=looked.shape.sheet if looked else None,
        choices=_choices(options) if options else [],
        as_of=batch.as_of,
        problem=problem,
        status=422 if problem else 200,
    )


async def opened(tx: Tx, viewer: Viewer, batch_id: int, *, lock: bool = False) -> ImportBatch:
    """The import of a path, if it is of one of the viewer's teams."""
    if not 0 < batch_id <= LARGEST_ID:
        raise not_found()
    wanted = select(ImportBatch).where(ImportBatch.id == batch_id, _visible(viewer))
    batch = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if batch is None:
        raise not_found()
    return batch


def _visible(viewer: Viewer) -> Any:  # noqa: ANN401 a condition
    if viewer.sees_all:
        return true()
    return ImportBatch.team_id.in_(viewer.team_ids) if viewer.team_ids else false()


async def _options(tx: Tx, batch: ImportBatch, settings: Settings) -> Options:
    if batch.options is not None:
        return msgspec.convert(batch.options, Options)
    return await arrivals.probable(tx, batch, settings)


def _choices(options: Options) -> list[tuple[str, str, bool, int | None]]:
    """For each field: the form's name for it, its label, whether it is needed, and the column chosen."""
    choices: list[tuple[str, str, bool, int | None]] = []
    for field, label in LABELS.items():
        columns = options.columns.get(field, [])
        for place in range(PHONES if field == Field.PHONE else 1):
            name = f"column_{field}" + (f"_{place + 1}" if place else "")
            chosen = columns[place] if place < len(columns) else None
            told = Words("{label} {number}", label=label, number=place + 1) if place else label
            choices.append((name, told, field in NEEDED, chosen))
    return choices


async def _seen(tx: Tx, batch: ImportBatch) -> Seen:
    state = BatchState(batch.state)
    is_last = await last_committed(tx, batch.creditor_id) == batch.id
    going_back = select(ImportBatch.id).where(
        ImportBatch.undoes_id == batch.id, ImportBatch.state == BatchState.UNDOING
    )
    is_going_back = (await tx.scalar(going_back)) is not None
    changes = select(ImportAccount).where(ImportAccount.batch_id == batch.id).order_by(ImportAccount.id).limit(SHOWN)
    failed_back = select(ImportBatch.why).where(
        ImportBatch.undoes_id == batch.id, ImportBatch.state == BatchState.FAILED
    )
    contested = select(Correction.request_id).where(Correction.batch_id == batch.id).distinct().limit(SHOWN)
    return Seen(
        id=batch.id,
        file_name=batch.file_name,
        size=batch.size,
        state=state,
        word=WORDS[BatchState.UNDOING] if is_going_back else _word(batch),
        tone=_tone(batch),
        why=batch.why or await tx.scalar(failed_back.order_by(ImportBatch.id.desc()).limit(1)),
        is_working=is_going_back or state in imports.ASKED,
        done=batch.done,
        percent=min(100, 100 * batch.done // batch.total) if batch.total else None,
        counts=batch.counts or {},
        problems=await _problems(tx, batch.id, limit=SHOWN),
        changes=list(await tx.scalars(changes)) if state in _TELLING else [],
        contested=list(await tx.scalars(contested)),
        consents=await awaited.of_import(tx, batch.id) if state in _TELLING else [],
        may_undo=state == BatchState.COMMITTED and is_last and not is_going_back,
        at=batch.made_at,
    )


async def _problems(tx: Tx, batch_id: int, *, limit: int | None) -> list[ImportProblem]:
    wanted = select(ImportProblem).where(ImportProblem.batch_id == batch_id)
    return list(await tx.scalars(wanted.order_by(ImportProblem.row, ImportProblem.id).limit(limit)))


def _line(row: ImportBatch) -> Line:
    return Line(row.id, row.file_name, row.made_by_name, row.made_at, _word(row), _tone(row), row.counts or {})


def _is_wrong(row: ImportBatch) -> bool:
    return row.state == BatchState.READY and bool((row.counts or {}).get("problems"))


def _word(row: ImportBatch) -> str:
    return Words("Con errores") if _is_wrong(row) else WORDS[BatchState(row.state)]


def _tone(row: ImportBatch) -> str:
    return "b60p" if _is_wrong(row) else TONES.get(BatchState(row.state), "plain")


def _page(template: str, viewer: Viewer, *, status: int = 200, **values: Any) -> Response[Any]:  # noqa: ANN401
    text = page(template, csrf_token="", viewer=viewer, **values)
    return Response(text, status_code=status, media_type=MediaType.HTML)


routes = [imports_page, import_page, import_progress, import_problems]
