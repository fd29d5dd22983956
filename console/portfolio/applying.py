"""Putting in place what an import would change: a few statements over whole sets, in one transaction.

What moved since it was compared (a payment, a call of the API) is compared again first. Writers wait for one import as
for a large batch of messages: everything that can be worked out beforehand has been.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from sqlalchemy import CursorResult, delete, func, or_, select, text

from console.bulk import fetch
from console.db import Base, Tx, table_of
from console.errors import Refused
from console.languages.words import Words
from console.portfolio import import_sql as sql
from console.portfolio import phones
from console.portfolio.batches import (
    ImportAccount,
    ImportBatch,
    ImportConsent,
    ImportDebtor,
    ImportInvoice,
    ImportPoint,
)
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice
from console.portfolio.rows import Line
from console.portfolio.staging import OF_CONSENT, Rules, Stage
from console.portfolio.stated_consents import ConsentSaid

STEP = 5_000
"""Rows in one statement: PostgreSQL is asked for nothing that takes seconds."""
MOST_MOVED = 2_000
"""Accounts that may have moved since they were compared; with more it is better to begin again."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an import goes."""

    country: str
    named: str
    moment: datetime


async def survey(tx: Tx) -> None:
    """Let PostgreSQL count what has just been compared; a transaction of its own, before the import's.

    Its planner knows nothing of rows this young: it takes a hundred thousand of them for one, and walks them pair by
    pair until the statement runs out of time.
    """
    if tx.get_bind().dialect.name == "postgresql":
        names = ", ".join(table_of(model).name for model in _COUNTED)
        await tx.execute(text(f"ANALYZE {names}"))


_COUNTED = (
    *(ImportAccount, ImportInvoice, ImportDebtor, ImportPoint, ImportConsent),
    *(Account, Invoice, Debtor, ContactPoint),
)


async def apply(tx: Tx, batch: ImportBatch, place: Place, rules: Rules) -> set[int]:
    """Put `batch`, whose creditor the caller holds, in place. Gives the contacts whose conversations may change.

    Refuses: 409 when so much has moved since it was compared that it must be compared again.
    """
    await _hold(tx, batch)
    await _compare_again(tx, batch, rules)
    values = await _values(tx, batch, place)
    affected = await _contacts(tx, values)
    for statement in sql.UNSAID if batch.undoes_id is not None else ():
        await _run(tx, statement, {"undoes": batch.undoes_id})
    for model, statement in sql.STEPS:
        for low, high in await _ranges(tx, model, batch.id):
            await _run(tx, statement, values | {"low": low, "high": high})
    # They stand as what was imported now.
    await tx.execute(delete(ImportConsent).where(ImportConsent.batch_id == batch.id))
    affected |= await link(tx, batch, place.moment)
    return affected | await _settle_phones(tx, batch) | await _contacts(tx, values)


async def _hold(tx: Tx, batch: ImportBatch) -> None:
    """Nobody pays these accounts, or states them, from here on."""
    if tx.get_bind().dialect.name == "sqlite":
        return  # nobody else writes at all
    for low, high in await _ranges(tx, ImportAccount, batch.id):
        await _run(tx, sql.HELD, {"batch": batch.id, "low": low, "high": high})


# What moved since


async def _compare_again(tx: Tx, batch: ImportBatch, rules: Rules) -> None:
    moved = [id_ for (id_,) in await _run(tx, sql.MOVED, {"batch": batch.id, "creditor": batch.creditor_id})]
    if not moved:
        return
    if batch.undoes_id is not None or len(moved) > MOST_MOVED:
        raise Refused(
            409,
            Words("Mientras tanto cambiaron cuentas de esta importación: vuelva a prepararla."),
            code="stale_import",
        )
    wanted = select(ImportAccount).where(ImportAccount.id.in_(moved)).order_by(ImportAccount.id)
    rows = list(await tx.scalars(wanted))
    places = {row.debtor_place for row in rows if row.debtor_place is not None}
    if places:
        # Who is new is new for all their debts.
        wanted = select(ImportAccount).where(ImportAccount.batch_id == batch.id, ImportAccount.debtor_place.in_(places))
        rows = sorted({row.id: row for row in [*rows, *await tx.scalars(wanted)]}.values(), key=lambda row: row.id)
    said = await _consents_of(tx, batch, rows)
    lines = [
        msgspec.structs.replace(msgspec.convert(row.statement, Line), consents=tuple(said[row.account_id, row.place]))
        for row in rows
    ]
    await _take_back(tx, batch, rows, places)
    stage = Stage(batch, rules)
    await stage.resume(tx)
    if problems := await stage.take(tx, lines):
        raise Refused(
            409, Words("Mientras tanto cambió una cuenta: {what}", what=problems[0].what), code="stale_import"
        )


async def _consents_of(
    tx: Tx, batch: ImportBatch, rows: Sequence[ImportAccount]
) -> defaultdict[tuple[int | None, int | None], list[ConsentSaid]]:
    """What the file says of consent beside these debts, by the account's id or place."""
    ids, places = [row.account_id for row in rows if row.account_id], [row.place for row in rows if row.place]
    mine = or_(ImportConsent.account_id.in_(ids), ImportConsent.account_place.in_(places))
    found: defaultdict[tuple[int | None, int | None], list[ConsentSaid]] = defaultdict(list)
    for each in await tx.scalars(select(ImportConsent).where(ImportConsent.batch_id == batch.id, mine)):
        said = ConsentSaid(**{name: getattr(each, name) for name in OF_CONSENT})
        found[each.account_id, each.account_place].append(said)
        tx.expunge(each)
    return found


async def _take_back(tx: Tx, batch: ImportBatch, rows: Sequence[ImportAccount], places: set[int]) -> None:
    accounts, own = {row.account_id for row in rows if row.account_id}, {row.place for row in rows if row.place}
    debtors = {row.debtor_id for row in rows if row.debtor_id}
    for model, column, values in (
        (ImportInvoice, ImportInvoice.account_id, accounts),
        (ImportInvoice, ImportInvoice.account_place, own),
        (ImportDebtor, ImportDebtor.place, places),
        (ImportDebtor, ImportDebtor.debtor_id, debtors),
        (ImportPoint, ImportPoint.debtor_place, places),
        (ImportConsent, ImportConsent.account_id, accounts),
        (ImportConsent, ImportConsent.account_place, own),
        (ImportAccount, ImportAccount.id, {row.id for row in rows}),
    ):
        if values:
            table = table_of(model)
            await tx.execute(table.delete().where(table.c.batch_id == batch.id, column.in_(values)))
    for row in rows:
        tx.expunge(row)


# How it is run


async def _values(tx: Tx, batch: ImportBatch, place: Place) -> dict[str, Any]:
    is_sqlite = tx.get_bind().dialect.name == "sqlite"
    return {
        "batch": batch.id,
        "creditor": batch.creditor_id,
        "team": batch.team_id,
        "country": place.country,
        "now": _instant(tx, place.moment),
        "source": phones.source(place.named),
        # Places stand for the ids themselves, except where nobody else can take ids meanwhile.
        "debtors": (await tx.scalar(select(func.max(Debtor.id))) or 0) if is_sqlite else 0,
        "accounts": (await tx.scalar(select(func.max(Account.id))) or 0) if is_sqlite else 0,
    }


def _instant(tx: Tx, moment: datetime) -> Any:  # noqa: ANN401 as the database takes it
    is_sqlite = tx.get_bind().dialect.name == "sqlite"
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if is_sqlite else moment


async def _ranges(tx: Tx, model: type[Base], batch_id: int) -> Iterator[tuple[int, int]]:
    table = table_of(model)
    bounds = select(func.min(table.c.id), func.max(table.c.id)).where(table.c.batch_id == batch_id)
    first, last = (await tx.execute(bounds)).one()
    if first is None:
        return iter(())
    return ((low, min(low + STEP, last)) for low in range(first - 1, last, STEP))


async def _run(tx: Tx, statement: str, values: dict[str, Any]) -> Sequence[Any]:
    """Run `statement` with those of `values` that it names."""
    words = _WORDS["sqlite" if tx.get_bind().dialect.name == "sqlite" else "postgresql"]
    for mark, word in words.items():
        statement = statement.replace(mark, word)
    asked = {name: values[name] for name in _NAMED.findall(statement)}
    result = await tx.execute(text(statement), asked)
    return cast("CursorResult[Any]", result).all() if cast("CursorResult[Any]", result).returns_rows else ()


_NAMED = re.compile(r":(\w+)")
_WORDS = {
    "sqlite": {"{step}": sql.IN_STEP, "{instant}": "TEXT", "{no}": "0"},
    "postgresql": {"{step}": sql.IN_STEP, "{instant}": "TIMESTAMPTZ", "{no}": "false"},
}


# People


async def link(tx: Tx, batch: ImportBatch, moment: datetime) -> set[int]:
    """Join the numbers of `batch` to whoever writes from them already, and give those contacts."""
    joined = await _run(tx, sql.LINKED, {"batch": batch.id, "now": _instant(tx, moment)})
    return {contact for (contact,) in joined}


async def _contacts(tx: Tx, values: dict[str, Any]) -> set[int]:
    """Who is behind the numbers of the debtors concerned."""
    found = await _run(tx, sql.REACHED, values)
    return {contact for (contact,) in found}


async def _settle_phones(tx: Tx, batch: ImportBatch) -> set[int]:
    wanted = select(ImportAccount.debtor_id, ImportAccount.before).where(
        ImportAccount.batch_id == batch.id, ImportAccount.moves_phones
    )
    debtors: set[int] = set()
    for debtor_id, before in await fetch(tx, wanted):
        debtors.update(each for each in (debtor_id, (before or {}).get("debtor_id")) if each is not None)
    touched: set[int] = set()
    ordered = sorted(debtors)
    for start in range(0, len(ordered), STEP):
        touched |= await phones.settle(tx, ordered[start : start + STEP])
    return touched
