"""One deed on many conversations, in a user's name: rehearsed, started, watched row by row, stopped, taken back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, cast

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.api import acting, acting_shapes, listing, shapes
from console.api.asking import body, number, query
from console.api.bulk_asking import JobToAsk, details_of, ids_of, renamed
from console.api.cursors import Cursors
from console.api.idempotency import created, key_of
from console.api.operations import does
from console.api.saved_views import listing_named
from console.api.tokens import Program
from console.bulk_jobs import asking
from console.bulk_jobs.deeds import DEEDS
from console.bulk_jobs.models import BulkJob, BulkRow
from console.db import Database, Tx
from console.errors import Refused
from console.inbox.listing import now_in
from console.settings import Settings

PATH = "/users/{user_id:str}/bulk-jobs"
ONE = PATH + "/{job_id:str}"


class RowFilters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the rows."""

    verdict: Literal["changed", "same", "refused"] | None = None


@get(PATH, opt=does(acting.SCOPE, returns=shapes.Page[acting_shapes.BulkJob], query=listing.Paging, refuses=(404,)))
async def list_bulk_jobs(
    user_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[acting_shapes.BulkJob]:
    """What was asked for in a user's name, newest first, on their screens or here."""
    asked = query(request, listing.Paging)
    name = f"bulk-jobs:{user_id}"
    place = listing.begin(cursors, name, asked, (int,))
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        wanted = select(BulkJob).where(BulkJob.made_by == viewer.id).order_by(BulkJob.id.desc())
        wanted = wanted.where(BulkJob.id < place[0]) if place is not None else wanted
        found = (await tx.scalars(wanted.limit(asked.limit + 1))).all()
        page, following = listing.cut(cursors, name, asked, found, lambda row: (row.id,))
        return shapes.Page(await _shown(tx, page), following)


@post(
    PATH,
    opt=does(
        acting.SCOPE, returns=acting_shapes.BulkJob, body=JobToAsk, status=201, refuses=(404, 409), idempotent=True
    ),
)
async def create_bulk_job(
    user_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[acting_shapes.BulkJob]:
    """Ask for a deed on many. It is rehearsed on every row, and changes nothing before `…/start`.

    `Idempotency-Key` asks for one job however often: again it gives 200 and the job as it stands now. Refuses 403 a
    deed beyond the user's role, 422 `nobody`, `too_many`, 409 `busy` with three jobs at work.
    """
    asked = await body(request, JobToAsk)
    digest = hashlib.sha256(await request.body()).hexdigest()
    key = key_of(request, program)
    try:
        details = details_of(asked)
        async with db.transaction() as tx:
            viewer = await acting.acting(tx, program, user_id)
            before = await asking.asked_before(tx, viewer, key, digest)
            job = before or await asking.ask(
                tx,
                by=viewer,
                deed=asked.deed,
                details=details,
                ids=ids_of(asked),
                listing=listing_named(asked.listing, settings) if asked.listing is not msgspec.UNSET else None,
                now=now_in(settings.zone, clock.now()),
                client_key=key,
                request=digest,
            )
            (shown,) = await _shown(tx, [job])
    except Refused as refused:
        raise renamed(refused) from refused
    return created(shown, repeated=before is not None)


@get(ONE, opt=does(acting.SCOPE, returns=acting_shapes.BulkJob, refuses=(404,)))
async def get_bulk_job(
    user_id: FromPath[str],
    job_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> acting_shapes.BulkJob:
    """One job: how far it is, and how it goes."""
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        return (await _shown(tx, [await asking.open_job(tx, viewer, number(job_id))]))[0]


@get(
    ONE + "/rows",
    opt=does(acting.SCOPE, returns=shapes.Page[acting_shapes.BulkRow], query=RowFilters, refuses=(404,)),
)
async def list_bulk_rows(
    user_id: FromPath[str],
    job_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[acting_shapes.BulkRow]:
    """What became of each conversation, or would, by its id."""
    asked = query(request, RowFilters)
    name = f"bulk-rows:{user_id}:{job_id}"
    place = listing.begin(cursors, name, asked, (int,))
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        job = await asking.open_job(tx, viewer, number(job_id))
        wanted = select(BulkRow).where(BulkRow.job_id == job.id).order_by(BulkRow.conversation_id)
        wanted = wanted.where(BulkRow.verdict == asked.verdict) if asked.verdict is not None else wanted
        wanted = wanted.where(BulkRow.conversation_id > place[0]) if place is not None else wanted
        found = (await tx.scalars(wanted.limit(asked.limit + 1))).all()
    page, following = listing.cut(cursors, name, asked, found, lambda row: (row.conversation_id,))
    return shapes.Page([_row(row) for row in page], following)


@post(ONE + "/start", status_code=200, opt=does(acting.SCOPE, returns=acting_shapes.BulkJob, refuses=(404, 409)))
async def start_bulk_job(
    user_id: FromPath[str],
    job_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> acting_shapes.BulkJob:
    """Do it, whether or not the rehearsal is over; again changes nothing. Refuses 409 `not_startable` once it ended."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        job = await asking.open_job(tx, viewer, number(job_id), lock=True)
        await asking.start(tx, job, by=viewer)
        return (await _shown(tx, [job]))[0]


@post(ONE + "/cancellation", status_code=200, opt=does(acting.SCOPE, returns=acting_shapes.BulkJob, refuses=(404,)))
async def cancel_bulk_job(
    user_id: FromPath[str],
    job_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> acting_shapes.BulkJob:
    """Stop; what is done stays done. Again changes nothing."""
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        job = await asking.open_job(tx, viewer, number(job_id), lock=True)
        await asking.cancel(tx, job, by=viewer)
        return (await _shown(tx, [job]))[0]


@post(ONE + "/undo", opt=does(acting.SCOPE, returns=acting_shapes.BulkJob, status=201, refuses=(404, 409)))
async def undo_bulk_job(
    user_id: FromPath[str],
    job_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[acting_shapes.BulkJob]:
    """Take back what it changed, as a job of its own that runs at once.

    What has changed again since stays. Refuses 409 `not_undoable` for what was sent, `at_work`, `already_undone`.
    """
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        back = await asking.take_back(tx, await asking.open_job(tx, viewer, number(job_id), lock=True), by=viewer)
        (shown,) = await _shown(tx, [back])
    return Response(shown, status_code=201)


async def _shown(tx: Tx, jobs: Sequence[BulkJob]) -> list[acting_shapes.BulkJob]:
    ids = [job.id for job in jobs]
    back = (await tx.execute(select(BulkJob.undoes_id, BulkJob.id).where(BulkJob.undoes_id.in_(ids)))).all()
    undone_by = {undoes: job_id for undoes, job_id in back}  # noqa: C416 rows are no pairs to the type checker
    return [_job(job, undone_by.get(job.id)) for job in jobs]


def _job(job: BulkJob, undone_by: int | None) -> acting_shapes.BulkJob:
    ended = job.state in {"done", "cancelled"}
    has_way_back = DEEDS[job.deed].undo is not None and job.undoes_id is None and undone_by is None
    return acting_shapes.BulkJob(
        id=str(job.id),
        user=str(job.made_by),
        deed=job.deed,
        status=cast("Any", job.state),
        total=job.total,
        done=job.done,
        changed=job.changed,
        same=job.same,
        refused=job.refused,
        why=job.why,
        undoes=str(job.undoes_id) if job.undoes_id is not None else None,
        undone_by=str(undone_by) if undone_by is not None else None,
        may_undo=ended and has_way_back and job.changed > 0,
        version=job.version,
        created_at=job.created_at,
        finished_at=job.finished_at,
    )


def _row(row: BulkRow) -> acting_shapes.BulkRow:
    return acting_shapes.BulkRow(
        conversation_id=str(row.conversation_id),
        verdict=cast("Any", row.verdict),
        reason=row.reason,
        done=row.is_done,
    )


routes = [
    list_bulk_jobs,
    create_bulk_job,
    get_bulk_job,
    list_bulk_rows,
    start_bulk_job,
    cancel_bulk_job,
    undo_bulk_job,
]
