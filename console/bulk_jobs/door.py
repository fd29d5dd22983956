"""Jobs over HTTP: asking for one, watching it, starting, stopping, taking back, and what became of each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import ColumnElement, func, select

from console import clock
from console.agents import Viewer
from console.bulk import among
from console.bulk_jobs import asking, offering
from console.bulk_jobs.deeds import DEEDS
from console.bulk_jobs.models import BulkJob, BulkRow, Verdict
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import lists, policy
from console.inbox.listing import Listing, now_in, read_listing
from console.inbox.models import Conversation
from console.inbox.rows import rows_by_id
from console.languages.recalled import recalled
from console.languages.words import Words
from console.render import fragment
from console.settings import Settings

SHOWN_ROWS = 20
"""Of what could not be done, as many rows are named; the file has all."""
MOST_IDS = 2000
VERDICTS = {Verdict.CHANGED: "cambió", Verdict.SAME: "ya estaba así", Verdict.REFUSED: "no se pudo"}


@post("/inbox/bulk-jobs", status_code=200)
async def ask_for_job(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The form (`step` ask), or the job that it asks for (`check`), which is rehearsed before anything changes.

    The conversations are `ids`, or with `all` those of a list as an address names it.
    """
    form = await read_form(request)
    listing = read_listing(form, settings.currency) if form.get("all") == "1" else None
    ids = _ids(form) if listing is None else []
    now = now_in(settings.zone, clock.now())
    problem = None
    if form.get("step") == "check":
        try:
            details = offering.details_in(form, settings.zone)
            async with db.transaction() as tx:
                job = await asking.ask(
                    tx, by=viewer, deed=form.get("deed", ""), details=details, ids=ids, listing=listing, now=now
                )
            return await _job_page(db, viewer, job.id)
        except Refused as refused:
            problem = refused
    async with db.reading() as tx:
        count, is_more = (len(ids), False) if listing is None else await lists.count_of(tx, viewer, listing, now)
        page = fragment(
            "bulk_jobs/form.html",
            offer=await offering.offer(tx, viewer, form),
            count=count,
            is_more=is_more,
            scope=_scope(ids, listing),
            typed=form,
            problem=problem,
        )
    headers = {"x-refused": problem.code} if problem else None
    return html(page, status=problem.status if problem else 200, headers=headers)


@get("/inbox/bulk-jobs")
async def list_jobs(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[str]:
    """The viewer's latest jobs."""
    async with db.reading() as tx:
        latest = select(BulkJob).where(BulkJob.made_by == viewer.id).order_by(BulkJob.id.desc()).limit(20)
        return html(fragment("bulk_jobs/jobs.html", jobs=list(await tx.scalars(latest)), deeds=DEEDS))


@get("/inbox/bulk-jobs/{job_id:int}")
async def show_job(
    job_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """One job: how far it is, and what can be done with it."""
    return await _job_page(db, viewer, job_id)


@get("/inbox/bulk-jobs/{job_id:int}/progress")
async def job_progress(
    job_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The part of it that moves."""
    async with db.reading() as tx:
        return html(fragment("bulk_jobs/_job.html", **await _told(tx, viewer, job_id)))


@post("/inbox/bulk-jobs/{job_id:int}/start", status_code=200)
async def start_job(
    job_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Do it."""
    async with db.transaction() as tx:
        await asking.start(tx, await asking.open_job(tx, viewer, job_id, lock=True), by=viewer)
    return await _job_page(db, viewer, job_id)


@post("/inbox/bulk-jobs/{job_id:int}/cancellation", status_code=200)
async def cancel_job(
    job_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Stop; what is done stays done."""
    async with db.transaction() as tx:
        await asking.cancel(tx, await asking.open_job(tx, viewer, job_id, lock=True), by=viewer)
    return await _job_page(db, viewer, job_id)


@post("/inbox/bulk-jobs/{job_id:int}/undo", status_code=200)
async def undo_job(
    job_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Take back what it changed, as a job of its own."""
    async with db.transaction() as tx:
        back = await asking.take_back(tx, await asking.open_job(tx, viewer, job_id, lock=True), by=viewer)
    return await _job_page(db, viewer, back.id)


@get("/inbox/bulk-jobs/{job_id:int}/rows.csv")
async def job_rows(
    job_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """What became of each row. No names: a file leaves the console."""
    async with db.reading() as tx:
        job = await asking.open_job(tx, viewer, job_id)
        wanted = select(BulkRow.conversation_id, BulkRow.verdict, BulkRow.reason, BulkRow.is_done)
        rows = await tx.execute(wanted.where(BulkRow.job_id == job.id).order_by(BulkRow.conversation_id))
        file = io.StringIO()
        lines = csv.writer(file)
        lines.writerow(["conversación", "resultado", "motivo", "hecho"])
        for number, verdict, reason, is_done in rows:
            words = VERDICTS[Verdict(verdict)] if verdict else "pendiente"
            lines.writerow([number, words, reason or "", "sí" if is_done else "no"])
    headers = {"content-disposition": f'attachment; filename="operacion-{job_id}.csv"'}
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


async def _job_page(db: Database, viewer: Viewer, job_id: int) -> Response[str]:
    async with db.reading() as tx:
        return html(fragment("bulk_jobs/job.html", **await _told(tx, viewer, job_id)))


async def _told(tx: Tx, viewer: Viewer, job_id: int) -> dict[str, Any]:
    job = await asking.open_job(tx, viewer, job_id)
    refused: list[ColumnElement[bool]] = [BulkRow.job_id == job.id, BulkRow.verdict == Verdict.REFUSED]
    if job.state == "running":
        refused.append(BulkRow.is_done.is_(True))
    many = func.count()
    by_reason = select(BulkRow.reason, many).where(*refused).group_by(BulkRow.reason).order_by(many.desc()).limit(8)
    some = select(BulkRow.conversation_id, BulkRow.reason).where(*refused).order_by(BulkRow.conversation_id)
    back = await tx.scalar(select(BulkJob.id).where(BulkJob.undoes_id == job.id))
    return {
        "job": job,
        "deed": DEEDS[job.deed],
        "reasons": [(recalled(reason or ""), number) for reason, number in await tx.execute(by_reason)],
        "refused": await _names(tx, viewer, [tuple(row) for row in await tx.execute(some.limit(SHOWN_ROWS))]),
        "undone_by": back,
    }


async def _names(tx: Tx, viewer: Viewer, rows: list[Any]) -> list[tuple[int | None, str, str]]:
    """Whom it could not be done for, and why; who may no longer be seen has no name."""
    wanted = select(Conversation.id).where(among(Conversation.id, "ids"), policy.visible(viewer))
    seen = list(await tx.scalars(wanted, {"ids": [number for number, _reason in rows]}))
    names = {fact.row.conversation_id: fact.row.name for fact in await rows_by_id(tx, seen, version=0)}
    return [
        (
            number if number in names else None,
            names.get(number, Words("Conversación {number}", number=number)),
            recalled(reason),
        )
        for number, reason in rows
    ]


def _ids(form: Mapping[str, str]) -> list[int]:
    ids = sorted({whole(number, "ids") for number in form.get("ids", "").split(".") if number})
    if len(ids) > MOST_IDS:
        raise Refused(
            422,
            Words("Elija hasta {most_ids}, o todas las que coinciden.", most_ids=f"{MOST_IDS:,}"),
            code="too_many",
            field="ids",
        )
    return ids


def _scope(ids: list[int], listing: Listing | None) -> dict[str, str]:
    if listing is None:
        return {"ids": ".".join(str(number) for number in ids)}
    return {"all": "1", "view": listing.view, **dict(listing.pairs())}


routes = [ask_for_job, list_jobs, show_job, job_progress, start_job, cancel_job, undo_job, job_rows]
