"""The loop that works jobs off, a few rows in a transaction: killed at any moment, it goes on where it had come to.

A step holds the job's row, does its rows and moves `after`, all in one transaction: no two workers have one row, and a
row that is done is told with it. A rehearsal does the same and then takes all of it back.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import structlog
from sqlalchemy import bindparam, select, update

from console import audit, clock
from console.agents import Viewer, viewer_of
from console.audit import SYSTEM
from console.bulk import execute_many
from console.bulk_jobs import asking, deeds
from console.bulk_jobs.deeds import House
from console.bulk_jobs.models import AT_WORK, BulkJob, BulkRow, JobState, Verdict
from console.db import Database, Tx, is_away, table_of
from console.errors import Refused
from console.languages.words import Words
from console.pacing import news

log = structlog.get_logger()
AT_ONCE = 20
"""Conversations in one transaction: whoever writes meanwhile waits for no more than these."""
BREATH = 0.01
"""Seconds between two steps: others write too."""
LOOK_EVERY = 0.7
"""Seconds between looks; somebody watches a bar."""
WAKING = ("bulk.asked", "bulk.started")
"""What the history calls a job that is to be worked off."""
_ROWS = table_of(BulkRow)
_TOLD = (
    update(_ROWS)
    .where(_ROWS.c.job_id == bindparam("job"), _ROWS.c.conversation_id == bindparam("number"))
    .values(
        verdict=bindparam("its_verdict"), is_done=bindparam("now_done"),
        reason=bindparam("its_reason", type_=_ROWS.c.reason.type),
        was=bindparam("its_was", type_=_ROWS.c.was.type),
    )
)  # fmt: skip


class Told(msgspec.Struct):
    """What became of one row."""

    number: int
    verdict: Verdict
    reason: str | None = None
    was: dict[str, Any] | None = None


def _take_back(told: list[Told] | None) -> None:
    if told is not None:
        raise _Rehearsed(told)


class _Rehearsed(Exception):  # noqa: N818 it is how a transaction is taken back, not a failure
    """All of it was only to see what would happen."""

    def __init__(self, told: list[Told]) -> None:
        super().__init__()
        self.told = told


async def run(db: Database, house: House, awake: asyncio.Event, stop: asyncio.Event) -> None:
    """Work jobs off until `stop`, whenever woken."""
    while not stop.is_set():
        awake.clear()
        wait = BREATH if await turn(db, house) else LOOK_EVERY
        await news(stop, awake, within=wait)


async def turn(db: Database, house: House) -> bool:
    """One step of each job that is at work and nobody else holds; whether there was any."""
    async with db.reading() as tx:
        waiting = list(await tx.execute(select(BulkJob.id, BulkJob.state).where(BulkJob.state.in_(AT_WORK))))
    for number, state in waiting:
        try:
            await _step_of(db, house, number, state)
        except Exception as failure:
            if is_away(failure):
                raise
            # A bug of ours must not come again for ever, nor keep the jobs behind it waiting.
            log.exception("bulk.failed", job=number)
            async with db.transaction() as tx:
                if (job := await _held(tx, number, state)) is not None:
                    await asking.cancel(tx, job, by=SYSTEM, why=Words("Falló de nuestro lado y quedó registrado."))
    return bool(waiting)


async def _step_of(db: Database, house: House, number: int, state: str) -> None:
    if state == JobState.CHECKING:
        await _rehearse(db, house, number)
        return
    async with db.transaction() as tx:
        if (job := await _held(tx, number, JobState.RUNNING)) is not None:
            await _step(tx, job, house)


async def _held(tx: Tx, number: int, state: str) -> BulkJob | None:
    wanted = select(BulkJob).where(BulkJob.id == number, BulkJob.state == state)
    return (await tx.scalars(wanted.with_for_update(skip_locked=True))).one_or_none()


async def _step(tx: Tx, job: BulkJob, house: House) -> None:
    told = await _do_some(tx, job, house)
    if told is None:
        return
    await _tell(tx, job, told, is_done=True)
    if len(told) < AT_ONCE:
        job.state, job.finished_at = JobState.DONE, clock.now()
        new = {"changed": job.changed, "same": job.same, "refused": job.refused}
        audit.record(tx, SYSTEM, "bulk.finished", subject=f"bulk:{job.id}", new=new)
    job.version += 1


async def _rehearse(db: Database, house: House, number: int) -> None:
    """Do some rows, take them back, and then tell what happened, unless the job has gone on meanwhile."""
    after = 0
    try:
        async with db.transaction() as tx:
            job = await _held(tx, number, JobState.CHECKING)
            if job is None:
                return
            after = job.after
            _take_back(await _do_some(tx, job, house))
            return
    except _Rehearsed as rehearsed:
        told = rehearsed.told
    async with db.transaction() as tx:
        job = await _held(tx, number, JobState.CHECKING)
        if job is None or job.after != after:
            return
        await _tell(tx, job, told, is_done=False)
        if len(told) < AT_ONCE:
            job.state = JobState.CHECKED
        job.version += 1


async def _do_some(tx: Tx, job: BulkJob, house: House) -> list[Told] | None:
    """The next rows, each apart from the others; None when the job ends here because its maker may no longer."""
    by = await viewer_of(tx, job.made_by, address="bulk")
    if by is None:
        await asking.cancel(tx, job, by=SYSTEM, why=Words("Quien la pidió ya no tiene acceso."))
        return None
    if job.undoes_id is None:
        try:
            await asking.check(tx, by, job.deed, job.details)
        except Refused as refused:
            await asking.cancel(tx, job, by=SYSTEM, why=refused.text)
            return None
    following = (
        select(BulkRow.conversation_id, BulkRow.was)
        .where(BulkRow.job_id == job.id, BulkRow.conversation_id > job.after)
        .order_by(BulkRow.conversation_id)
        .limit(AT_ONCE)
    )
    return [await _do_one(tx, by, job, house, number, was) for number, was in (await tx.execute(following)).all()]


async def _do_one(  # noqa: PLR0917 called once
    tx: Tx, by: Viewer, job: BulkJob, house: House, number: int, was: dict[str, Any] | None
) -> Told:
    noted = len(tx.info.get("history", ()))
    try:
        async with tx.begin_nested():
            if job.undoes_id is None:
                done = await deeds.do(tx, by, number, job, house)
            else:
                done = await deeds.undo(tx, by, number, job, was or {})
    except Refused as refused:
        # What was noted of a row that is taken back did not happen.
        del tx.info.get("history", [])[noted:]
        return Told(number, Verdict.REFUSED, refused.text)
    return Told(number, Verdict.CHANGED if done.changed else Verdict.SAME, None, done.was or was)


async def _tell(tx: Tx, job: BulkJob, told: list[Told], *, is_done: bool) -> None:
    await tx.flush()
    rows = [
        {"job": job.id, "number": one.number, "its_verdict": one.verdict, "its_reason": one.reason,
         "its_was": one.was, "now_done": is_done}
        for one in told
    ]  # fmt: skip
    await execute_many(tx, _TOLD, rows)
    job.changed += sum(one.verdict is Verdict.CHANGED for one in told)
    job.same += sum(one.verdict is Verdict.SAME for one in told)
    job.refused += sum(one.verdict is Verdict.REFUSED for one in told)
    if told:
        job.after = told[-1].number
