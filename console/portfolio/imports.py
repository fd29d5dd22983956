"""Files of debts, from the upload to the way back: who asked for what, and the work that follows.

Doors change the state of an import; whoever claims it does the work (`work`), in this process or in another one.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock, money
from console.audit import Actor
from console.consents import waiting
from console.db import Database, Tx
from console.errors import Refused
from console.failpoints import failpoint
from console.languages.words import Words
from console.portfolio import applying, undoing
from console.portfolio.applying import Place
from console.portfolio.batches import BatchState, ImportBatch, ImportMapping
from console.portfolio.columns import LABELS, missing
from console.portfolio.frames import Looked
from console.portfolio.preparing import Claim, Options, claimed, clear, file_of, last_committed, prepare
from console.portfolio.staging import rules_at
from console.portfolio.standing import refresh_conversations
from console.portfolio.statement import Source
from console.portfolio.stating import one_creditor_at_a_time
from console.settings import Settings

log = structlog.get_logger()
GIVEN_AT_ONCE = 20
"""People whose consent is noted in one transaction: some five milliseconds each."""
ASKED = (BatchState.WAITING, BatchState.CONFIRMED, BatchState.UNDOING)
_OPEN = (BatchState.UPLOADED, BatchState.READY, BatchState.FAILED)


async def begin(
    tx: Tx, looked: Looked, *, source: Source, file_name: str, path: str, size: int, sha256: str, by: Actor
) -> ImportBatch:
    """A file that has arrived, and what it looks like. Announces import.uploaded."""
    header = looked.header
    batch = ImportBatch(
        creditor_id=source.creditor_id,
        team_id=source.team_id,
        file_name=file_name[:200],
        path=path,
        size=size,
        sha256=sha256,
        look=msgspec.to_builtins(looked),
        signature=header.signature if header else None,
        state=BatchState.UPLOADED,
        made_by_kind=by.kind,
        made_by_id=by.id,
        made_by_name=by.name,
        made_at=clock.now(),
    )
    tx.add(batch)
    await tx.flush()
    _tell(tx, batch, by, "import.uploaded", new={"size": size, "sha256": sha256})
    return batch


async def remembered(tx: Tx, signature: str | None) -> dict[str, list[int]] | None:
    """How the columns of files with this header were named last time."""
    found = await tx.get(ImportMapping, signature) if signature else None
    return found.columns if found else None


async def name_columns(
    tx: Tx, batch: ImportBatch, options: Options, *, as_of: datetime | None, by: Actor, moment: datetime
) -> None:
    """Say what the columns are and ask for the file to be compared. Announces import.asked.

    Refuses: 409 once it was confirmed; 422 without what is needed, for an unknown currency or a day that is to come.
    """
    _require(batch, *_OPEN, BatchState.WAITING)
    if lacking := missing(options.columns):
        names = Words("«{label}»", label=LABELS[lacking[0]])
        for field in lacking[1:]:
            names = Words("{first}, {next}", first=names, next=Words("«{label}»", label=LABELS[field]))
        raise Refused(
            422, Words("Falta decir en qué columna está {names}.", names=names), code="missing_column", field=lacking[0]
        )
    if not money.is_currency(options.currency):
        raise Refused(422, Words("La moneda se escribe con su código, como PEN."), code="invalid", field="currency")
    if as_of is not None and as_of > moment:
        raise Refused(422, Words("La fecha de corte está en el futuro."), code="invalid", field="as_of")
    batch.options, batch.as_of = msgspec.to_builtins(options), as_of
    _move(batch, BatchState.WAITING)
    if batch.signature:
        await _remember(tx, batch.signature, options.columns, moment)
    _tell(tx, batch, by, "import.asked", new={"is_whole": options.is_whole})


async def confirm(tx: Tx, batch: ImportBatch, *, by: Actor) -> None:
    """Ask for what was compared to be put in place. Refuses: 409 unless it was compared and nothing in it is wrong."""
    _require(batch, BatchState.READY)
    if (batch.counts or {}).get("problems"):
        raise Refused(
            409, Words("El archivo tiene errores: corríjalos y súbalo otra vez. No se importó nada."), code="problems"
        )
    await _require_fresh(tx, batch)
    _move(batch, BatchState.CONFIRMED)
    _tell(tx, batch, by, "import.confirmed")


async def discard(tx: Tx, batch: ImportBatch, *, by: Actor) -> None:
    """Forget a file that was not put in place. Refuses: 409 when it was."""
    _require(batch, *_OPEN, BatchState.WAITING)
    _move(batch, BatchState.DISCARDED)
    _tell(tx, batch, by, "import.discarded")


async def undo(tx: Tx, batch: ImportBatch, *, by: Actor, moment: datetime) -> ImportBatch:
    """Ask for an import to be taken back; gives the import that does it.

    Refuses: 409 when another one came after it, or when payments, promises or statements have moved its accounts.
    """
    _require(batch, BatchState.COMMITTED)
    if batch.undoes_id is not None or await last_committed(tx, batch.creditor_id) != batch.id:
        raise Refused(409, Words("Solo se puede deshacer la última importación."), code="not_the_last")
    await undoing.require_untouched(tx, batch)
    back = ImportBatch(
        creditor_id=batch.creditor_id,
        team_id=batch.team_id,
        undoes_id=batch.id,
        file_name=batch.file_name,
        state=BatchState.UNDOING,
        made_by_kind=by.kind,
        made_by_id=by.id,
        made_by_name=by.name,
        made_at=moment,
    )
    tx.add(back)
    await tx.flush()
    _tell(tx, back, by, "import.undo_asked", new={"undoes": batch.id})
    return back


async def work(db: Database, settings: Settings, batch_id: int) -> None:
    """Do what is asked of one import, if nobody does it already: compare it, put it in place, or take it back."""
    for state, deed in (
        (BatchState.WAITING, prepare),
        (BatchState.UNDOING, _take_back),
        (BatchState.CONFIRMED, _commit),
    ):
        async with db.transaction() as tx:
            taken = await claimed(tx, batch_id, state)
        if taken is not None:
            await deed(db, settings, *taken)


async def _take_back(db: Database, settings: Settings, back: ImportBatch, claim: Any) -> None:  # noqa: ANN401
    await undoing.prepare(db, back, claim)
    await _commit(db, settings, back, claim)


async def _commit(db: Database, settings: Settings, batch: ImportBatch, claim: Any) -> None:  # noqa: ANN401
    moment = clock.now()
    by = Actor(kind=_kind(batch), id=batch.made_by_id, name=batch.made_by_name, origin="import")
    place = Place(country=settings.country, named=f"importación {batch.id}", moment=moment)
    async with db.transaction() as tx:
        await applying.survey(tx)
    try:
        async with db.transaction() as tx:
            await one_creditor_at_a_time(tx, batch.creditor_id)
            here = await tx.get_one(ImportBatch, batch.id)
            await claim.hold(tx)
            await _require_fresh(tx, here)
            contacts = await applying.apply(tx, here, place, await rules_at(tx, moment))
            await refresh_conversations(tx, contacts, by=by)
            await _settle(tx, here, by, moment)
            failpoint("imports.applied")
    except Refused as refusal:
        async with db.transaction() as tx:
            state = BatchState.FAILED if batch.undoes_id else BatchState.READY
            await claim.hold(tx, state=state, why=refusal.text, claimed_until=None)
        return
    await link_late(db, batch.id)
    if (path := file_of(settings, batch)) is not None:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _settle(tx: Tx, batch: ImportBatch, by: Actor, moment: datetime) -> None:
    batch.state, batch.committed_at, batch.claimed_until, batch.why = BatchState.COMMITTED, moment, None, None
    new: dict[str, Any] = {"counts": batch.counts, "digest": batch.digest, "file": batch.sha256}
    if batch.undoes_id is None:
        _tell(tx, batch, by, "import.committed", new=new)
        return
    undone = await tx.get_one(ImportBatch, batch.undoes_id)
    undone.state, undone.undone_at = BatchState.UNDONE, moment
    undone.version += 1
    _tell(tx, undone, by, "import.undone", new=new)


async def link_late(db: Database, batch_id: int) -> None:
    """Join to their debts whoever wrote for the first time while an import was being put in place.

    And note the consents that wait for people who write already, a few at a time: whoever is writing meanwhile waits
    for no more than these. After a process that died in between, the next one goes on.
    """
    async with db.transaction() as tx:
        batch = await tx.get_one(ImportBatch, batch_id)
        if batch.state != BatchState.COMMITTED or batch.linked_at is not None:
            return
        contacts = await applying.link(tx, batch, clock.now())
        await refresh_conversations(tx, contacts, by=audit.SYSTEM)
    async with db.reading() as tx:
        people = await waiting.whom(tx)
    for start in range(0, len(people), GIVEN_AT_ONCE):
        async with db.transaction() as tx:
            await one_creditor_at_a_time(tx, batch.creditor_id)
            await waiting.give_to(tx, people[start : start + GIVEN_AT_ONCE])
            failpoint("imports.given")
    async with db.transaction() as tx:
        (await tx.get_one(ImportBatch, batch_id)).linked_at = clock.now()


async def tidy(db: Database, settings: Settings) -> None:
    """Remove the files, and what was compared, of imports that were discarded."""
    async with db.reading() as tx:
        wanted = select(ImportBatch).where(ImportBatch.state == BatchState.DISCARDED, ImportBatch.path.is_not(None))
        gone = list(await tx.scalars(wanted))
    for batch in gone:
        if (path := file_of(settings, batch)) is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        claim = Claim(batch)
        await clear(db, claim)
        async with db.transaction() as tx:
            await claim.hold(tx, path=None, claimed_until=None)


async def asked_for(db: Database) -> list[int]:
    """The imports that somebody has to do something about."""
    async with db.reading() as tx:
        asked = select(ImportBatch.id).where(ImportBatch.state.in_([str(state) for state in ASKED]))
        free = ImportBatch.claimed_until.is_(None) | (ImportBatch.claimed_until <= clock.now())
        return list(await tx.scalars(asked.where(free).order_by(ImportBatch.id)))


async def _require_fresh(tx: Tx, batch: ImportBatch) -> None:
    if await last_committed(tx, batch.creditor_id) != batch.expected_id:
        raise Refused(
            409,
            Words("Otra importación se confirmó después de preparar esta: vuelva a prepararla."),
            code="stale_import",
        )


def _require(batch: ImportBatch, *states: BatchState) -> None:
    if batch.state not in states:
        raise Refused(409, Words("Esta importación ya está en otro paso: actualice la página."), code="wrong_state")


def _move(batch: ImportBatch, state: BatchState) -> None:
    batch.state, batch.why, batch.claimed_until = state, None, None
    batch.done = batch.total = 0
    batch.version += 1


async def _remember(tx: Tx, signature: str, columns: dict[str, list[int]], moment: datetime) -> None:
    insert = sqlite_insert if tx.get_bind().dialect.name == "sqlite" else postgresql_insert
    values = {"columns": columns, "used_at": moment}
    row = insert(ImportMapping).values(signature=signature, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["signature"], set_=values))


def _tell(tx: Tx, batch: ImportBatch, by: Actor, action: str, new: dict[str, Any] | None = None) -> None:
    audit.record(tx, by, action, subject=f"import:{batch.id}", new=new)


def _kind(batch: ImportBatch) -> Any:  # noqa: ANN401 one of the kinds of actors
    return batch.made_by_kind
