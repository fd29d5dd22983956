"""Reading a file to its end and comparing it with what is known, without keeping anybody waiting.

Every step is a short transaction that also moves the claim on; whoever dies in between is followed by somebody who
begins again from the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import delete, select, true, update

from console import clock
from console.db import Database, Tx, bulk_insert
from console.failpoints import failpoint
from console.portfolio import sheet_files
from console.portfolio.batches import (
    BatchState,
    ImportAccount,
    ImportBatch,
    ImportConsent,
    ImportDebtor,
    ImportInvoice,
    ImportPoint,
    ImportProblem,
)
from console.portfolio.frames import End, Found, Given, Order
from console.portfolio.models import Account
from console.portfolio.rows import Problem, Reading
from console.portfolio.sheets import Unreadable
from console.portfolio.staging import Stage, rules_at
from console.settings import Settings

CLAIM = timedelta(seconds=60)
AT_ONCE = 1000
_WAITING_ROWS: tuple[Any, ...] = (
    *(ImportProblem, ImportPoint, ImportConsent),
    *(ImportInvoice, ImportAccount, ImportDebtor),
)


class Options(msgspec.Struct, kw_only=True):
    """What a person decided about a file. `columns` are places from 0, by field.

    `own_team_only`: whoever decided leads one team, and touches no debt of another.
    """

    columns: dict[str, list[int]]
    sheet: str | None = None
    header_row: int
    names: list[str]
    currency: str
    is_whole: bool = False
    own_team_only: bool = False
    skip_bad_phones: bool = False


class Superseded(Exception):  # noqa: N818 nothing failed
    """Somebody else has this import now, or it was discarded: there is nothing more to do."""


class Claim:
    """The right to work on one import: every step moves it on, or finds out that it was lost."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch_id, self.version = batch.id, batch.version

    async def hold(self, tx: Tx, **progress: Any) -> None:  # noqa: ANN401 columns of the batch
        """Go on, noting `progress`. Raises Superseded."""
        mine = (ImportBatch.id == self.batch_id, ImportBatch.version == self.version)
        values = {"claimed_until": clock.now() + CLAIM, **progress}
        moved = update(ImportBatch).where(*mine).values(values)
        if (await tx.execute(moved.returning(ImportBatch.id))).first() is None:
            raise Superseded


async def claimed(tx: Tx, batch_id: int, state: BatchState) -> tuple[ImportBatch, Claim] | None:
    """Take an import that waits in `state`, unless somebody who lives has it."""
    wanted = select(ImportBatch).where(ImportBatch.id == batch_id, ImportBatch.state == state)
    batch = (await tx.scalars(wanted.with_for_update(skip_locked=True))).one_or_none()
    if batch is None or (batch.claimed_until is not None and batch.claimed_until > clock.now()):
        return None
    batch.claimed_until, batch.version = clock.now() + CLAIM, batch.version + 1
    await tx.flush()
    return batch, Claim(batch)


async def prepare(db: Database, settings: Settings, batch: ImportBatch, claim: Claim) -> None:
    """Compare the whole file with what is known; the import is then ready, or has failed and says why."""
    await clear(db, claim)
    try:
        await _compare(db, settings, batch, claim)
    except Unreadable as unreadable:
        async with db.transaction() as tx:
            await claim.hold(tx, state=BatchState.FAILED, why=unreadable.args[0])


async def _compare(db: Database, settings: Settings, batch: ImportBatch, claim: Claim) -> None:
    options = msgspec.convert(batch.options, Options)
    async with db.reading() as tx:
        team_id = batch.team_id if options.own_team_only else None
        stage = Stage(batch, await rules_at(tx, clock.now()), team_id=team_id)
    end, refused = End(0, 0, 0, 0), 0
    async with aclosing(sheet_files.frames(_order(batch, options, settings))) as told:
        async for frame in told:
            match frame:
                case Found():
                    await _note(db, claim, frame.problems, done=frame.rows)
                case Given():
                    refused += await _take(db, claim, stage, frame, options)
                case End():
                    end = frame
            failpoint("imports.staged")
    if options.is_whole and not end.problems:
        await _close_the_rest(db, claim, stage)
    counts = {
        "rows": end.rows,
        "skipped": end.skipped,
        "wrong": end.wrong + refused,
        "problems": end.problems + refused,
        **{kind: stage.counts[kind] for kind in ("new", "changed", "unchanged", "closed", "invoices")},
    }
    if said := stage.counts["consents"]:
        counts["consents"] = said
    async with db.transaction() as tx:
        last = await last_committed(tx, batch.creditor_id)
        await claim.hold(tx, state=BatchState.READY, counts=counts, digest=stage.digest, expected_id=last)


def _order(batch: ImportBatch, options: Options, settings: Settings) -> Order:
    reading = Reading(
        columns=options.columns,
        names=options.names,
        country=settings.country,
        currency=options.currency,
        timezone=settings.timezone,
        skip_bad_phones=options.skip_bad_phones,
        now=clock.now(),
    )
    path = settings.media_dir / (batch.path or "")
    return Order(path=str(path), sheet=options.sheet, header_row=options.header_row, reading=reading)


async def _take(db: Database, claim: Claim, stage: Stage, frame: Given, options: Options) -> int:
    async with db.transaction() as tx:
        problems = await stage.take(tx, frame.lines)
        done = sum(stage.counts[kind] for kind in ("new", "changed", "unchanged"))
        await claim.hold(tx, done=done, total=frame.total)
        await _write(tx, claim.batch_id, [_named(problem, options) for problem in problems])
    return len(problems)


def _named(problem: Problem, options: Options) -> Problem:
    """A field as its column is called in the file."""
    places = options.columns.get(problem.column or "")
    return msgspec.structs.replace(problem, column=options.names[places[0]] if places else None)


async def _note(db: Database, claim: Claim, problems: Sequence[Problem], *, done: int) -> None:
    async with db.transaction() as tx:
        await claim.hold(tx, done=done, total=0)
        await _write(tx, claim.batch_id, problems)


async def _write(tx: Tx, batch_id: int, problems: Sequence[Problem]) -> None:
    rows = [{"batch_id": batch_id, **msgspec.structs.asdict(problem)} for problem in problems]
    await bulk_insert(tx, ImportProblem, rows)


async def _close_the_rest(db: Database, claim: Claim, stage: Stage) -> None:
    """What a file that is the whole portfolio does not name is in it no longer."""
    last = 0
    while True:
        async with db.transaction() as tx:
            page = (
                select(Account)
                .where(Account.creditor_id == stage.creditor_id, Account.status == "open", Account.id > last)
                .where(Account.team_id == stage.team_id if stage.team_id is not None else true())
                .order_by(Account.id)
                .limit(AT_ONCE)
            )
            rows = list(await tx.scalars(page))
            await stage.close(tx, [row for row in rows if row.id not in stage.seen])
            await claim.hold(tx)
        if not rows:
            return
        last = rows[-1].id


async def clear(db: Database, claim: Claim) -> None:
    """Forget what was compared before, some rows at a time."""
    for model in _WAITING_ROWS:
        while await _clear_some(db, claim, model):
            continue


async def _clear_some(db: Database, claim: Claim, model: Any) -> bool:  # noqa: ANN401 one of our tables
    async with db.transaction() as tx:
        await claim.hold(tx, done=0, total=0)
        some = select(model.id).where(model.batch_id == claim.batch_id).limit(AT_ONCE * 5)
        gone = await tx.execute(delete(model).where(model.id.in_(some)).returning(model.id))
        return gone.first() is not None


async def last_committed(tx: Tx, creditor_id: int) -> int | None:
    """The last import of this creditor that was put in place or taken back."""
    done = (BatchState.COMMITTED, BatchState.UNDONE)
    return await tx.scalar(
        select(ImportBatch.id)
        .where(
            ImportBatch.creditor_id == creditor_id, ImportBatch.state.in_(done), ImportBatch.committed_at.is_not(None)
        )
        .order_by(ImportBatch.committed_at.desc(), ImportBatch.id.desc())
        .limit(1)
    )


def file_of(settings: Settings, batch: ImportBatch) -> Path | None:
    """Where the file waits, if it still does."""
    return settings.media_dir / batch.path if batch.path else None
