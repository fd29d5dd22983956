"""`aldia portfolio`: debts from a file, or from a billing system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec
from sqlalchemy import select

from console import clock, settings
from console.audit import Actor
from console.commands import Failed, database, run
from console.db import Database
from console.errors import Refused
from console.portfolio import arrivals, imports, odoo_sync
from console.portfolio.batches import BatchState, ImportAccount, ImportBatch, ImportProblem
from console.portfolio.columns import LABELS, Field
from console.portfolio.exports import lines_of
from console.portfolio.odoo_sync import Synced
from console.portfolio.preparing import Options
from console.portfolio.sheets import Unreadable
from console.settings import Settings
from integrations.billing.odoo import Denied, Odoo
from integrations.billing.xml_rpc import Fault, Unanswered

OPERATOR = Actor(kind="system", name="Operación", origin="aldia portfolio")
LOOK_EVERY = 0.2
_DONE = {"new": "nueva", "changed": "cambia", "closed": "se cierra"}


@click.group()
def portfolio() -> None:
    """Who owes what: import a file, or ask a billing system."""


@portfolio.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change and what is wrong.")
@click.option("--whole", is_flag=True, help="The file is the whole portfolio: what it does not name is closed.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day the data is of; payments after it stay.")
@click.option("--creditor", help="For whom; the business itself otherwise.")
@click.option("--currency", help="Where the file names none; the business's otherwise.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=NAME", help=f"FIELD: {', '.join(Field)}.")
@click.option("--skip-bad-phones", is_flag=True, help="Leave out numbers that cannot be, instead of refusing the file.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write what became of each row, as CSV."
)
def import_(file: Path, **asked: Any) -> None:  # noqa: ANN401 as declared above
    """Import FILE (CSV, XLSX or XLS): all of it, or nothing. Works while serving."""
    try:
        failure = run(_import(settings.load(), file, asked))
    except Unreadable as unreadable:
        raise Failed(f"{file.name}: {unreadable}") from unreadable
    if failure:
        raise Failed(failure)


@portfolio.command()
@click.argument("system", type=click.Choice([odoo_sync.SYSTEM]))
@click.option("--whole", is_flag=True, help="Everything, not only what changed since the last time.")
def sync(system: str, *, whole: bool) -> None:  # noqa: ARG001 there is one system yet
    """Take in what a billing system says people owe. Run it as often as wanted: it asks for what changed."""
    config = settings.load()
    if not (config.odoo_url and config.odoo_database and config.odoo_user and config.odoo_api_key):
        raise Failed("Faltan ODOO_URL, ODOO_DATABASE, ODOO_USER u ODOO_API_KEY: defínalas en el entorno o en .env.")
    try:
        synced = run(_sync(config, config.odoo_url, whole=whole))
    except Denied as denied:
        raise Failed("Odoo no acepta ODOO_USER con ODOO_API_KEY, o no le deja ver facturas y clientes.") from denied
    except Unanswered as away:
        raise Failed(f"Odoo no respondió como se esperaba ({away}): revise ODOO_URL y vuelva a intentarlo.") from away
    except Fault as fault:
        raise Failed(f"Odoo rechazó la consulta (error {fault.code}): revise ODOO_DATABASE y su versión.") from fault
    for name, why in synced.left_out:
        click.echo(f"{name}: {why}")
    click.echo(
        f"{synced.new} cuentas nuevas, {synced.changed} cambian, {synced.unchanged} sin cambios, "
        f"{len(synced.left_out)} fuera"
    )


async def _sync(config: Settings, url: str, *, whole: bool) -> Synced:
    async with database(config) as db, httpx.AsyncClient(timeout=odoo_sync.PATIENCE, trust_env=False) as http:
        odoo = Odoo(http, url, database=config.odoo_database, user=config.odoo_user, key=config.odoo_api_key)
        return await odoo_sync.sync(db, config, odoo, whole=whole)


async def _import(config: Settings, file: Path, asked: dict[str, Any]) -> str | None:
    """Why nothing was imported, or None."""
    async with database(config) as db:
        batch = await _prepared(db, config, file, asked)
        if batch.state == BatchState.FAILED:
            return f"{file.name}: {batch.why}"
        async for line in _problems(db, batch.id):
            click.echo(line)
        if asked["report"]:
            await _report(db, batch.id, asked["report"])
        counts = batch.counts or {}
        click.echo(_summary(counts))
        if counts["problems"] or asked["dry_run"]:
            await _forget(db, config, batch.id)
            wrong = f"{file.name}: {counts['problems']} errores en {counts['wrong']} filas: no se importó nada."
            return wrong if counts["problems"] else None
        async with db.transaction() as tx:
            await imports.confirm(tx, await tx.get_one(ImportBatch, batch.id), by=OPERATOR)
        batch = await _worked(db, config, batch.id)
        if batch.state != BatchState.COMMITTED:
            return f"{file.name}: {batch.why} No se importó nada."
        click.echo(f"Importación {batch.id} confirmada.", err=True)
        return None


async def _prepared(db: Database, config: Settings, file: Path, asked: dict[str, Any]) -> ImportBatch:
    place = await arrivals.copy_in(config, file)
    arrived = await arrivals.arrive(db, config, place, file_name=file.name, by=OPERATOR, creditor=asked["creditor"])
    as_of = _end_of(asked["as_of"].date(), config) if asked["as_of"] else None
    try:
        async with db.transaction() as tx:
            batch = await tx.get_one(ImportBatch, arrived.id)
            options = _decided(await arrivals.probable(tx, batch, config), asked)
            await imports.name_columns(tx, batch, options, as_of=as_of, by=OPERATOR, moment=clock.now())
    except Refused:
        await _forget(db, config, arrived.id)
        raise
    return await _worked(db, config, arrived.id)


def _decided(options: Options, asked: dict[str, Any]) -> Options:
    columns = dict(options.columns)
    for each in asked["columns"]:
        field, equals, name = each.partition("=")
        if field not in LABELS or not equals:
            raise click.UsageError(f"--column se escribe CAMPO=NOMBRE; los campos: {', '.join(Field)}.")
        if name not in options.names:
            raise click.UsageError(f"El archivo no tiene una columna «{name}».")
        columns[field] = [options.names.index(name)]
    return msgspec.structs.replace(
        options,
        columns=columns,
        currency=(asked["currency"] or options.currency).upper(),
        is_whole=asked["whole"],
        skip_bad_phones=asked["skip_bad_phones"],
    )


def _end_of(day: date, config: Settings) -> datetime:
    """What is said of a day holds at its end, or now while the day lasts."""
    now = clock.now()
    if day >= now.astimezone(config.zone).date():
        return now
    return datetime.combine(day, time.max, tzinfo=config.zone).astimezone(UTC)


async def _worked(db: Database, config: Settings, batch_id: int) -> ImportBatch:
    """The import once nothing is asked of it any more, whoever did it: this process, or the one that serves."""
    while True:
        await imports.work(db, config, batch_id)
        async with db.reading() as tx:
            batch = await tx.get_one(ImportBatch, batch_id)
        if batch.state not in imports.ASKED:
            return batch
        await asyncio.sleep(LOOK_EVERY)


async def _forget(db: Database, config: Settings, batch_id: int) -> None:
    async with db.transaction() as tx:
        await imports.discard(tx, await tx.get_one(ImportBatch, batch_id), by=OPERATOR)
    await imports.tidy(db, config)


async def _problems(db: Database, batch_id: int) -> AsyncIterator[str]:
    async with db.reading() as tx:
        wanted = select(ImportProblem).where(ImportProblem.batch_id == batch_id)
        for each in await tx.scalars(wanted.order_by(ImportProblem.row, ImportProblem.id)):
            column = f", columna «{each.column}»" if each.column else ""
            hint = f" [{each.hint}]" if each.hint else ""
            yield f"fila {each.row}{column}: {each.what}{hint}"


async def _report(db: Database, batch_id: int, to: Path) -> None:
    async with db.reading() as tx:
        accounts = select(ImportAccount.row, ImportAccount.external_id, ImportAccount.kind)
        rows: list[tuple[Any, ...]] = [
            (row, external_id, _DONE.get(kind, kind), "")
            for row, external_id, kind in await tx.execute(accounts.where(ImportAccount.batch_id == batch_id))
        ]
        wrong = select(ImportProblem).where(ImportProblem.batch_id == batch_id)
        rows += [(each.row, each.column or "", "error", each.what) for each in await tx.scalars(wrong)]
    rows.sort(key=lambda row: (row[0] is None, row[0]))
    heading = ("fila", "cuenta o columna", "resultado", "detalle")
    await asyncio.to_thread(_write, to, "".join(lines_of([heading, *rows])))


def _write(to: Path, text: str) -> None:
    to.write_text(text, encoding="utf-8", newline="")


def _summary(counts: dict[str, int]) -> str:
    consents = f", {counts['consents']} consentimientos" if "consents" in counts else ""
    return (
        f"{counts['rows']} filas: {counts['new']} cuentas nuevas, {counts['changed']} cambian, "
        f"{counts['closed']} se cierran, {counts['unchanged']} sin cambios, {counts['problems']} errores{consents}"
    )
