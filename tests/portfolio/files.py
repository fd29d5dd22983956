"""Files of debts for a test, and an import from the upload to the end."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from openpyxl import Workbook
from sqlalchemy import select

from console import clock
from console.audit import Actor
from console.db import Database
from console.portfolio import arrivals, imports
from console.portfolio.batches import ImportBatch, ImportProblem
from console.settings import Settings
from tests.api.house import settings_for

SARA = Actor(kind="agent", id=7, name="Sara Vega", origin="192.0.2.7")
HEADER = ["N° Crédito", "Apellidos y Nombres", "DNI", "Celular", "Factura", "Fecha de Vencimiento", "Importe", "Saldo"]
MARIA = ["PR-1", "Ccori, María", "44552716", "944218305", "F-1", "05/10/2026", "412.50", "412.50"]
PEDRO = ["PR-2", "Ñahui Pérez, Pedro", "10203040", "944218306", "F-7", "05/12/2026", "1,200.00", "200.00"]


def settings_in(folder: Path, database: str = "sqlite+aiosqlite:///x.db", **changed: Any) -> Settings:
    return settings_for(database, "http://127.0.0.1", media_dir=folder / "media", **changed)


def a_csv(path: Path, *rows: Sequence[Any], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def an_xlsx(path: Path, *rows: Sequence[Any], merged: Sequence[str] = ()) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    book.save(path)
    return path


async def uploaded(database: Database, settings: Settings, path: Path) -> ImportBatch:
    place = await arrivals.copy_in(settings, path)
    return await arrivals.arrive(database, settings, place, file_name=path.name, by=SARA)


async def prepared(database: Database, settings: Settings, path: Path, **decided: Any) -> ImportBatch:
    """The import of this file, compared."""
    batch = await uploaded(database, settings, path)
    as_of = decided.pop("as_of", None)
    async with database.transaction() as tx:
        batch = await tx.get_one(ImportBatch, batch.id)
        options = msgspec.structs.replace(await arrivals.probable(tx, batch, settings), **decided)
        await imports.name_columns(tx, batch, options, as_of=as_of, by=SARA, moment=clock.now())
    await imports.work(database, settings, batch.id)
    return await again(database, batch)


async def committed(database: Database, settings: Settings, path: Path, **decided: Any) -> ImportBatch:
    """The same, confirmed and put in place."""
    return await confirmed(database, settings, await prepared(database, settings, path, **decided))


async def confirmed(database: Database, settings: Settings, batch: ImportBatch) -> ImportBatch:
    async with database.transaction() as tx:
        await imports.confirm(tx, await tx.get_one(ImportBatch, batch.id), by=SARA)
    await imports.work(database, settings, batch.id)
    return await again(database, batch)


async def undone(database: Database, settings: Settings, batch: ImportBatch) -> ImportBatch:
    """The import, after it was taken back."""
    async with database.transaction() as tx:
        back = await imports.undo(tx, await tx.get_one(ImportBatch, batch.id), by=SARA, moment=clock.now())
    await imports.work(database, settings, back.id)
    return await again(database, batch)


async def again(database: Database, batch: ImportBatch) -> ImportBatch:
    async with database.reading() as tx:
        return await tx.get_one(ImportBatch, batch.id)


async def problems(database: Database, batch: ImportBatch) -> list[tuple[int, str | None, str, str | None]]:
    async with database.reading() as tx:
        wanted = select(ImportProblem).where(ImportProblem.batch_id == batch.id).order_by(ImportProblem.row)
        return [(each.row, each.column, each.what, each.hint) for each in await tx.scalars(wanted)]


async def picture(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The whole portfolio, without what only says when it changed."""
    hidden = {"id", "created_at", "updated_at", "version", "debtor_id", "account_id", "stated_at"}
    tables = ("debtor", "contact_point", "account", "invoice")
    from console.db import Base  # noqa: PLC0415

    shown = {}
    async with database.reading() as tx:
        for name in tables:
            table = Base.metadata.tables[name]
            rows = (await tx.execute(select(table))).mappings().all()
            shown[name] = sorted(
                (tuple(str(value) for key, value in row.items() if key not in hidden) for row in rows),
            )
    return shown
